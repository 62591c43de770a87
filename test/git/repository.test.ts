/** What every way to a repository must do: the same tests over a local path, HTTP, HTTPS with an own CA, and SSH; stock git is the judge. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { readTrustedRoots } from '../../daemon/x509/roots.ts';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { makeTls, publishing, secret, serveHttp, spawnAsSsh, workshop, type Workshop } from './git-server.ts';

const signal = new AbortController().signal;
const state = 'refs/heads/renewd/state';

interface Place {
  readonly shop: Workshop;
  /** Opens another value onto the same repository, with a mirror of its own. */
  readonly open: () => Promise<Repository>;
}

/** `bare.git` in a fresh directory, reached in one of four ways. */
async function place(context: TestContext, way: string): Promise<Place> {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', '-b', 'main', 'bare.git');
  let count = 0;
  const path = join(shop.directory, 'bare.git');
  const directory = (): string => join(shop.directory, `mirror-${count++}`);
  const now = Date.now;
  const opened: Repository[] = [];
  context.after(async () => {
    for (const repository of opened) await repository.close();
  });
  const keep = async (made: Promise<Repository>): Promise<Repository> => {
    opened.push(await made);
    return made;
  };
  if (way === 'a local path') {
    return { shop, open: () => keep(openRepository({ url: path, directory: '', now })) };
  }
  if (way === 'SSH') {
    const url = `ssh://git@host.test${path}`;
    return {
      shop,
      open: () => keep(openRepository({ url, directory: directory(), now, ssh: { connect: spawnAsSsh } })),
    };
  }
  const tls = way === 'HTTPS' ? makeTls(shop.directory) : null;
  const server = await serveHttp(context, shop.directory, {
    credentials: 'bot:t0ken-of-the-test',
    ...(tls === null ? {} : { tls }),
  });
  const http = {
    username: 'bot',
    token: () => Promise.resolve(secret('t0ken-of-the-test')),
    ca: tls === null ? null : () => Promise.resolve(readTrustedRoots(tls.ca)),
  };
  return {
    shop,
    open: () => keep(openRepository({ url: `${server.url}/bare.git`, directory: directory(), now, http })),
  };
}

