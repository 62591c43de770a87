/**
 * The state branch is foreign input: each kind of record and each operation on the history, done with stock git by somebody who may push and has no key. The turn goes
 * on, nothing forged is used, what was there is put back, a finding names the commit, doctor and audit say so. Real git, no endpoint that answers.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { auditRepository } from '../../daemon/audit/audit.ts';
import { examine } from '../../daemon/commands/doctor.ts';
import { openHouse, plainConfig, turn } from '../real/estate.ts';

const head = 'apiVersion: renewd/v1\n';
const files: Readonly<Record<string, string>> = {
  'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: ['*.example.com']\n`,
  'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
  'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: 9\n  user: root\n  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n  directory: /var/lib/renewd\n`,
  'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files:\n    - { name: fullchain.pem, content: fullchain }\n    - { name: key.pem, content: key }\n`,
  'inventory/certificates/web/shop.yaml': `${head}kind: Certificate\nmetadata: { name: shop, team: web }\nspec:\n  dnsNames: [shop.example.com]\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: store }\n`,
};
const record = 'certificates/web/shop.json';

describe('somebody else writes to the state branch', () => {
  let root: string;
  let bare: string;
  let work: string;
  let house: House;
  const run = (directory: string, ...words: string[]): string =>
    execFileSync(
      'git',
      ['-C', directory, '-c', 'user.name=Mallory', '-c', 'user.email=m@example.com', ...words],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
      },
    ).trim();
  const state = (path: string): string => run(bare, 'show', `renewd/state:${path}`);
  const tree = (): string => run(bare, 'ls-tree', '-r', '--name-only', 'renewd/state');
  const open = async (): Promise<House> => openHouse(plainConfig(root, bare));
  const reopen = async (): Promise<void> => {
    await house.close();
    house = await open();
  };
  const write = (directory: string, path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const findings = (): { code: string; message: string }[] =>
    (
      JSON.parse(state('findings/repository.json')) as { findings: { code: string; message: string }[] }
    ).findings.filter((each) => each.code === 'records-changed');
  /** A clone of the state branch to do harm in. */
  const clone = (): string => {
    const directory = mkdtempSync(join(root, 'clone-'));
    run(root, 'clone', '-q', '-b', 'renewd/state', bare, directory);
    return directory;
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'renewd-foreign-'));
    bare = join(root, 'estate.git');
    work = join(root, 'work');
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    writeFileSync(join(root, 'deploy-key'), 'none');
    for (const [path, text] of Object.entries(files)) write(work, path, text);
    run(work, 'add', '-A');
    run(work, 'commit', '-qm', 'Begin');
    run(work, 'push', '-q', bare, 'main');
    house = await open();
    await turn(house);
  });
  after(async () => {
    await house.close();
    rmSync(root, { recursive: true, force: true });
  });

  const forged: Readonly<Record<string, (directory: string) => void>> = {
    'a record without most of its fields': (d) => {
      write(
        d,
        record,
        JSON.stringify({
          apiVersion: 'renewd/v1',
          kind: 'CertificateRecord',
          metadata: { team: 'web', name: 'shop' },
        }),
      );
    },
    'a record with a forged since': (d) => {
      write(
        d,
        record,
        readFileSync(join(d, record), 'utf8').replace(/"since": "[^"]+"/, '"since": "2020-01-01T00:00:00Z"'),
      );
    },
    'findings without a list': (d) => {
      write(d, 'findings/repository.json', JSON.stringify({ kind: 'RepositoryFindings' }));
    },
    'an endpoint without anything': (d) => {
      write(
        d,
        'endpoints/web-01.json',
        JSON.stringify({ kind: 'EndpointRecord', metadata: { name: 'web-01' } }),
      );
    },
    'a heartbeat of the year 9999': (d) => {
      write(d, 'heartbeat.json', JSON.stringify({ kind: 'Heartbeat', at: '9999-01-01T00:00:00Z' }));
    },
    'a million brackets': (d) => {
      write(d, record, '['.repeat(1_000_000));
    },
    'a record of a certificate that nobody declared': (d) => {
      write(
        d,
        'certificates/web/ghost.json',
        readFileSync(join(d, record), 'utf8').replaceAll('shop', 'ghost'),
      );
    },
    'a folder in the place of a record': (d) => {
      rmSync(join(d, record));
      write(d, `${record}/x`, 'x');
      write(d, `${record}/y/z`, 'z');
    },
    'a file in the place of all records of certificates': (d) => {
      rmSync(join(d, 'certificates'), { recursive: true });
      write(d, 'certificates', 'x');
    },
    'a folder in the place of the findings and of the heartbeat': (d) => {
      for (const path of ['findings/repository.json', 'heartbeat.json']) {
        rmSync(join(d, path), { force: true });
        write(d, `${path}/x`, 'x');
      }
    },
    'a link in the place of a record': (d) => {
      rmSync(join(d, record));
      symlinkSync('../../heartbeat.json', join(d, record));
    },
    'a submodule in the place of a record': (d) => {
      rmSync(join(d, record));
      run(d, 'add', '-A');
      run(d, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${record}`);
    },
    'names that no commit of ours may hold': (d) => {
      const blob = run(d, 'hash-object', '-w', join(d, record));
      const names = ['a\\b.json', 'git~1', '.gitmodules', 'con\u0001trol', 'x'.repeat(256), 'GIT~1'];
      const entries = names.map((name) => `100644 blob ${blob}\t${name}\0`).join('');
      const folder = execFileSync('git', ['-C', d, 'mktree', '-z'], {
        input: entries,
        encoding: 'utf8',
      }).trim();
      run(d, '-c', 'core.protectNTFS=false', 'read-tree', '--prefix=certificates/odd/', folder);
    },
    'every file deleted': (d) => {
      run(d, 'rm', '-rq', '.');
      write(d, 'README', 'x');
    },
  };
  /** What only the index holds: a work tree cannot have it. */
  const staged = ['a submodule in the place of a record', 'names that no commit of ours may hold'];
  test('whoever only reads the records is told what the daemon did not write, until it is put back', async () => {
    const read = (...words: string[]): { status: number | null; out: string; text: string } => {
      const where = words[0] === 'status' ? ['--data', join(root, 'reader')] : [];
      const ran = spawnSync(resolve('bin/renewd'), [...words, '--repo', bare, ...where], {
        encoding: 'utf8',
        cwd: root,
      });
      return { status: ran.status, out: ran.stdout, text: ran.stdout + ran.stderr };
    };
    const foreign = (): { paths: string[]; comparedWith: string } =>
      (JSON.parse(read('status', '--json').out) as { foreign: { paths: string[]; comparedWith: string } })
        .foreign;
    assert.deepEqual(foreign(), { comparedWith: 'one-key', paths: [], commits: [], why: null });
    const directory = clone();
    const good = readFileSync(join(directory, record), 'utf8').replace(
      /"status": "[a-z]+"/g,
      '"status": "ok"',
    );
    write(directory, record, good);
    write(directory, 'findings/repository.json', '{}');
    run(directory, 'add', '-A');
    run(directory, 'commit', '-qm', 'All is well');
    run(directory, 'push', '-q', 'origin', 'renewd/state');
    assert.deepEqual(foreign().paths, [record, 'findings/repository.json'].sort());
    const quarter = `${String(new Date().getUTCFullYear())}-Q${String(Math.floor(new Date().getUTCMonth() / 3) + 1)}`;
    const told =
      /2 records not written by the daemon: certificates\/web\/shop\.json, findings\/repository\.json, left so by [0-9a-f]{10} by Mallory \(unsigned\)/;
    for (const words of [
      ['status'],
      ['status', 'web/shop'],
      ['diff', 'renewd/state~1..'],
      ['report', '--period', quarter, '--out', join(root, 'evidence')],
    ]) {
      const { status, text } = read(...words);
      assert.match(text, told, words.join(' '));
      assert.equal(status, 1, words.join(' '));
    }
    await turn(house);
    assert.deepEqual(foreign().paths, []);
    assert.doesNotMatch(read('diff', 'renewd/state~1..').text, /not written by/);
  });

  for (const [name, harm] of Object.entries(forged)) {
    for (const restarted of [false, true]) {
      test(`${name}, ${restarted ? 'before a start' : 'under a running daemon'}`, async () => {
        const before = { tree: tree(), record: JSON.parse(state(record)) as { since: string } };
        const directory = clone();
        harm(directory);
        if (!staged.includes(name)) run(directory, 'add', '-A');
        run(directory, 'commit', '-qm', `Harm ${name} ${String(restarted)}`);
        const commit = run(directory, 'rev-parse', 'HEAD');
        run(directory, 'push', '-q');
        if (restarted) await reopen();
        const report = await turn(house);
        assert.deepEqual(report.troubles, []);
        assert.equal((JSON.parse(state(record)) as { since: string }).since, before.record.since);
        const left = tree().split('\n');
        for (const path of before.tree.split('\n')) assert.ok(left.includes(path), `${path} is back`);
        assert.ok(!left.some((path) => /ghost|odd/.test(path)), left.join('\n'));
        assert.ok(findings().some((each) => each.message.includes(commit.slice(0, 10))));
      });
    }
  }

  for (const restarted of [false, true])
    test(`a malformed commit, ${restarted ? 'before a start' : 'under a running daemon'}`, async () => {
      const before = JSON.parse(state(record)) as { since: string };
      const directory = clone();
      write(
        directory,
        record,
        readFileSync(join(directory, record), 'utf8').replace(
          /"since": "[^"]+"/,
          '"since": "2020-01-01T00:00:00Z"',
        ),
      );
      run(directory, 'add', '-A');
      const who = 'Mallory <m@example.com> 1764000000 +0000';
      const text = `tree ${run(directory, 'write-tree')}\nparent ${run(directory, 'rev-parse', 'HEAD')}\nauthor ${who}\ncommitter ${who}\ngpgsig a\n b\ngpgsig c\n d\n\n${String(restarted)}\n`;
      run(
        directory,
        'push',
        '-q',
        'origin',
        `+${run(directory, 'commit-tree', '-m', 'x', run(directory, 'write-tree'))}:refs/heads/side`,
      );
      const commit = execFileSync(
        'git',
        ['-C', bare, 'hash-object', '-t', 'commit', '--literally', '-w', '--stdin'],
        { input: text, encoding: 'utf8' },
      ).trim();
      run(bare, 'update-ref', 'refs/heads/renewd/state', commit);
      if (restarted) await reopen();
      assert.deepEqual((await turn(house)).troubles, []);
      assert.equal((JSON.parse(state(record)) as { since: string }).since, before.since);
      assert.ok(findings().some((each) => each.message.includes(commit.slice(0, 10))));
    });

  const histories: Readonly<Record<string, (directory: string) => void>> = {
    'a squash of everything, pushed by force': (d) => {
      run(d, 'checkout', '-q', '--orphan', 'squashed');
      run(d, 'commit', '-qm', 'Squash');
      run(d, 'push', '-qf', 'origin', 'squashed:renewd/state');
    },
    'an orphan with one file': (d) => {
      run(d, 'checkout', '-q', '--orphan', 'empty');
      run(d, 'rm', '-rqf', '.');
      write(d, 'x', 'x');
      run(d, 'add', '-A');
      run(d, 'commit', '-qm', 'Begin again');
      run(d, 'push', '-qf', 'origin', 'empty:renewd/state');
    },
    'a step back to an older commit': (d) => {
      run(d, 'push', '-qf', 'origin', 'HEAD~1:renewd/state');
    },
    'the branch deleted': (d) => {
      run(d, 'push', '-q', 'origin', ':renewd/state');
    },
    'a tip dated 2099': (d) => {
      write(d, 'changes/2026-11/x', 'x');
      run(d, 'rm', '-rq', 'changes/2026-11');
      run(d, 'add', '-A');
      execFileSync('git', ['-C', d, '-c', 'user.name=m', '-c', 'user.email=m@x', 'commit', '-qm', 'Late'], {
        env: { ...process.env, GIT_COMMITTER_DATE: '2099-01-01T00:00:00Z' },
      });
      run(d, 'push', '-qf', 'origin', 'HEAD:renewd/state');
    },
  };
  for (const [name, harm] of Object.entries(histories)) {
    for (const restarted of [false, true]) {
      test(`${name}, ${restarted ? 'before a start' : 'under a running daemon'}`, async () => {
        // What others put beside the records is theirs to lose.
        const before = tree()
          .split('\n')
          .filter((path) => path.includes('/'));
        const known = findings().length;
        const directory = clone();
        if (existsChange(directory)) harm(directory);
        if (restarted) await reopen();
        await turn(house);
        const left = tree().split('\n');
        for (const path of before) assert.ok(left.includes(path), `${path} is back`);
        assert.ok(findings().length > known || findings().length >= 1);
        assert.ok(left.some((path) => path.startsWith('changes/')));
        // Nothing is left to say a second time, and nothing is written again.
        const tip = run(bare, 'rev-parse', 'renewd/state');
        await turn(house);
        assert.equal(run(bare, 'rev-parse', 'renewd/state'), tip);
      });
    }
  }

  test('doctor says so, and an audit of such a history fails', async () => {
    const results = await examine(house, new AbortController().signal);
    assert.equal(results.find((each) => each.subject === 'records')?.ok, false);
    const { repository } = house.estate.state;
    const report = await auditRepository(
      repository,
      {
        intent: run(bare, 'rev-parse', 'main'),
        state: run(bare, 'rev-parse', 'renewd/state'),
        prefix: '',
        trusted: null,
        recordSigners: house.signingKey(),
        now: Date.now(),
        anchors: [],
      },
      house.world.log,
    );
    assert.equal(report.verified, false);
    assert.ok(report.claims.some((each) => each.subject === 'records' && each.verdict === 'failed'));
  });
});

/** The harm needs a record of a change to lose: the first turn made one. */
function existsChange(directory: string): boolean {
  const listed = execFileSync('git', ['-C', directory, 'ls-files', 'changes'], { encoding: 'utf8' });
  assert.notEqual(listed, '');
  return true;
}
