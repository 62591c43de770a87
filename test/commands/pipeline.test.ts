/**
 * The pipeline that init writes, run by hand: real git, curl and jq, and the part of the API of comments and statuses that GitHub, Gitea and Forgejo share,
 * on loopback. First what it is for, then what a pull request may try with it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { openForge, type Forge } from '../fixtures/forge.ts';

const program = resolve('bin/renewd');
const tools = ['curl', 'jq'].filter((each) => spawnSync(each, ['--version']).status !== 0);
const root = mkdtempSync(join(tmpdir(), 'renewd-pipeline-'));
const work = join(root, 'work');
const home = join(root, 'home');
const git = (...words: string[]): string =>
  execFileSync('git', ['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words], {
    encoding: 'utf8',
  }).trim();

/** A commit on a branch of its own, from main. */
function branch(name: string, change: () => void): string {
  git('switch', '-q', '-C', name, 'main');
  change();
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', `Try ${name}`);
  const commit = git('rev-parse', 'HEAD');
  git('switch', '-q', 'main');
  return commit;
}

/** Somebody else's name in a declaration: denied. */
function askForTheirs(): void {
  const file = join(work, 'inventory/certificates/web/blog.yaml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/dnsNames: \[.*\]/, 'dnsNames: [pay.example.internal]'),
  );
}

