/**
 * kill -9 between any two recorded steps of an issuance and installation: the next start converges, with the one order that was made, a key that fits, and
 * an endpoint that serves at every moment. Real sshd and nginx; the embedded CA and pebble.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pebbleMissing, startPebble } from '../fixtures/pebble.ts';
import {
  declarations,
  freePort,
  missingServers,
  recordOf,
  servedFingerprint,
  startEstate,
  stateFile,
  type RealEstate,
} from './estate.ts';

interface Run {
  readonly points: readonly string[];
  readonly killed: boolean;
  readonly complaints: string;
}

async function runVictim(estate: RealEstate, fatal: number): Promise<Run> {
  const file = join(estate.root, 'victim.json');
  writeFileSync(file, JSON.stringify(estate.config()));
  const child = spawn(
    process.execPath,
    ['--no-warnings', join(import.meta.dirname, 'victim.ts'), file, String(fatal)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A hundred processes of the same code: compiled once. The place is this user's own, like `bin/renewd`'s.
      env: { ...process.env, NODE_COMPILE_CACHE: join(estate.root, 'compiled') },
    },
  );
  let out = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_code, by) => {
      resolve(by);
    });
  });
  return { points: out.split('\n').filter((line) => line !== ''), killed: signal === 'SIGKILL', complaints };
}

/** Asks the address again and again while a process lives and dies: no answer may be anything but one of the known certificates. */
function watch(port: number): { readonly seen: Set<string>; readonly stop: () => Promise<void> } {
  const seen = new Set<string>();
  const stopped = new AbortController();
  const looking = (async () => {
    for (; !stopped.signal.aborted;) {
      seen.add(
        await servedFingerprint(port, 'shop.example.com').catch(
          (error: unknown) => `no answer: ${String(error)}`,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  })();
  return {
    seen,
    stop: async () => {
      stopped.abort();
      await looking;
    },
  };
}

/** A point right after the end of a step, where the next one begins: nothing was done in between but in these three, so a kill at either leaves the same behind. */
function leavesTheSame(points: readonly string[], index: number): boolean {
  const follows = points[index - 1]?.startsWith('after ') === true;
  return follows && /^before (?!publish$|accept$|settle$)/.test(points[index] ?? '');
}

async function convergesAfterEveryCrash(
  estate: RealEstate,
  certificate: (algorithm: string) => string,
  orders: () => number,
  isFatal: (point: string, index: number, points: readonly string[]) => boolean = () => true,
): Promise<void> {
  let algorithm = 'ecdsa-p384';
  const path = 'inventory/certificates/web/shop.yaml';
  await estate.commit({ [path]: certificate(algorithm) }, 'A quiet run that counts the points');
  const quiet = await runVictim(estate, 0);
  assert.equal(quiet.complaints, '');
  assert.ok(quiet.points.length > 30, quiet.points.join('\n'));
  assert.ok(quiet.points.includes('before stage'), quiet.points.join('\n'));
  for (let fatal = 1; fatal <= quiet.points.length; fatal++) {
    const point = quiet.points[fatal - 1] ?? '';
    if (leavesTheSame(quiet.points, fatal - 1) || !isFatal(point, fatal - 1, quiet.points)) continue;
    const where = `killed at ${String(fatal)}: ${point}`;
    algorithm = algorithm === 'ecdsa-p256' ? 'ecdsa-p384' : 'ecdsa-p256';
    const before = await servedFingerprint(estate.nginx.port, 'shop.example.com');
    const ordered = orders();
    await estate.commit({ [path]: certificate(algorithm) }, `Change the key to ${algorithm}`);
    const watched = watch(estate.nginx.port);
    const crashed = await runVictim(estate, fatal);
    const resumed = await runVictim(estate, 0);
    await watched.stop();
    assert.equal(crashed.killed, true, `${where}: ${crashed.complaints} ${crashed.points.join(', ')}`);
    assert.equal(resumed.complaints, '', where);
    const record = await recordOf(estate, 'web/shop');
    const issued = record.installations[0]?.issued;
    assert.equal(record.status, 'ok', where);
    assert.equal(issued?.keyAlgorithm, algorithm, where);
    assert.equal(await servedFingerprint(estate.nginx.port, 'shop.example.com'), issued.fingerprint, where);
    assert.equal(orders(), ordered + 1, `${where}: exactly one order`);
    assert.deepEqual(
      [...watched.seen].filter((each) => each !== before && each !== issued.fingerprint),
      [],
      `${where}: something else was served`,
    );
    await stateFile(estate, 'certificates/web/shop@web-01.pem');
  }
}

describe('kill -9 at every step, embedded CA', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    await runVictim(estate, 0);
  });
  after(() => estate.stop());

  test('converges without a second order, a lost key or a broken endpoint', async () => {
    const { execFileSync } = await import('node:child_process');
    const certificate = (algorithm: string): string =>
      declarations(estate)['inventory/certificates/web/shop.yaml']?.replace('ecdsa-p256', algorithm) ?? '';
    const orders = (): number =>
      execFileSync('git', ['-C', estate.bare, 'ls-tree', '-r', '--name-only', 'renewd/state'], {
        encoding: 'utf8',
      })
        .split('\n')
        .filter((path) => path.startsWith('issuance/')).length;
    await convergesAfterEveryCrash(estate, certificate, orders);
  });

  test('a crash inside a rollback ends on the last good certificate, and the next try orders nothing new', async () => {
    const path = 'inventory/certificates/web/shop.yaml';
    const certificate = (algorithm: string): string =>
      declarations(estate)[path]?.replace('ecdsa-p256', algorithm) ?? '';
    const before = await servedFingerprint(estate.nginx.port, 'shop.example.com');
    estate.nginx.misbehave('test-fails');
    await estate.commit({ [path]: certificate('rsa-2048') }, 'Change the key while the server is broken');
    const failing = await runVictim(estate, 0);
    const rollback = failing.points.indexOf('before rollback');
    assert.ok(rollback > 0, failing.points.join('\n'));
    assert.equal(await servedFingerprint(estate.nginx.port, 'shop.example.com'), before);
    for (const [index, name] of failing.points.entries()) {
      if (!name.includes('rollback')) continue;
      // A new declaration is a new chance: it resets the wait of the last failure.
      await estate.commit({ [path]: `${certificate('rsa-2048')}# try ${String(index)}\n` }, 'Try again');
      const again = await runVictim(estate, 0);
      const at = again.points.indexOf(name) + 1;
      await estate.commit(
        { [path]: `${certificate('rsa-2048')}# crash ${String(index)}\n` },
        'Try again and crash',
      );
      const crashed = await runVictim(estate, at);
      assert.equal(crashed.killed, true, name);
      await runVictim(estate, 0);
      assert.equal(await servedFingerprint(estate.nginx.port, 'shop.example.com'), before, name);
    }
    estate.nginx.misbehave(null);
    await estate.commit({ [path]: `${certificate('rsa-2048')}# mended\n` }, 'The server is mended');
    const mended = await runVictim(estate, 0);
    assert.equal(mended.complaints, '');
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'ok');
    assert.equal(record.installations[0]?.issued?.keyAlgorithm, 'rsa-2048');
  });
});

