/** What goes wrong between us and a repository: each trouble has its code, says what to do, and leaves nothing half done. */
import assert from 'node:assert/strict';
import { OperationError } from '../../daemon/ports/failure.ts';
import { chmodSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openRepository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { publishing, secret, serveHttp, spawnAsSsh, workshop, type Workshop } from './git-server.ts';

const signal = new AbortController().signal;
const now = Date.now;
const state = 'refs/heads/renewd/state';

function bare(context: TestContext): { readonly shop: Workshop; readonly path: string } {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', '-b', 'main', 'bare.git');
  return { shop, path: join(shop.directory, 'bare.git') };
}

test('a token that is refused is git-auth, with the server words and without the token', async (context) => {
  const { shop } = bare(context);
  const { url } = await serveHttp(context, shop.directory, { credentials: 'bot:right' });
  const repository = await openRepository({
    url: `${url}/bare.git`,
    directory: join(shop.directory, 'm'),
    http: { username: 'bot', token: () => Promise.resolve(secret('wrong-token')), ca: null },
    now,
  });
  await assert.rejects(repository.advertise(signal), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'git-auth');
    assert.match(error.message, /no such token/);
    assert.doesNotMatch(error.message, /wrong-token/);
    return true;
  });
  await repository.close();
});

test('a token never travels in clear to another machine', async () => {
  await assert.rejects(
    openRepository({
      url: 'http://git.example.com/x.git',
      directory: '/nonexistent',
      http: { username: 'bot', token: () => Promise.resolve(secret('token-in-clear')), ca: null },
      now,
    }),
    { code: 'git-auth', message: /https/ },
  );
});

test('a redirect to another origin is followed without the token', async (context) => {
  const { shop } = bare(context);
  shop.commit('bare.git', { a: '1' });
  const seen: (string | undefined)[] = [];
  const real = await serveHttp(context, shop.directory, {
    intercept: (request) => {
      seen.push(request.headers.authorization);
      return false;
    },
  });
  const first = await serveHttp(context, shop.directory, {
    intercept: (request, response) => {
      response.writeHead(302, { location: `${real.url}${request.url ?? ''}` }).end();
      return true;
    },
  });
  const repository = await openRepository({
    url: `${first.url}/bare.git`,
    directory: join(shop.directory, 'm'),
    http: { username: 'bot', token: () => Promise.resolve(secret('token-of-first')), ca: null },
    now,
  });
  assert.equal((await repository.advertise(signal)).has('refs/heads/main'), true);
  assert.ok(seen.length > 0 && seen.every((header) => header === undefined));
  await repository.close();
});

test('after the first look, a look costs one request and lists branches only', async (context) => {
  const { shop } = bare(context);
  shop.commit('bare.git', { a: '1' });
  shop.git('-C', 'bare.git', 'update-ref', 'refs/pull/1/head', 'main');
  const server = await serveHttp(context, shop.directory);
  const repository = await openRepository({
    url: `${server.url}/bare.git`,
    directory: join(shop.directory, 'm'),
    now,
  });
  await repository.advertise(signal);
  const before = server.requests.length;
  const refs = await repository.advertise(signal);
  assert.equal(server.requests.length - before, 1);
  assert.deepEqual([...refs.keys()].sort(), ['HEAD', 'refs/heads/main']);
  await repository.close();
});

test('a busy server is waited for as long as it asks', async (context) => {
  const shop = workshop(context);
  const { url } = await serveHttp(context, shop.directory, {
    intercept: (_request, response) => {
      response.writeHead(429, { 'retry-after': '30', 'content-type': 'text/plain' }).end('slow down');
      return true;
    },
  });
  const repository = await openRepository({
    url: `${url}/x.git`,
    directory: join(shop.directory, 'm'),
    now: () => 1000,
  });
  await assert.rejects(repository.advertise(signal), {
    code: 'git-unavailable',
    disposition: 'wait',
    retryAt: 31_000,
  });
  await repository.close();
});

for (const way of ['HTTP', 'SSH']) {
  test(`a hook that declines is git-push-denied with its words, and is not asked again (${way})`, async (context) => {
    const { shop, path } = bare(context);
    const count = join(shop.directory, 'count');
    writeFileSync(
      join(path, 'hooks/pre-receive'),
      `#!/bin/sh\necho once >> '${count}'\necho 'GH013: branch is protected' >&2\nexit 1\n`,
    );
    chmodSync(join(path, 'hooks/pre-receive'), 0o755);
    const directory = join(shop.directory, 'm');
    const url =
      way === 'HTTP' ? `${(await serveHttp(context, shop.directory)).url}/bare.git` : `ssh://h${path}`;
    const repository = await openRepository({ url, directory, now, ssh: { connect: spawnAsSsh } });
    await assert.rejects(repository.publish(publishing({ a: '1' }), signal), {
      code: 'git-push-denied',
      disposition: 'stall',
      message: /GH013: branch is protected/,
    });
    assert.equal(shop.gitWith('', 'hash-object', count), shop.gitWith('once\n', 'hash-object', '--stdin'));
    await repository.close();
  });
}

test('a disk of the server that is full is no matter of permissions, and is pushed again by itself', async (context) => {
  const { shop, path } = bare(context);
  const hook = join(path, 'hooks/pre-receive');
  writeFileSync(hook, '#!/bin/sh\necho "fatal: cannot write: No space left on device" >&2\nexit 1\n');
  chmodSync(hook, 0o755);
  const { url } = await serveHttp(context, shop.directory);
  const repository = await openRepository({
    url: `${url}/bare.git`,
    directory: join(shop.directory, 'm'),
    now,
  });
  await assert.rejects(repository.publish(publishing({ a: '1' }), signal), (error: unknown) => {
    assert.ok(error instanceof OperationError);
    assert.deepEqual([error.code, error.disposition], ['git-no-space', 'retry']);
    assert.match(error.message, /No space left on device.*free space on the disk of the Git server/);
    assert.doesNotMatch(error.message, /let this key or token push/);
    return true;
  });
  await repository.close();
});

