/** An embedded CA whose root ends: people hear of it before its certificates are cut, and what they are told to do ends it. Real git, sshd and nginx; the clock is moved. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

const day = 86_400_000;
const shop = 'inventory/certificates/web/shop.yaml';
const file = (name: string): string => `inventory/issuers/${name}.yaml`;

describe('a CA that ends', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  let offset = 0;
  const declared = (issuer: string): Record<string, string> =>
    declarations(estate, { lifetime: '20d', issuer });
  const said = async (): Promise<string | undefined> => {
    await turn(house, { observeAll: false });
    return house.memory.repositoryRecord?.findings.find(({ code }) => code === 'issuer-ending')?.severity;
  };

  before(async () => {
    estate = await startEstate();
    house = await estate.openHouse({ clockOffsetMs: () => offset });
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('the root of an embedded CA that ends is said in good time, and its successor ends the finding', async () => {
    const base = declared('internal-ca');
    const ca = (base[file('internal-ca')] ?? '').replace(
      'lifetime: 90d',
      'lifetime: 20d\n  rootLifetime: 60d\n  intermediateLifetime: 60d',
    );
    await estate.commit({ ...base, [file('internal-ca')]: ca });
    assert.equal(await said(), undefined);
    offset = 27 * day;
    assert.equal(await said(), undefined);
    // Nothing is due: only time has passed.
    offset = 29 * day;
    assert.equal(await said(), 'warning');
    offset = 41 * day;
    assert.equal(await said(), 'error');
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
    offset = 51 * day;
    assert.equal(await said(), 'critical');

    const successor = ca.replace('name: internal-ca', 'name: internal-ca-2');
    await estate.commit({ [file('internal-ca-2')]: successor }, 'Declare the successor');
    assert.equal(await said(), 'critical');
    assert.ok(house.memory.publications.has('issuers/internal-ca-2/root.pem'));
    await estate.commit({ [shop]: declared('internal-ca-2')[shop] ?? '' }, 'Move web/shop');
    assert.equal(await said(), undefined);
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
    assert.equal(
      house.memory.installations.get('web/shop@web-01')?.installed?.issued.issuedBy,
      'internal-ca-2',
    );
  });
});
