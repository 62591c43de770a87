/** renewd request, codeowners, init and the pipelines: what somebody who knows no TLS meets first. Real git, loopback only. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pageOf } from '../../daemon/commands/request/branch.ts';

const program = resolve('bin/renewd');
const root = mkdtempSync(join(tmpdir(), 'renewd-request-'));
const work = join(root, 'work');
const git = (...words: string[]): string =>
  execFileSync('git', ['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words], {
    encoding: 'utf8',
  }).trim();
const renewd = (...words: string[]): { readonly code: number | null; readonly text: string } => {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: work,
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
    },
  });
  return { code: status, text: stdout + stderr };
};

before(() => {
  const made = spawnSync(program, ['init', work, '--ci', 'github,gitlab,gitea,forgejo'], {
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(root, 'origin.git')]);
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  git('remote', 'add', 'origin', join(root, 'origin.git'));
  git('add', '-A');
  git('commit', '-q', '-m', 'Begin');
  git('push', '-q', 'origin', 'main');
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

const wanted = ['--offer', 'internal-web', '--team', 'web', '--endpoint', 'web-01'];

test('the next steps of init can be pasted: port and key are in them', () => {
  const directory = join(root, 'first');
  const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0';
  const words = ['--host', 'web.example.com', '--port', '12022', '--user', 'deploy', '--ssh-key', "/k/it's"];
  const { status, stdout, stderr } = spawnSync(
    program,
    ['init', directory, ...words, '--host-key', hostKey],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  assert.ok(
    stdout.includes(
      String.raw`renewd helper web-example-com --public-key '/k/it'\''s.pub' | ssh -p 12022 root@web.example.com sh`,
    ),
    stdout,
  );
  assert.match(stdout, /push renewd\/state first/);
});

describe('asking', () => {
  test('an allowed request is a file on a branch with the name of whoever asked', () => {
    const { code, text } = renewd('request', ...wanted, '--dns', 'docs.web.example.internal', '--push');
    assert.equal(code, 0, text);
    assert.match(text, /it keeps to every rule/);
    assert.equal(
      git('log', '-1', '--format=%an %s', 'origin/request/web-docs-web'),
      'Ada Request web/docs-web',
    );
    assert.match(
      git('show', 'request/web-docs-web:inventory/certificates/web/docs-web.yaml'),
      /serves: \[docs\.web\.example\.internal:443\]/,
    );
    git('switch', '-q', 'main');
  });
  test('it says where the files will stand on each server, and how to name others', () => {
    const words = ['--team', 'web', '--issuer', 'internal-ca', '--profile', 'nginx', '--endpoint', 'web-01'];
    const file = join(work, 'inventory/certificates/web/paths-web.yaml');
    const { code, text } = renewd('request', ...words, '--dns', 'paths.web.example.internal');
    assert.equal(code, 0, text);
    assert.match(
      text,
      /on web-01: certificate with chain \/\S+\/web\/paths-web\/current\/fullchain\.pem, key \/\S+\/web\/paths-web\/current\/privkey\.pem: the configuration of the server must name them, or .*parameters.*certificate, key/,
    );
    rmSync(file);
    const named = renewd(
      'request',
      ...[...words, '--dns', 'paths.web.example.internal', '--parameter'],
      'certificate=/etc/nginx/tls/p.crt,key=/etc/nginx/tls/p.key',
    );
    assert.match(named.text, /chain \/etc\/nginx\/tls\/p\.crt, key \/etc\/nginx\/tls\/p\.key: [^,]*them\n/);
    rmSync(file);
  });
  test('a second one from the branch of the first asks for nothing of the first', () => {
    git('switch', '-q', 'request/web-docs-web');
    const { code, text } = renewd('request', ...wanted, '--dns', 'wiki.web.example.internal', '--branch');
    assert.equal(code, 0, text);
    assert.equal(
      git('diff', '--name-only', 'main...request/web-wiki-web'),
      'inventory/certificates/web/wiki-web.yaml',
    );
    git('switch', '-q', 'main');
  });
  test('one that cannot be committed leaves nothing, and says what to do', () => {
    const asked = [...wanted, '--dns', 'half.web.example.internal', '--branch'];
    const nothingIsLeft = (): void => {
      assert.equal(git('status', '--porcelain'), '');
      assert.equal(git('rev-parse', '--abbrev-ref', 'HEAD'), 'main');
    };
    git('branch', 'request/web-half-web');
    const there = renewd('request', ...asked);
    assert.equal(there.code, 64);
    assert.match(there.text, /request\/web-half-web is there already.*git branch -D/);
    nothingIsLeft();
    git('branch', '-q', '-D', 'request/web-half-web');
    const hook = join(work, '.git/hooks/pre-commit');
    writeFileSync(hook, '#!/bin/sh\necho not today >&2; exit 1\n', { mode: 0o755 });
    const refused = renewd('request', ...asked);
    assert.equal(refused.code, 2);
    assert.match(refused.text, /not today.*Nothing is left of the request/);
    nothingIsLeft();
    assert.equal(git('branch', '--list', 'request/web-half-web'), '');
    rmSync(hook);
    git('remote', 'set-url', '--push', 'origin', join(root, 'nowhere.git'));
    const unpushed = renewd('request', ...asked, '--push');
    assert.equal(unpushed.code, 2);
    assert.match(unpushed.text, /git push -u origin request\/web-half-web/);
    git('remote', 'set-url', '--push', 'origin', join(root, 'origin.git'));
    git('switch', '-q', 'main');
  });
  test('a denied one says why and what to do, and leaves nothing', () => {
    const { code, text } = renewd('request', ...wanted, '--dns', 'pay.example.internal', '--name', 'pay');
    assert.equal(code, 1);
    assert.match(text, /team web may not request pay\.example\.internal[^]*denied: nothing was written/);
    assert.equal(existsSync(join(work, 'inventory/certificates/web/pay.yaml')), false);
  });
  test('what is there already is not asked for twice', () => {
    const { code, text } = renewd(
      'request',
      ...wanted,
      '--dns',
      'shop.example.internal',
      '--name',
      'shop-two',
    );
    assert.equal(code, 64);
    assert.match(
      text,
      /shop\.example\.internal is in web\/shop already \(inventory\/certificates\/web\/shop\.yaml\)/,
    );
  });
  test('a missing or misspelt answer is named, with what there is', () => {
    assert.match(renewd('request', '--offer', 'internal-web').text, /--team is missing/);
    assert.match(renewd('request', '--offer', 'internal-wep').text, /Did you mean "internal-web"\?/);
    assert.match(
      renewd(
        'request',
        '--offer',
        'internal-web',
        '--team',
        'web',
        '--dns',
        'a.web.example.internal',
        '--endpoint',
        'web-1',
      ).text,
      /there is no endpoint "web-1".*Did you mean "web-01"/,
    );
  });
  test('nothing that is typed becomes anything but text', () => {
    const { code, text } = renewd(
      'request',
      ...wanted,
      '--dns',
      'evil.web.example.internal',
      '--name',
      'evil',
      '--label',
      'note={a:&b*c}#d',
    );
    assert.equal(code, 0, text);
    const file = join(work, 'inventory/certificates/web/evil.yaml');
    assert.match(readFileSync(file, 'utf8'), /note: "\{a:&b\*c\}#d"/);
    rmSync(file);
    assert.equal(
      renewd('request', ...wanted, '--dns', 'x.web.example.internal', '--name', '../../policies/x').code,
      64,
    );
    assert.equal(existsSync(join(work, 'policies/x.yaml')), false);
  });
  test('the page of the pull request, for each forge and way to write a remote', () => {
    assert.equal(
      pageOf('git@github.com:o/r.git', 'main', 'request/a'),
      'https://github.com/o/r/compare/main...request%2Fa',
    );
    assert.equal(
      pageOf('https://user:token@forge.example.com/o/r.git', 'main', 'b'),
      'https://forge.example.com/o/r/compare/main...b',
    );
    assert.match(
      pageOf('ssh://git@gitlab.example.com:2222/g/s/r.git', 'main', 'b') ?? '',
      /^https:\/\/gitlab\.example\.com\/g\/s\/r\/-\/merge_requests\/new\?/,
    );
    assert.equal(pageOf('/srv/estate.git', 'main', 'b'), null);
  });
});

describe('CODEOWNERS', () => {
  test('it follows teams and change control, and check says when it is old', () => {
    writeFileSync(
      join(work, 'policies/change-control.yaml'),
      "apiVersion: renewd/v1\nkind: ChangeControl\nmetadata: { name: main }\nspec:\n  signatures: optional\n  paths:\n    - { paths: ['**'], signers: ['team:platform'] }\n    - { paths: ['inventory/certificates/{team}/**'], signers: [owner, audit@example.com] }\n",
    );
    assert.equal(renewd('codeowners', '--write').code, 0);
    const text = readFileSync(join(work, 'CODEOWNERS'), 'utf8');
    assert.match(text, /^\* @example\/platform$/m);
    assert.match(text, /^\/inventory\/certificates\/web\/ @example\/web audit@example\.com$/m);
    assert.doesNotMatch(renewd('check').text, /CODEOWNERS/);
    const team = join(work, 'inventory/teams/web.yaml');
    writeFileSync(team, readFileSync(team, 'utf8').replace('@example/web', '@example/shop'));
    assert.match(renewd('check').text, /CODEOWNERS:1:1: warning: .*renewd codeowners --write/);
    writeFileSync(join(work, 'CODEOWNERS'), '* @by-hand\n');
    assert.equal(renewd('codeowners', '--write').code, 1);
    git('checkout', '-q', '--', '.');
    rmSync(join(work, 'policies/change-control.yaml'));
    rmSync(join(work, 'CODEOWNERS'));
  });
});

test('reading what is needed gives the same verdict as reading everything', async () => {
  const { judgeChangeRequest } = await import('../../daemon/commands/change-request.ts');
  const { openRepository } = await import('../../daemon/git/repository.ts');
  git('switch', '-q', '-c', 'bad', 'main');
  const file = join(work, 'inventory/certificates/web/blog.yaml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/dnsNames: \[.*\]/, 'dnsNames: [pay.example.internal]'),
  );
  git('commit', '-q', '-a', '-m', 'Ask for theirs');
  git('switch', '-q', 'main');
  const copy = join(root, 'copy');
  cpSync(work, copy, { recursive: true });
  const repository = await openRepository({ url: copy, directory: copy, now: Date.now });
  const now = Date.now();
  for (const head of ['bad', 'request/web-docs-web']) {
    const ask = (scope: 'needed' | 'all'): ReturnType<typeof judgeChangeRequest> =>
      judgeChangeRequest(repository, { base: 'main', head }, now, AbortSignal.timeout(30_000), scope);
    assert.deepEqual(await ask('needed'), await ask('all'), head);
  }
  await repository.close();
});