test('a push whose answer is lost is recognised, not made twice', async (context) => {
  const { shop } = bare(context);
  let cut = true;
  const server = await serveHttp(context, shop.directory, {
    intercept: (request, response) => {
      if (!cut || request.method !== 'POST' || !(request.url ?? '').endsWith('git-receive-pack'))
        return false;
      cut = false;
      // git takes the pack; the answer goes nowhere.
      response.end = (() => {
        response.destroy();
        return response;
      }) as typeof response.end;
      return false;
    },
  });
  const repository = await openRepository({
    url: `${server.url}/bare.git`,
    directory: join(shop.directory, 'm'),
    now,
  });
  const outcome = await repository.publish(publishing({ a: '1' }), signal);
  assert.equal(cut, false);
  assert.equal(outcome.state, 'published');
  assert.equal(shop.git('-C', 'bare.git', 'rev-list', '--count', state).trim(), '1');
  await repository.close();
});

test('a mirror that is damaged is fetched anew and answers as before', async (context) => {
  const { shop, path } = bare(context);
  const tip = shop.commit('bare.git', { 'inventory/a.yaml': 'a\n' });
  const directory = join(shop.directory, 'm');
  const open = () => openRepository({ url: `ssh://h${path}`, directory, now, ssh: { connect: spawnAsSsh } });
  const first = await open();
  await first.fetch(['refs/heads/main'], signal);
  await first.close();
  for (const name of readdirSync(join(directory, 'objects/pack'))) {
    if (!name.endsWith('.pack')) continue;
    chmodSync(join(directory, 'objects/pack', name), 0o600);
    truncateSync(join(directory, 'objects/pack', name), 40);
  }
  const second = await open();
  await second.fetch(['refs/heads/main'], signal);
  assert.equal(Buffer.from((await second.readFile(tip, 'inventory/a.yaml')) ?? []).toString(), 'a\n');
  await second.close();
});

test('a mirror of another address is not believed', async (context) => {
  const { shop, path } = bare(context);
  shop.commit('bare.git', { a: '1' });
  shop.git('init', '-q', '--bare', '-b', 'main', 'other.git');
  const tip = shop.commit('other.git', { b: '2' });
  const directory = join(shop.directory, 'm');
  for (const url of [`ssh://h${path}`, `ssh://h${join(shop.directory, 'other.git')}`]) {
    const repository = await openRepository({ url, directory, now, ssh: { connect: spawnAsSsh } });
    await repository.fetch(['refs/heads/main'], signal);
    const log = await repository.log('refs/heads/main', { maxCount: 5 });
    if (url.includes('other'))
      assert.deepEqual(
        log.map(({ oid }) => oid),
        [tip],
      );
    await repository.close();
  }
});

test('many fetches leave few packs, and every commit stays readable', async (context) => {
  const { shop, path } = bare(context);
  const directory = join(shop.directory, 'm');
  const repository = await openRepository({
    url: `ssh://h${path}`,
    directory,
    now,
    ssh: { connect: spawnAsSsh },
  });
  const publishes = limits.git.mirrorPacksMax + 3;
  for (let turn = 0; turn < publishes; turn++) {
    await repository.publish(publishing({ [`r/${turn}.json`]: `${turn}\n` }), signal);
  }
  await repository.fetch([state], signal);
  const packs = readdirSync(join(directory, 'objects/pack')).filter((name) => name.endsWith('.pack'));
  assert.equal(packs.length, 1);
  const log = await repository.log(state, { maxCount: 100 });
  assert.equal(log.length, publishes);
  for (const [index, { oid }] of log.entries()) {
    const turn = publishes - 1 - index;
    assert.equal(
      Buffer.from((await repository.readFile(oid, `r/${turn}.json`)) ?? []).toString(),
      `${turn}\n`,
    );
  }
  shop.git('--git-dir', directory, 'fsck', '--no-dangling');
  await repository.close();
});

test('a SHA-256 repository is refused in words, here and over SSH', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--object-format=sha256', 's');
  shop.git('-C', 's', 'commit', '-q', '--allow-empty', '-m', 'x');
  const path = join(shop.directory, 's');
  await assert.rejects(openRepository({ url: path, directory: '', now }), {
    code: 'unsupported',
    message: /SHA-256 repository, which renewd cannot read at any address/,
  });
  const directory = join(shop.directory, 'm');
  const remote = await openRepository({
    url: `ssh://h${path}`,
    directory,
    now,
    ssh: { connect: spawnAsSsh },
  });
  await assert.rejects(remote.advertise(signal), { code: 'unsupported', message: /SHA-256/ });
  await remote.close();
});

test('a missing repository is named with what the server says', async (context) => {
  const shop = workshop(context);
  const directory = join(shop.directory, 'm');
  await assert.rejects(openRepository({ url: join(shop.directory, 'none'), directory, now }), {
    code: 'git-unavailable',
  });
  const remote = await openRepository({
    url: `ssh://h${shop.directory}/none`,
    directory,
    now,
    ssh: { connect: spawnAsSsh },
  });
  await assert.rejects(remote.advertise(signal), { code: 'git-unavailable', message: /none/ });
  await remote.close();
});
