/** What a daemon says of itself over HTTP: a site that cannot be built, and a data directory that was taken away under it. Real git, no endpoint. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Config } from '../../daemon/config.ts';
import { serve, type Controls } from '../../daemon/commands/daemon.ts';
import { createSiteKeeper } from '../../daemon/commands/site-keeper.ts';
import { withCopyOfHouse } from '../../daemon/commands/start.ts';
import { limits } from '../../daemon/limits.ts';
import { createLog } from '../../daemon/log.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { openHouse, plainConfig } from '../real/estate.ts';
import { makeHouses, type Houses } from '../shell/two-houses.ts';

const log = createLog({ level: 'error', destination: { write: () => true }, pretty: false });

function setUp(
  context: TestContext,
  changes: (root: string) => Partial<Config>,
): { houses: Houses; config: Config } {
  const houses = makeHouses();
  context.after(() => {
    houses.stop();
  });
  return { houses, config: { ...plainConfig(houses.root, houses.bare), ...changes(houses.root) } };
}

/** A directory that no site may be put in place of. */
function foreignDirectory(path: string): string {
  mkdirSync(path);
  writeFileSync(join(path, 'thesis.txt'), 'mine');
  return path;
}

interface Running {
  readonly controls: Controls;
  readonly get: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
  readonly turn: () => Promise<void>;
  readonly end: () => Promise<void>;
}

async function run(config: Config): Promise<Running> {
  const house = await openHouse(config);
  const stop = new AbortController();
  const started = Promise.withResolvers<Controls>();
  const listening = Promise.withResolvers<{ readonly port: number }>();
  let rounds = Promise.withResolvers<void>();
  const running = serve({
    config,
    log: {
      ...log,
      error: () => {
        rounds.resolve();
      },
    },
    house,
    stop: stop.signal,
    onStarted: started.resolve,
    onListening: listening.resolve,
    onTurn: () => {
      rounds.resolve();
    },
  });
  const { port } = await listening.promise;
  const controls = await started.promise;
  await rounds.promise;
  return {
    controls,
    get: async (path) => {
      const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
      return { status: answer.status, text: await answer.text() };
    },
    turn: async () => {
      rounds = Promise.withResolvers();
      controls.lookNow();
      await rounds.promise;
      // The turn is told of before it is noted.
      await new Promise((resolve) => setImmediate(resolve));
    },
    end: async () => {
      stop.abort();
      await running;
      await house.close();
    },
  };
}

const listen = { http: { host: '127.0.0.1', port: 0, webhookSecret: null } } as const;

test('a site that cannot be built: counted by its code, a reason against readiness, and built again when a person asks', async (context) => {
  const { config } = setUp(context, (root) => ({
    ...listen,
    site: {
      ...plainConfig(root, '').site,
      build: true,
      outDirectory: foreignDirectory(join(root, 'site')),
    },
  }));
  const daemon = await run(config);
  try {
    await daemon.controls.siteSettled();
    const count = async (): Promise<string | undefined> =>
      /renewd_failures_total\{code="site-build-failed"\} (\d+)/.exec(
        (await daemon.get('/metrics')).text,
      )?.[1];
    assert.equal(await count(), '1');
    await daemon.turn();
    const ready = await daemon.get('/readyz');
    assert.equal(ready.status, 503);
    assert.match(ready.text, /holds what renewd did not build/);
    await daemon.controls.siteSettled();
    assert.equal(await count(), '2', 'SIGHUP tries it');
  } finally {
    await daemon.end();
  }
});

test('a build that failed is tried again by itself', async (context) => {
  const { config } = setUp(context, (root) => ({
    site: { ...plainConfig(root, '').site, build: true, outDirectory: foreignDirectory(join(root, 'site')) },
  }));
  const house = await openHouse(config);
  const failed: string[] = [];
  const stop = new AbortController();
  const keeper = createSiteKeeper({
    config,
    log,
    house,
    stop: stop.signal,
    onFailed: ({ code }) => failed.push(code),
  });
  context.mock.timers.enable({ apis: ['setTimeout'] });
  keeper.build();
  await keeper.settled();
  assert.equal(keeper.trouble()?.code, 'site-build-failed');
  context.mock.timers.tick(limits.site.buildAgainMs);
  await keeper.settled();
  assert.deepEqual(failed, ['site-build-failed', 'site-build-failed']);
  stop.abort();
  await keeper.close();
  context.mock.timers.reset();
  await house.close();
});

test('a data directory that is deleted under a running daemon: journal-unavailable, and not ready', async (context) => {
  const { config } = setUp(context, () => listen);
  const daemon = await run(config);
  try {
    assert.equal((await daemon.get('/readyz')).status, 200);
    rmSync(config.dataDirectory, { recursive: true });
    await daemon.turn();
    const ready = await daemon.get('/readyz');
    assert.equal(ready.status, 503);
    assert.match(ready.text, /journal\.db is gone: the data directory was deleted or replaced/);
    assert.match(
      (await daemon.get('/metrics')).text,
      /renewd_failures_total\{code="journal-unavailable"\} [1-9]/,
    );
  } finally {
    await daemon.end().catch((error: unknown) => {
      assert.ok(error instanceof OperationError);
    });
  }
});

test('what works on a copy of the data directory names the files that are there', async (context) => {
  const { config } = setUp(context, () => ({}));
  await (await openHouse(config)).close();
  rmSync(join(config.dataDirectory, 'custody/identity'));
  const around = {
    environment: {},
    now: Date.now,
    random: Math.random,
    log,
    progress: () => undefined,
    crashPoint: () => undefined,
    stopping: () => false,
  };
  await assert.rejects(
    withCopyOfHouse(config, around, () => Promise.resolve()),
    (error: unknown) => {
      assert.ok(error instanceof OperationError);
      assert.ok(error.message.startsWith(join(config.dataDirectory, 'custody/identity')), error.message);
      assert.doesNotMatch(error.message, /renewd-copy/);
      return true;
    },
  );
});
