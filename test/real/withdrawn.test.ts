/** Renames, moves and removals: nothing is lost sight of while somebody is served by it, and nothing stays behind for ever. Real git, sshd and nginx. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import {
  declarations,
  freePort,
  missingServers,
  recordOf,
  selfSigned,
  servedFingerprint,
  startEstate,
  turn,
  type RealEstate,
} from './estate.ts';

const file = (name: string): string => `inventory/certificates/web/${name}.yaml`;

describe('what is no longer declared', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  const named = (name: string): string =>
    (declarations(estate)[file('shop')] ?? '').replace('name: shop', `name: ${name}`);
  const records = (): string[] =>
    execFileSync(
      'git',
      ['-C', estate.bare, 'ls-tree', '-r', '--name-only', 'renewd/state', 'certificates/'],
      {
        encoding: 'utf8',
      },
    )
      .trim()
      .split('\n')
      .map((each) => each.replace('certificates/web/', ''))
      .filter((each) => each !== '')
      .sort();
  const log = (): string =>
    execFileSync('git', ['-C', estate.bare, 'log', '--format=%B', 'renewd/state'], { encoding: 'utf8' });
  const restart = async (): Promise<void> => {
    await house.close();
    house = await estate.openHouse();
  };
  const unwell = (): string[] =>
    [...house.memory.certificateRecords.values()]
      .filter((each) => !['ok', 'retired'].includes(each.status))
      .map((each) => `${each.metadata.name} ${each.status}`);

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    house = await estate.openHouse();
    await turn(house);
    assert.deepEqual(records(), ['shop.json', 'shop@web-01.pem']);
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('a renamed certificate is followed: the old name ends when the new one serves', async () => {
    await estate.commit({ [file('shop')]: null, [file('store')]: named('store') }, 'Rename');
    await turn(house);
    await turn(house);
    assert.deepEqual(records(), ['store.json', 'store@web-01.pem']);
    assert.deepEqual(unwell(), []);
    assert.match(log(), /certificate web\/shop: no longer watched, web\/store@web-01 took its place/);
    await restart();
    await turn(house);
    assert.deepEqual(records(), ['store.json', 'store@web-01.pem']);
  });

  test('an endpoint that a certificate left is watched while it serves, over a restart, and named', async () => {
    const endpoint = (declarations(estate)['inventory/endpoints/web-01.yaml'] ?? '')
      .replace('name: web-01', 'name: web-02')
      .replace(join(estate.root, 'machine'), join(estate.root, 'machine2'));
    const moved = named('store')
      .replace('endpoint: web-01', 'endpoint: web-02')
      .replace('profile: test-nginx', 'profile: files')
      .replace(/\n +serves: .*/, '');
    await estate.commit({ 'inventory/endpoints/web-02.yaml': endpoint, [file('store')]: moved }, 'Move');
    execFileSync('mkdir', ['-m', '0700', join(estate.root, 'machine2')]);
    await turn(house);
    await restart();
    await turn(house);
    const { installations, findings, status } = await recordOf(estate, 'web/store');
    assert.deepEqual(
      installations.map((each) => [each.endpoint, each.status]),
      [
        ['web-02', 'ok'],
        ['web-01', 'retired'],
      ],
    );
    assert.notEqual(status, 'drift');
    const finding = findings.find((each) => each.code === 'withdrawn');
    assert.match(finding?.message ?? '', /no longer declared at endpoint web-01.*watched until/);
    assert.match(finding?.remedy ?? '', /released: \[web-01\]/);
    // The remedy, as it is written.
    const released = moved.replace('  installations:', '  released: [web-01]\n  installations:');
    await estate.commit({ [file('store')]: released }, 'Let it go');
    await turn(house);
    assert.deepEqual(
      (await recordOf(estate, 'web/store')).installations.map((each) => each.endpoint),
      ['web-02'],
    );
    assert.deepEqual(records(), ['store.json', 'store@web-02.pem']);
  });

  test('a certificate that was retired before it was deleted ends with its file', async () => {
    const back = named('third');
    await estate.commit({ [file('store')]: null, [file('third')]: back }, 'Another');
    await turn(house);
    await turn(house);
    assert.equal((await recordOf(estate, 'web/third')).status, 'ok');
    await estate.commit({ [file('third')]: back.replace('  issuer:', '  state: retired\n  issuer:') });
    await turn(house);
    assert.equal((await recordOf(estate, 'web/third')).status, 'retired');
    await restart();
    await estate.commit({ [file('third')]: null }, 'Delete what was retired');
    await turn(house);
    assert.ok(!records().includes('third.json'), records().join());
    assert.match(log(), /certificate web\/third: no longer watched, its declaration said that it ends/);
  });

  test('one that was only deleted is watched until its address serves something else', async () => {
    await estate.commit({ [file('fourth')]: named('fourth') }, 'One more');
    await turn(house);
    await estate.commit({ [file('fourth')]: null }, 'Delete it');
    await turn(house);
    const record = await recordOf(estate, 'web/fourth');
    assert.deepEqual([record.status, record.declaration.withdrawn], ['retired', true]);
    assert.match(record.findings[0]?.remedy ?? '', /restore .*fourth\.yaml with state: retired/);
    rmSync(estate.nginx.certificate);
    rmSync(estate.nginx.key);
    await selfSigned(estate.nginx.certificate, estate.nginx.key, '/CN=somebody else', 'shop.example.com');
    const ours = record.installations[0]?.issued?.fingerprint;
    assert.equal(await servedFingerprint(estate.nginx.port, 'shop.example.com'), ours);
    await estate.nginx.reload();
    while ((await servedFingerprint(estate.nginx.port, 'shop.example.com')) === ours)
      await new Promise((resolve) => setTimeout(resolve, 100));
    // A worker of before may answer one more time.
    for (let tries = 0; tries < 5 && records().includes('fourth.json'); tries++) await turn(house);
    const last = JSON.stringify(house.memory.assessments.get('web/fourth@web-01')?.addresses ?? 'gone');
    assert.ok(!records().includes('fourth.json'), last);
    assert.match(
      log(),
      /certificate web\/fourth: no longer watched, none of its addresses serves it any more/,
    );
  });

  test('one that never was installed leaves nothing behind, also when the process ended in between', async () => {
    const dead = (declarations(estate)['inventory/endpoints/web-01.yaml'] ?? '')
      .replace('name: web-01', 'name: dead')
      .replace(/port: \d+/, `port: ${String(await freePort())}`);
    await estate.commit({
      'inventory/endpoints/dead.yaml': dead,
      [file('fifth')]: named('fifth').replace('web-01', 'dead'),
    });
    await turn(house);
    assert.ok(records().includes('fifth.json'));
    await restart();
    await estate.commit({ [file('fifth')]: null });
    await turn(house);
    assert.ok(!records().includes('fifth.json'), records().join());
    assert.deepEqual(unwell(), []);
  });
});
