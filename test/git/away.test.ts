/** A repository on a share or disk that is away for a while is no repository that was emptied. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRepository } from '../../daemon/git/repository.ts';

test('what is away says so at every question, and answers again when it is back', async () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-away-'));
  const bare = join(root, 'estate.git');
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', bare, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      encoding: 'utf8',
    }).trim();
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  const tree = git('hash-object', '-t', 'tree', '-w', '/dev/null');
  const commit = git('commit-tree', tree, '-m', 'Begin');
  git('update-ref', 'refs/heads/main', commit);
  const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
  const signal = AbortSignal.timeout(30_000);
  const away = { code: 'git-unavailable', message: /there is no Git repository at .*estate\.git any more/ };
  try {
    assert.equal((await repository.advertise(signal)).get('refs/heads/main'), commit);
    renameSync(bare, `${bare}.away`);
    await assert.rejects(repository.advertise(signal), away);
    await assert.rejects(repository.fetch(['refs/heads/main'], signal), away);
    await assert.rejects(repository.pushTip('refs/heads/main', signal), away);
    await assert.rejects(repository.mayPush('refs/heads/renewd/state', signal), away);
    assert.throws(() => repository.has('f'.repeat(40)), away, 'nobody knows what it holds');
    renameSync(`${bare}.away`, bare);
    assert.equal((await repository.advertise(signal)).get('refs/heads/main'), commit);
    assert.equal(repository.has('f'.repeat(40)), false);
  } finally {
    await repository.close();
    rmSync(root, { recursive: true, force: true });
  }
});

test('a branch that this user may not read stops no other, and is told to whoever asks for it', async (context) => {
  const nobody = 65_534;
  if (process.getuid?.() !== 0) return context.skip('needs root, to become somebody who may read less');
  const root = mkdtempSync(join(tmpdir(), 'renewd-unreadable-'));
  const bare = join(root, 'estate.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', bare, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      encoding: 'utf8',
    }).trim();
  const commit = git('commit-tree', git('hash-object', '-t', 'tree', '-w', '/dev/null'), '-m', 'Begin');
  for (const name of ['main', 'closed', 'x/y']) git('update-ref', `refs/heads/${name}`, commit);
  chmodSync(root, 0o755);
  chmodSync(join(bare, 'refs/heads/x'), 0o700);
  chmodSync(join(bare, 'refs/heads/closed'), 0o600);
  const script = `
    import { openRepository } from ${JSON.stringify(join(import.meta.dirname, '../../daemon/git/repository.ts'))};
    const repository = await openRepository({ url: ${JSON.stringify(bare)}, directory: ${JSON.stringify(bare)}, now: Date.now });
    const signal = AbortSignal.timeout(30_000);
    const said = (error) => error.code + ': ' + error.message;
    const refs = [...(await repository.advertise(signal)).keys()].sort();
    const closed = await repository.fetch(['refs/heads/closed'], signal).catch(said);
    const below = await repository.pushTip('refs/heads/x/y', signal).catch(said);
    console.log(JSON.stringify({ refs, closed, below }));`;
  try {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', '--input-type=module-typescript', '-e', script],
      { uid: nobody, gid: nobody, encoding: 'utf8' },
    );
    assert.equal(stderr, '');
    const { refs, closed, below } = JSON.parse(stdout) as Record<'refs' | 'closed' | 'below', unknown>;
    assert.deepEqual(refs, ['HEAD', 'refs/heads/main']);
    assert.match(
      String(closed),
      /^git-unavailable: .*estate\.git cannot be read: EACCES.*Let the user of renewd use it/,
    );
    assert.match(String(below), /^git-(unavailable|push-denied): /);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