describe('kill -9 at every step, ACME', { skip: missingServers() ?? pebbleMissing() ?? false }, () => {
  let estate: RealEstate;
  let pebble: Awaited<ReturnType<typeof startPebble>>;
  const acme = (): Record<string, string> => {
    const block = (pem: string): string =>
      pem
        .trim()
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n');
    return {
      ...declarations(estate, { issuer: 'pebble' }),
      'inventory/issuers/pebble.yaml': `apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: pebble }\nspec:\n  type: acme\n  directory: ${pebble.directoryUrl}\n  contacts: [pki@example.com]\n  termsOfServiceAgreed: true\n  challenge: { type: webroot, path: ${estate.nginx.webroot} }\n  trust: |\n${block(pebble.caPem)}\n  roots: |\n${block(roots)}\n`,
    };
  };
  let roots = '';
  before(async () => {
    const httpPort = await freePort();
    pebble = await startPebble({ httpPort });
    roots = await pebble.rootsPem();
    estate = await startEstate({ httpPort });
    await estate.commit(acme(), 'Declare web/shop');
    await runVictim(estate, 0);
  });
  after(async () => {
    await estate.stop();
    await pebble.stop();
  });

  test('until the certificate is there: converges with the one order that was made, a key that fits and an endpoint that serves', async () => {
    const certificate = (algorithm: string): string =>
      acme()['inventory/certificates/web/shop.yaml']?.replace('ecdsa-p256', algorithm) ?? '';
    const orders = (): number =>
      pebble
        .log()
        .split('\n')
        .filter((line) => /POST \/order-plz/.test(line)).length;
    // What follows the issuance knows nothing of the issuer and is killed at each point above: here its first and its last point are enough.
    await convergesAfterEveryCrash(
      estate,
      certificate,
      orders,
      (_point, index, points) => index <= points.indexOf('before stage') || index === points.length - 1,
    );
  });
});
