/** A repository on a share or disk that is away for a while is no repository that was emptied. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
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
