/** What clients were seen to get, and what nobody looked at: real git, sshd and nginx, the embedded CA, and the evidence pack as an auditor writes it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { EvidencePack } from '../../daemon/commands/evidence/pack.ts';
import type { IssuedRecord } from '../../daemon/core/record-format.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

const path = 'inventory/certificates/web/shop.yaml';

describe('an installation without an address', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  const silent = (text: string): string => text.replace(/\n +serves: .*/, '');
  const issuedNow = async (): Promise<IssuedRecord | null> =>
    (await recordOf(estate, 'web/shop')).installations[0]?.issued ?? null;
  const report = (): EvidencePack => {
    const clone = join(estate.root, `clone-${String(Math.random()).slice(2)}`);
    execFileSync('git', ['clone', '-q', estate.bare, clone]);
    const period = new Date().toISOString().slice(0, 7);
    execFileSync('bin/renewd', ['report', '--repo', clone, '--period', period, '--out', `${clone}-report`], {
      stdio: 'pipe',
    });
    const html = readFileSync(`${clone}-report/report.html`, 'utf8');
    assert.match(html, /web\/shop@web-01/);
    return JSON.parse(readFileSync(`${clone}-report/report.json`, 'utf8')) as EvidencePack;
  };

  before(async () => {
    estate = await startEstate();
    const declared = declarations(estate);
    await estate.commit({ ...declared, [path]: silent(declared[path] ?? '') }, 'Declare web/shop nowhere');
    house = await estate.openHouse();
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('is installed with nothing to prove, in the record, in the commit and in the evidence pack', async () => {
    assert.equal((await turn(house)).outcomes[0]?.state, 'done');
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'ok');
    assert.equal(record.installations[0]?.issued?.proof, 'nothing-to-prove');
    assert.equal(record.installations[0].issued.provedAt, null);
    const log = execFileSync('git', ['-C', estate.bare, 'log', '--format=%B', 'renewd/state'], {
      encoding: 'utf8',
    });
    assert.match(log, /installed on web-01, nothing to prove/);
    const pack = report();
    assert.deepEqual(
      pack.issuances.map(({ proof, provedAt }) => [proof, provedAt]),
      [['nothing-to-prove', null]],
    );
    assert.equal(pack.metrics.leadTimeMedianMs, null);
  });

  test('is proved by the next look once an address is declared, without a new certificate', async () => {
    const before = await issuedNow();
    await estate.commit({ [path]: declarations(estate)[path] ?? '' }, 'Say where clients see it');
    await turn(house);
    const after = await issuedNow();
    assert.equal(after?.fingerprint, before?.fingerprint);
    assert.equal(after?.proof, 'served');
    assert.notEqual(after.provedAt, null);
    assert.deepEqual(
      report().issuances.map(({ proof, provedAt }) => [proof, provedAt !== null]),
      [['served', true]],
    );
  });

  test('stays proved when the address is taken away, and its next certificate is not', async () => {
    const before = await issuedNow();
    const declared = silent(declarations(estate)[path] ?? '');
    await estate.commit({ [path]: declared }, 'Say nothing any more');
    await turn(house);
    assert.deepEqual(await issuedNow(), before);
    const more = declared.replace('[shop.example.com]', '[shop.example.com, www.shop.example.com]');
    await estate.commit({ [path]: more }, 'Add a name');
    await turn(house);
    const issued = await issuedNow();
    assert.notEqual(issued?.fingerprint, before?.fingerprint);
    assert.deepEqual([issued?.proof, issued?.provedAt], ['nothing-to-prove', null]);
  });
});