for (const way of ['a local path', 'SSH', 'HTTP', 'HTTPS']) {
  suite(`over ${way}`, () => {
    test('an empty repository has no branches, and the first record makes one', async (context) => {
      const { shop, open } = await place(context, way);
      const repository = await open();
      assert.equal((await repository.advertise(signal)).size, 0);
      const outcome = await repository.publish(publishing({ 'certificates/web/shop.json': '{}\n' }), signal);
      assert.equal(outcome.state, 'published');
      assert.equal(shop.git('-C', 'bare.git', 'fsck', '--strict', '--no-progress', '--no-dangling'), '');
      assert.equal(shop.git('-C', 'bare.git', 'show', `${state}:certificates/web/shop.json`), '{}\n');
    });

    test('changes between two commits are found and their blobs read', async (context) => {
      const { shop, open } = await place(context, way);
      const first = shop.commit('bare.git', {
        'inventory/a.yaml': 'a\n',
        'inventory/b.yaml': 'b\n',
        'docs/x.md': 'x\n',
      });
      const repository = await open();
      assert.equal((await repository.advertise(signal)).get('refs/heads/main'), first);
      await repository.fetch(['refs/heads/main'], signal);
      const all = await repository.changes(null, first, ['inventory']);
      assert.deepEqual(
        all.map((change) => change.path),
        ['inventory/a.yaml', 'inventory/b.yaml'],
      );
      const second = shop.commit('bare.git', {
        'inventory/a.yaml': 'a2\n',
        'inventory/b.yaml': null,
        'inventory/c/d.yaml': 'd\n',
      });
      await repository.fetch(['refs/heads/main'], signal);
      const changed = await repository.changes(first, second, ['inventory', 'policies']);
      assert.deepEqual(
        changed.map(({ path, oid }) => [path, oid === null]),
        [
          ['inventory/a.yaml', false],
          ['inventory/b.yaml', true],
          ['inventory/c/d.yaml', false],
        ],
      );
      const texts = new Map<string, string>();
      await repository.readBlobs(
        changed.flatMap(({ oid }) => oid ?? []),
        (oid, bytes) => texts.set(oid, Buffer.from(bytes).toString()),
      );
      assert.deepEqual([...texts.values()].sort(), ['a2\n', 'd\n']);
      assert.equal(Buffer.from((await repository.readFile(second, 'docs/x.md')) ?? []).toString(), 'x\n');
      assert.equal(await repository.readFile(second, 'docs'), null);
      assert.equal(await repository.readFile(second, 'docs/none'), null);
    });

    test('equal bytes make no commit; a later time or message alone does not either', async (context) => {
      const { open } = await place(context, way);
      const repository = await open();
      const first = await repository.publish(publishing({ 'a.json': '1\n' }), signal);
      assert.equal(first.state, 'published');
      const again = await repository.publish(publishing({ 'a.json': '1\n' }, { at: Date.now() }), signal);
      assert.deepEqual(again, {
        state: 'unchanged',
        tip: first.state === 'published' ? first.commit : '',
      });
    });

    test('two writers of one branch both land, whoever wins the race', async (context) => {
      const { shop, open } = await place(context, way);
      const [one, two] = [await open(), await open()];
      const each = 4;
      const write = async (repository: Repository, name: string): Promise<void> => {
        for (let turn = 0; turn < each; turn++) {
          await repository.publish(publishing({ [`${name}/${turn}.json`]: `${turn}\n` }), signal);
        }
      };
      await Promise.all([write(one, 'one'), write(two, 'two')]);
      const files = shop.git('-C', 'bare.git', 'ls-tree', '-r', '--name-only', state).trim().split('\n');
      assert.equal(files.length, 2 * each);
      assert.equal(shop.git('-C', 'bare.git', 'rev-list', '--count', state).trim(), String(2 * each));
      assert.equal(shop.git('-C', 'bare.git', 'fsck', '--strict', '--no-progress', '--no-dangling'), '');
    });

    test('history that was rewritten does not descend from what was seen', async (context) => {
      const { shop, open } = await place(context, way);
      const first = shop.commit('bare.git', { a: '1' });
      const second = shop.commit('bare.git', { a: '2' });
      const repository = await open();
      await repository.fetch(['refs/heads/main'], signal);
      assert.equal(await repository.isAncestor(first, second), true);
      assert.equal(await repository.isAncestor(second, first), false);
      shop.git('-C', 'bare.git', 'update-ref', 'refs/heads/main', first);
      const other = shop.commit('bare.git', { a: '3' });
      await repository.fetch(['refs/heads/main'], signal);
      assert.equal(await repository.isAncestor(second, other), false);
      assert.equal(await repository.isAncestor('1'.repeat(40), other), false);
      const log = await repository.log('refs/heads/main', { maxCount: 10 });
      assert.deepEqual(
        log.map(({ oid }) => oid),
        [other, first],
      );
    });

    test('a stock clone of what was published is sound, and its log shows the trailers', async (context) => {
      const { shop, open } = await place(context, way);
      const repository = await open();
      const files = Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => [
          `certificates/t${index % 7}/c-${index}.json`,
          `${index}\n`,
        ]),
      );
      await repository.publish(
        publishing({ ...files, 'certificates/t1.json': 'x', 'certificates/t1-a': 'y' }),
        signal,
      );
      shop.git('clone', '-q', '-b', 'renewd/state', 'bare.git', 'clone');
      assert.equal(shop.git('-C', 'clone', 'status', '--porcelain'), '');
      assert.equal(
        shop.git('-C', 'clone', 'log', '-1', '--format=%(trailers:key=Renewd-Source,valueonly)').trim(),
        'none',
      );
      assert.equal(shop.git('-C', 'bare.git', 'fsck', '--strict', '--no-progress', '--no-dangling'), '');
    });

    test('a branch that is not there is named', async (context) => {
      const { open } = await place(context, way);
      const repository = await open();
      await assert.rejects(repository.fetch(['refs/heads/none'], signal), {
        code: 'git-unavailable',
        message: /refs\/heads\/none/,
      });
    });

    test('deltas of a repacked repository are resolved', async (context) => {
      const { shop, open } = await place(context, way);
      const text = (seed: number): string =>
        Array.from({ length: 400 }, (_, line) => `line ${line} ${line === seed ? 'changed' : ''}`).join('\n');
      for (let seed = 0; seed < 12; seed++) shop.commit('bare.git', { 'big.yaml': text(seed) });
      shop.git('-C', 'bare.git', 'repack', '-q', '-a', '-d', '-f', '--depth=50');
      const repository = await open();
      await repository.fetch(['refs/heads/main'], signal);
      const log = await repository.log('refs/heads/main', { maxCount: 20 });
      for (const [index, commit] of log.entries()) {
        const bytes = await repository.readFile(commit.oid, 'big.yaml');
        assert.equal(Buffer.from(bytes ?? []).toString(), text(11 - index));
      }
    });

    test('links and submodules are reported by their mode, never followed', async (context) => {
      const { shop, open } = await place(context, way);
      shop.git('init', '-q', '-b', 'main', 'work');
      const work = join(shop.directory, 'work');
      mkdirSync(join(work, 'inventory'));
      symlinkSync('/etc/passwd', join(work, 'inventory/link.yaml'));
      writeFileSync(join(work, 'inventory/run.yaml'), 'x', { mode: 0o755 });
      shop.git('-C', 'work', 'add', '.');
      shop.git(
        '-C',
        'work',
        'update-index',
        '--add',
        '--cacheinfo',
        `160000,${'1'.repeat(40)},inventory/sub.yaml`,
      );
      shop.git('-C', 'work', 'commit', '-qm', 'x');
      shop.git('-C', 'work', 'push', '-q', '../bare.git', 'main');
      const repository = await open();
      await repository.fetch(['refs/heads/main'], signal);
      const tip = (await repository.advertise(signal)).get('refs/heads/main') ?? '';
      const modes = new Map((await repository.changes(null, tip, [])).map(({ path, mode }) => [path, mode]));
      assert.deepEqual(Object.fromEntries(modes), {
        'inventory/link.yaml': '120000',
        'inventory/run.yaml': '100755',
        'inventory/sub.yaml': '160000',
      });
      assert.equal(await repository.readFile(tip, 'inventory/link.yaml'), null);
    });
  });
}
