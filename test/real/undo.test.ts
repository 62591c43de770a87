/** An installation that fails leaves what the server saw before: the files at its paths, and what it serves. Real git, sshd and nginx, the embedded CA. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer } from 'node:tls';
import type { House } from '../../daemon/assembly.ts';
import {
  declarations,
  missingServers,
  recordOf,
  selfSigned,
  servedFingerprint,
  startEstate,
  turn,
  type RealEstate,
} from './estate.ts';

const path = 'inventory/certificates/web/shop.yaml';

describe('an installation that fails', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  let clockOffsetMs = 0;
  let stood: readonly unknown[] = [];
  const seen = (): readonly unknown[] =>
    [estate.nginx.certificate, estate.nginx.key].flatMap((each) => {
      const { uid, gid, mode } = statSync(each);
      return [lstatSync(each).isSymbolicLink(), uid, gid, mode, readFileSync(each, 'utf8')];
    });
  const codes = async (): Promise<string[]> =>
    (await recordOf(estate, 'web/shop')).findings.map((each) => each.code);
  const later = (): void => {
    clockOffsetMs += 6 * 3_600_000;
  };

  before(async () => {
    estate = await startEstate();
    stood = seen();
    await estate.commit(declarations(estate), 'Declare web/shop');
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('leaves files where files were, and no link into the store', async () => {
    const served = await servedFingerprint(estate.nginx.port, 'shop.example.com');
    estate.nginx.misbehave('test-fails');
    assert.equal((await turn(house)).outcomes[0]?.state, 'failed');
    assert.deepEqual(seen(), stood);
    assert.equal(existsSync(join(estate.store, 'current')), false);
    assert.equal(await servedFingerprint(estate.nginx.port, 'shop.example.com'), served);
    assert.ok((await codes()).includes('install-failed'));
    assert.ok(!(await codes()).includes('rollback-untold'));
  });

  test('says so when the server could not be told of the switch back, until it goes well', async () => {
    later();
    estate.nginx.misbehave('reload-fails');
    assert.equal((await turn(house)).outcomes[0]?.state, 'failed');
    assert.deepEqual(seen(), stood);
    assert.ok((await codes()).includes('rollback-untold'));
    const { findings } = await recordOf(estate, 'web/shop');
    assert.match(
      findings.find((each) => each.code === 'rollback-untold')?.message ?? '',
      /as they were before, and the server could not be told: .*reload told to fail/,
    );
  });

  test('that is retried with copies serves them, and goes back to files again', async () => {
    later();
    estate.nginx.misbehave(null);
    const copied = (declarations(estate)[path] ?? '').replace(
      'profile: test-nginx\n',
      'profile: test-nginx\n      placement: copy\n',
    );
    await estate.commit({ [path]: copied }, 'Copy');
    await turn(house);
    // What was begun for links is dropped and begun anew.
    await turn(house);
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'ok', JSON.stringify(record.findings));
    assert.equal(lstatSync(estate.nginx.certificate).isSymbolicLink(), false);
    const first = seen();
    assert.notDeepEqual(first, stood);
    await estate.commit({ [path]: copied.replace('ecdsa-p256', 'ecdsa-p384') }, 'Another key');
    estate.nginx.misbehave('test-fails');
    assert.equal((await turn(house)).outcomes[0]?.state, 'failed');
    assert.deepEqual(seen(), first);
  });

  test('and whose key is lost before the next try is begun anew, with another key', async () => {
    later();
    await turn(house);
    assert.ok((await codes()).includes('install-failed'));
    // The machine is set up anew from an image: files at the paths, and no store.
    rmSync(estate.store, { recursive: true });
    estate.nginx.misbehave(null);
    later();
    const [lost] = (await turn(house)).outcomes;
    assert.match(lost?.failure?.message ?? '', /key of this generation is gone/);
    assert.equal(house.memory.operations.size, 0);
    later();
    assert.equal((await turn(house)).outcomes[0]?.state, 'done');
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });

  test('at a second address that is another box: the renewal is installed, and no repair stands before it', async () => {
    const crt = join(estate.root, 'box.crt');
    const key = join(estate.root, 'box.key');
    await selfSigned(crt, key, '/CN=appliance', 'shop.example.com');
    const box = createServer({ cert: readFileSync(crt), key: readFileSync(key) });
    await new Promise<void>((resolve) => box.listen(0, '127.0.0.1', resolve));
    const { port } = box.address() as AddressInfo;
    const plain = (declarations(estate)[path] ?? '').replace(
      'serverName: shop.example.com }]',
      `serverName: shop.example.com }, { address: '127.0.0.1:${String(port)}', serverName: shop.example.com }]`,
    );
    try {
      await estate.commit({ [path]: plain }, 'Say of a second address');
      for (const _ of [1, 2]) await turn(house);
      later();
      await turn(house);
      assert.ok(
        house.memory.operations.get('web/shop@web-01')?.operation.repairs,
        'a repair that cannot succeed',
      );
      const before = (await recordOf(estate, 'web/shop')).installations[0]?.issued;
      const asked = new Date(Date.now() + clockOffsetMs).toISOString().replace(/\.\d+Z/, 'Z');
      const wish = `spec:\n  reissue: { before: '${asked}', because: the key was copied }\n`;
      await estate.commit({ [path]: plain.replace('spec:\n', wish) }, 'The key was copied');
      assert.equal((await turn(house)).outcomes[0]?.action.kind, 'abandon');
      const [done] = (await turn(house)).outcomes;
      assert.deepEqual([done?.action.kind, done?.state], ['issue', 'done'], JSON.stringify(done?.failure));
      const { installations, findings } = await recordOf(estate, 'web/shop');
      assert.notEqual(installations[0]?.issued?.fingerprint, before?.fingerprint);
      assert.equal(installations[0]?.issued?.proof, 'awaited');
      assert.ok(findings.some((each) => each.code === 'served-unknown'));
      const seen = await servedFingerprint(estate.nginx.port, 'shop.example.com');
      assert.equal(seen, installations[0].issued.fingerprint);
    } finally {
      box.close();
    }
  });
});
