/** A repository on this machine is somebody's: what they have checked out, locked or guarded stays so. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openRepository } from '../../daemon/git/repository.ts';
import { publishing, workshop } from './git-server.ts';

const signal = new AbortController().signal;

function withWorkTree(context: TestContext) {
  const shop = workshop(context);
  shop.git('init', '-q', '-b', 'main', 'w');
  shop.git('-C', 'w', 'commit', '-q', '--allow-empty', '-m', 'x');
  return { shop, path: join(shop.directory, 'w') };
}

test('a work tree receives the state branch and stays as it is', async (context) => {
  const { shop, path } = withWorkTree(context);
  const repository = await openRepository({ url: path, directory: '', now: Date.now });
  await repository.publish(publishing({ 'a/b.json': '1\n' }), signal);
  await repository.publish(publishing({ 'a/c.json': '1\n' }), signal);
  assert.equal(shop.git('-C', 'w', 'status', '--porcelain'), '');
  assert.equal(shop.git('-C', 'w', 'rev-list', '--count', 'renewd/state').trim(), '2');
  assert.match(
    shop.git('-C', 'w', 'count-objects', '-v'),
    /^count: 2\n(.*\n)*packs: 2\n/,
    'one pack a publish',
  );
  await repository.close();
});

test('a checked-out branch is refused with advice, also one in a linked work tree', async (context) => {
  const { shop, path } = withWorkTree(context);
  shop.git('-C', 'w', 'worktree', 'add', '-q', '-b', 'side', '../linked');
  for (const url of [path, join(shop.directory, 'linked')]) {
    const repository = await openRepository({ url, directory: '', now: Date.now });
    for (const branch of ['main', 'side']) {
      await assert.rejects(
        repository.publish(publishing({ a: '1' }, { ref: `refs/heads/${branch}` }), signal),
        {
          code: 'git-push-denied',
          message: /checked out in .*bare repository/,
        },
      );
    }
    assert.equal((await repository.publish(publishing({ [url.slice(-1)]: '1' }), signal)).state, 'published');
    await repository.close();
  }
});

test('references that git packed are seen and moved', async (context) => {
  const { shop, path } = withWorkTree(context);
  const repository = await openRepository({ url: path, directory: '', now: Date.now });
  await repository.publish(publishing({ a: '1' }), signal);
  shop.git('-C', 'w', 'pack-refs', '--all');
  shop.git('-C', 'w', 'gc', '-q', '--prune=now');
  const outcome = await repository.publish(publishing({ b: '2' }), signal);
  assert.ok(outcome.state === 'published');
  assert.equal(shop.git('-C', 'w', 'rev-parse', 'renewd/state').trim(), outcome.commit);
  assert.equal(shop.git('-C', 'w', 'rev-list', '--count', 'renewd/state').trim(), '2');
  await repository.close();
});

test('a branch whose name is in the way is named', async (context) => {
  const { shop, path } = withWorkTree(context);
  shop.git('-C', 'w', 'branch', 'renewd');
  const repository = await openRepository({ url: path, directory: '', now: Date.now });
  await assert.rejects(repository.publish(publishing({ a: '1' }), signal), {
    code: 'git-push-denied',
    message: /refs\/heads\/renewd;/,
  });
  await repository.close();
});

test('a lock that stays is a lost race that names the lock', async (context) => {
  const { path } = withWorkTree(context);
  const repository = await openRepository({ url: path, directory: '', now: Date.now });
  await repository.publish(publishing({ a: '1' }), signal);
  writeFileSync(join(path, '.git/refs/heads/renewd/state.lock'), '');
  await assert.rejects(repository.publish(publishing({ b: '1' }), signal), {
    code: 'git-push-race',
    disposition: 'retry',
    message: /state\.lock/,
  });
  await repository.close();
});

test('a repository that guards itself with a hook is not written around it', async (context) => {
  const { path } = withWorkTree(context);
  writeFileSync(join(path, '.git/hooks/pre-receive'), '#!/bin/sh\nexit 1\n');
  chmodSync(join(path, '.git/hooks/pre-receive'), 0o755);
  const repository = await openRepository({ url: path, directory: '', now: Date.now });
  await assert.rejects(repository.publish(publishing({ a: '1' }), signal), {
    code: 'git-push-denied',
    message: /pre-receive/,
  });
  await repository.close();
});

test('a shallow clone and one that borrows objects are read', async (context) => {
  const { shop, path } = withWorkTree(context);
  shop.git('-C', 'w', 'commit', '-q', '--allow-empty', '-m', 'y');
  shop.git('clone', '-q', '--bare', '--depth=1', `file://${path}`, 'shallow.git');
  shop.git('clone', '-q', '--bare', '--shared', path, 'shared.git');
  const length = async (name: string): Promise<number> => {
    const repository = await openRepository({
      url: join(shop.directory, name),
      directory: '',
      now: Date.now,
    });
    const log = await repository.log('refs/heads/main', { maxCount: 9 });
    await repository.close();
    return log.length;
  };
  assert.equal(await length('shallow.git'), 1);
  assert.equal(await length('shared.git'), 2);
});