/** A label of their own: allowed. */
function changeAllowed(): void {
  const file = join(work, 'inventory/certificates/web/blog.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('metadata:', '# a note\nmetadata:'));
}

let forge: Forge;
let base = '';
before(async () => {
  mkdirSync(home);
  const made = spawnSync(program, ['init', work, '--ci', 'github,gitlab,gitea,forgejo'], {
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  git('add', '-A');
  git('commit', '-q', '-m', 'Begin');
  base = git('rev-parse', 'HEAD');
  forge = await openForge({ token: 'secret-token', account: 'renewd-bot' });
});
after(() => {
  forge.close();
  rmSync(root, { recursive: true, force: true });
});

let runs = 0;

interface Judged {
  readonly code: number | null;
  readonly text: string;
  readonly out: string;
}

async function run(
  words: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const [command = 'sh', ...rest] = words;
  const child = spawn(command, rest, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, text };
}

/** Runs the script as a job would, somewhere in a checkout of the head. */
async function judge(
  head: string,
  changes: Readonly<Record<string, string>> = {},
  cwd = work,
): Promise<Judged> {
  const out = join(root, `report-${String(runs++)}`);
  const { code, text } = await run(['sh', join(work, 'ci/renewd.sh')], cwd, {
    BASE: base,
    HEAD: head,
    REPOSITORY: work,
    RENEWD: program,
    OUT: out,
    COMMENT_URL: forge.commentsUrl,
    COMMENT_AUTHOR: 'renewd-bot',
    STATUS_URL: forge.statusUrl(head),
    COMMENT_TOKEN: 'secret-token',
    ...changes,
  });
  return { code, text, out: changes['OUT'] ?? out };
}

const skip = tools.length === 0 ? false : `${tools.join(' and ')} are not installed`;

describe('what it is for', { skip }, () => {
  test('an allowed change passes, with one comment that is brought up to date and not repeated', async () => {
    forge.reset();
    const head = branch('allowed', changeAllowed);
    const first = await judge(head);
    assert.equal(first.code, 0, first.text);
    assert.equal(forge.comments.length, 2);
    assert.match(forge.comments[1]?.body ?? '', /^<!-- renewd change report -->[^]*allowed/);
    assert.deepEqual(readdirSync(first.out).sort(), [
      'plan.json',
      'report.json',
      'report.md',
      'report.sarif',
      'report.xml',
    ]);
    const written = forge.writes.filter((each) => each.includes('comments')).length;
    await judge(head);
    assert.equal(
      forge.writes.filter((each) => each.includes('comments')).length,
      written,
      'not posted again',
    );
    assert.deepEqual(
      forge.statusesOf(head).map((each) => each.state),
      ['pending', 'success', 'pending', 'success'],
      'the newest counts, and while it is judged nothing is allowed',
    );
  });

  test('a denied one fails, and the same comment says why', async () => {
    forge.reset();
    await judge(branch('allowed', changeAllowed));
    const head = branch('denied', askForTheirs);
    const { code, out } = await judge(head);
    assert.equal(code, 1);
    assert.equal(forge.comments.length, 2);
    assert.match(forge.comments[1]?.body ?? '', /denied[^]*may not request pay\.example\.internal/);
    assert.equal(forge.statusesOf(head).at(-1)?.state, 'failure');
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as { verdict: string };
    assert.equal(report.verdict, 'denied');
  });

  for (const shell of ['dash', 'bash', 'busybox sh', 'mksh', 'yash']) {
    const words = shell.split(' ');
    const there = spawnSync(words[0] ?? '', [...words.slice(1), '-c', ':']).status === 0;
    test(`the same in ${shell}`, { skip: there ? false : `${shell} is not installed` }, async () => {
      forge.reset();
      const head = branch('denied', askForTheirs);
      const { code, text } = await run([...words, join(work, 'ci/renewd.sh')], work, {
        BASE: base,
        HEAD: head,
        RENEWD: program,
        COMMENT_URL: forge.commentsUrl,
        COMMENT_AUTHOR: 'renewd-bot',
        STATUS_URL: forge.statusUrl(head),
        COMMENT_TOKEN: 'secret-token',
      });
      assert.equal(code, 1, text);
      assert.match(forge.comments[1]?.body ?? '', /denied/);
      assert.equal(forge.statusesOf(head).at(-1)?.state, 'failure');
    });
  }
});

describe('a verdict that stays, or is somebody else’s', { skip }, () => {
  test('what cannot be judged takes the place of "allowed" at the comment and the status', async () => {
    forge.reset();
    const head = branch('allowed', changeAllowed);
    assert.equal((await judge(head)).code, 0);
    assert.equal((await judge(head, { RENEWD: '/bin/false' })).code, 2, 'a code without a report');
    const blind = await judge(head, { BASE: 'f'.repeat(40) });
    assert.equal(blind.code, 2);
    assert.match(forge.comments[1]?.body ?? '', /could not be judged/);
    assert.doesNotMatch(forge.comments[1]?.body ?? '', /allowed/);
    assert.equal(forge.statusesOf(head).at(-1)?.state, 'error');
  });

  test('a program that says 0 and leaves no report has judged nothing', async () => {
    forge.reset();
    const head = branch('allowed', changeAllowed);
    assert.equal((await judge(head, { RENEWD: '/bin/true' })).code, 2);
    assert.equal(forge.statusesOf(head).at(-1)?.state, 'error');
  });

  test('a report that the forge refuses is replaced by a short one', async () => {
    forge.reset();
    await judge(branch('allowed', changeAllowed));
    forge.bodyMax = 400;
    const head = branch('denied', askForTheirs);
    assert.equal((await judge(head)).code, 1);
    assert.match(forge.comments[1]?.body ?? '', /^<!-- renewd change report -->\n\n## renewd: denied/);
    assert.doesNotMatch(forge.comments[1]?.body ?? '', /allowed/);
  });

  test('where no text is taken at all, the "allowed" of before goes', async () => {
    forge.reset();
    await judge(branch('allowed', changeAllowed));
    forge.bodyMax = 10;
    const { code, text } = await judge(branch('denied', askForTheirs));
    assert.equal(code, 1);
    assert.match(text, /the comment could not be written/);
    assert.deepEqual(
      forge.comments.map((each) => each.author),
      ['person'],
    );
  });

  test('a comment that somebody else began with our mark is left alone, also behind a hundred others', async () => {
    forge.reset();
    const mark = '<!-- renewd change report -->';
    forge.say('mallory', `${mark}\n\n## renewd: ✅ allowed`);
    for (let count = 0; count < 120; count++) forge.say('mallory', `${mark} noise ${String(count)}`);
    await judge(branch('allowed', changeAllowed));
    assert.equal(forge.comments.filter((each) => each.author === 'renewd-bot').length, 1);
    for (let count = 0; count < 120; count++) forge.say('mallory', `${mark} more ${String(count)}`);
    assert.equal((await judge(branch('denied', askForTheirs))).code, 1);
    const ours = forge.comments.filter((each) => each.author === 'renewd-bot');
    assert.equal(ours.length, 1, 'the one of before was found on its page');
    assert.match(ours[0]?.body ?? '', /denied/);
    assert.equal(forge.comments.filter((each) => each.author === 'mallory').length, 241);
    assert.match(forge.comments[1]?.body ?? '', /✅ allowed$/, 'theirs is not ours to change');
  });

  test('of two comments of ours one stays', async () => {
    forge.reset();
    forge.say('renewd-bot', '<!-- renewd change report -->\n\n## renewd: ✅ allowed');
    forge.say('renewd-bot', '<!-- renewd change report -->\n\n## renewd: ✅ allowed');
    await judge(branch('denied', askForTheirs));
    assert.deepEqual(
      forge.comments.filter((each) => each.body.includes('renewd:')).map((each) => each.body.includes('✅')),
      [false],
    );
  });

  test('a slow job of an older commit does not write over the comment of the newest', async () => {
    forge.reset();
    const old = branch('allowed', changeAllowed);
    const newest = branch('denied', askForTheirs);
    forge.head = newest;
    await judge(newest);
    await judge(old);
    assert.match(forge.comments[1]?.body ?? '', /denied/);
    assert.equal(forge.statusesOf(old).at(-1)?.state, 'success', 'its own commit has its own status');
  });

  test('a status that cannot be set is no verdict', async () => {
    forge.reset();
    forge.refuseStatuses = true;
    const { code, text } = await judge(branch('allowed', changeAllowed));
    assert.equal(code, 2);
    assert.match(text, /the status could not be set/);
  });

  test('the status of another commit is refused before anything is asked', async () => {
    forge.reset();
    const head = branch('allowed', changeAllowed);
    const { code } = await judge(head, { STATUS_URL: forge.statusUrl(base) });
    assert.equal(code, 2);
    assert.deepEqual(forge.writes, []);
  });
});

describe('what a pull request may try', { skip }, () => {
  test('links in the checkout are not written through: the report goes elsewhere', async () => {
    forge.reset();
    const victim = join(home, '.curlrc');
    const jq = join(root, 'jq-target');
    writeFileSync(jq, 'as it was');
    const head = branch('links', () => {
      askForTheirs();
      mkdirSync(join(work, 'renewd-report'));
      symlinkSync(victim, join(work, 'renewd-report/report.xml'));
      symlinkSync(jq, join(work, 'renewd-report/report.sarif'));
    });
    git('switch', '-q', 'links');
    for (const out of ['renewd-report', join(work, 'renewd-report'), join(work, 'fresh'), '']) {
      const { code } = await judge(head, { OUT: out });
      assert.equal(code, out === '' ? 1 : 2, out);
    }
    assert.ok(!existsSync(victim));
    assert.equal(readFileSync(jq, 'utf8'), 'as it was');
    assert.ok(!existsSync(join(work, 'fresh')));
    git('switch', '-q', 'main');
  });

  test('an output that is there, a link to nowhere, or a folder reached through a link of the checkout is refused', async () => {
    forge.reset();
    const head = branch('denied', askForTheirs);
    const there = join(root, 'there');
    mkdirSync(there);
    const dangling = join(root, 'dangling');
    symlinkSync(join(root, 'nowhere'), dangling);
    const into = join(root, 'into');
    symlinkSync(join(work, 'inventory'), into);
    for (const out of [there, dangling, join(into, 'report'), 'relative/report'])
      assert.equal((await judge(head, { OUT: out })).code, 2, out);
    assert.ok(!existsSync(join(root, 'nowhere')));
    assert.deepEqual(readdirSync(there), []);
  });

  test('no file of the head is a setting or a program: .curlrc, .jq, .npmrc, renewd.yaml, and tools on a relative PATH', async () => {
    forge.reset();
    const mark = join(root, 'was-here');
    const evil = `#!/bin/sh\ntouch ${mark}\n`;
    const head = branch('tools', () => {
      askForTheirs();
      for (const name of ['jq', 'curl', 'mktemp', 'renewd', 'git', 'node'])
        writeFileSync(join(work, name), evil, { mode: 0o755 });
      writeFileSync(join(work, '.curlrc'), 'proxy = "http://127.0.0.1:9"\n');
      writeFileSync(join(work, '.jq'), 'def select(f): empty;\n');
      writeFileSync(join(work, 'renewd.yaml'), 'repo: https://evil.example/x.git\n');
      writeFileSync(join(work, '.npmrc'), 'node-options=--require ./evil.js\n');
    });
    git('switch', '-q', 'tools');
    const path = process.env['PATH'] ?? '';
    // What stands before the script changes its directory is found by the machine's own PATH first, as anywhere.
    const { code, text } = await judge(head, { PATH: `${path}:.:` });
    assert.equal(code, 1, text);
    assert.ok(!existsSync(mark));
    for (const word of ['./renewd', 'bin/../renewd'])
      assert.equal((await judge(head, { RENEWD: word })).code, 2);
    assert.ok(!existsSync(mark));
    git('switch', '-q', 'main');
  });

  test('names instead of commit ids are refused, so that no tag or branch stands for one', async () => {
    forge.reset();
    const head = branch('allowed', changeAllowed);
    for (const name of [
      'main',
      'origin/main',
      'HEAD',
      '',
      '--help',
      '../../../../etc/passwd',
      `${head}^`,
      head.slice(0, 12),
    ]) {
      assert.equal((await judge(head, { BASE: name })).code, 2, name);
      assert.equal((await judge(name)).code, 2, name);
    }
    assert.deepEqual(forge.writes, []);
  });

  test('a token with a line end cannot write into the settings of curl', async () => {
    forge.reset();
    const { code, text } = await judge(branch('allowed', changeAllowed), {
      COMMENT_TOKEN: 'secret-token"\nproxy = "http://127.0.0.1:9',
    });
    assert.equal(code, 2);
    assert.doesNotMatch(text, /secret-token/);
  });
});

/** The steps of a template as their forge runs them, with the program of this project in the place of the installed one. */
describe('the templates, step by step', { skip }, () => {
  const origin = join(root, 'origin.git');
  before(() => {
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', origin]);
    // What a stranger may push: a tag and a branch that short names would find first.
    const evil = branch('evil', () => {
      writeFileSync(join(work, 'ci/renewd.sh'), `touch ${join(root, 'evil-ran')}\nexit 0\n`);
    });
    for (const ref of [
      'refs/tags/main',
      'refs/tags/origin/main',
      'refs/heads/origin/main',
      'refs/tags/target',
    ])
      git('push', '-q', origin, `${evil}:${ref}`);
    git('push', '-q', origin, 'main:refs/heads/main');
  });

  const cases: readonly (readonly [string, () => void, number])[] = [
    ['allowed', changeAllowed, 0],
    ['denied', askForTheirs, 1],
  ];
  for (const kind of ['github', 'gitea', 'forgejo'] as const) {
    for (const [name, change, expected] of cases) {
      test(`${kind}, ${name}`, async () => {
        forge.reset();
        const head = branch(name, change);
        git('push', '-q', '-f', origin, `${head}:refs/pull/7/head`);
        const temporary = mkdtempSync(join(root, 'runner-'));
        const workspace = mkdtempSync(join(root, 'workspace-'));
        symlinkSync(resolve('.'), join(temporary, 'renewd'));
        const folder = kind === 'github' ? '.github' : `.${kind}`;
        const file = readFileSync(join(work, folder, 'workflows/renewd.yml'), 'utf8');
        const workflow = parse(file) as {
          on: unknown;
          jobs: {
            check: { steps: { name?: string; run?: string; env?: Record<string, string>; uses?: string }[] };
          };
        };
        assert.equal(workflow.on, 'pull_request_target', 'the pipeline is that of the base');
        const { steps } = workflow.jobs.check;
        assert.ok(!steps.some((each) => each.uses?.includes('checkout')), 'nothing is checked out');
        const values: Readonly<Record<string, string>> = {
          'github.server_url': `file://${root}`,
          'github.repository': 'origin',
          'github.event.pull_request.base.ref': 'main',
          'github.event.pull_request.number': '7',
          'github.event.pull_request.head.sha': head,
          'github.api_url': forge.apiUrl,
          'github.token': 'secret-token',
          'vars.RENEWD_GIT_URL': 'unused',
        };
        const environmentFile = join(temporary, 'env');
        let environment: Record<string, string> = { RUNNER_TEMP: temporary, GITHUB_ENV: environmentFile };
        let last = { code: null as number | null, text: '' };
        for (const step of steps.filter((each) => each.run !== undefined && each.name !== 'Install renewd')) {
          const env = Object.fromEntries(
            Object.entries(step.env ?? {}).map(([key, text]) => [
              key,
              text
                .replaceAll(/\$\{\{ ([a-z_A-Z.]+) \}\}/g, (_, word: string) => {
                  const value = values[word];
                  assert.ok(value !== undefined, word);
                  return value;
                })
                // The account of this test's forge.
                .replace(/^(github-actions\[bot\]|gitea-actions|forgejo-actions)$/, 'renewd-bot'),
            ]),
          );
          if (env['COMMENT_URL'] !== undefined) {
            env['COMMENT_URL'] = forge.commentsUrl;
            env['STATUS_URL'] = forge.statusUrl(head);
          }
          last = await run(['bash', '-e', '-o', 'pipefail', '-c', step.run ?? ''], workspace, {
            ...environment,
            ...env,
          });
          if (existsSync(environmentFile)) {
            const lines = readFileSync(environmentFile, 'utf8').trim().split('\n');
            environment = {
              ...environment,
              ...Object.fromEntries(lines.map((line) => line.split('=') as [string, string])),
            };
          }
        }
        assert.equal(last.code, expected, last.text);
        assert.deepEqual(readdirSync(workspace), [], 'nothing is written into the workspace');
        assert.ok(existsSync(join(temporary, 'renewd-report/report.sarif')));
        assert.equal(forge.statusesOf(head).at(-1)?.state, expected === 0 ? 'success' : 'failure');
        assert.ok(
          !existsSync(join(root, 'evil-ran')),
          'the script of a tag or branch of that name did not run',
        );
        rmSync(temporary, { recursive: true });
      });
    }
  }

  for (const [name, change, expected] of cases) {
    test(`gitlab, ${name}`, async () => {
      const head = branch(name, change);
      git('push', '-q', '-f', origin, `${head}:refs/merge-requests/7/head`);
      const project = mkdtempSync(join(root, 'project-'));
      const file = parse(readFileSync(join(work, '.gitlab-ci.yml'), 'utf8')) as {
        renewd: { script: string[]; variables: Record<string, string> };
      };
      assert.equal(file.renewd.variables['GIT_STRATEGY'], 'none');
      const script = file.renewd.script
        .map((line) => (line.startsWith('git clone') ? `ln -s '${resolve('.')}' renewd` : line))
        .join('\n');
      const { code, text } = await run(['bash', '-e', '-o', 'pipefail', '-c', script], project, {
        CI_SERVER_URL: `file://${root}`,
        CI_PROJECT_PATH: 'origin',
        CI_PROJECT_DIR: project,
        CI_JOB_ID: '11',
        CI_JOB_TOKEN: 'secret-token',
        CI_MERGE_REQUEST_IID: '7',
        CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
        CI_COMMIT_SHA: head,
      });
      assert.equal(code, expected, text);
      assert.ok(existsSync(join(project, 'renewd-report-11/report.xml')), text);
      assert.ok(!existsSync(join(root, 'evil-ran')));
    });
  }
});
