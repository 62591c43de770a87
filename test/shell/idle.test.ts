/** A flood of commits that change nothing, pushed by somebody without a key: what known people push after it is judged in the same turn. Real git and real OpenSSH signatures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import { certificate, openSignedEstate } from './signed-estate.ts';

test('more empty commits than a turn judges delay neither a revocation nor an approval', async (context) => {
  const estate = await openSignedEstate();
  context.after(() => estate.close());
  const { pia, ada } = estate.people;
  assert.ok(pia !== undefined && ada !== undefined);
  const ask = (name: string, dnsName: string): Promise<void> => {
    const path = `inventory/certificates/web/${name}.yaml`;
    estate.tree.commit({ [path]: certificate(name, dnsName) }, `ada asks for ${name}`, { by: ada });
    return estate.push();
  };
  await ask('all', '*.example.com');
  const hash = [...estate.memory().held.values()][0]?.hash ?? '';
  const flood = limits.governance.commitsPerTurnMax + 500;
  estate.noise(flood, `Renewd-Approve: ${hash}`);
  await estate.push();
  assert.equal(estate.inForce('web/all'), false);
  estate.noise(flood, 'nothing');
  estate.tree.commit({}, 'Approve', { by: pia, trailers: [`Renewd-Approve: ${hash}`] });
  const key = readFileSync(`${ada.keyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  estate.tree.commit({ 'policies/revoked_keys': `${key}\n` }, 'pia revokes', { by: pia });
  await estate.push();
  assert.equal(estate.memory().accepted, estate.tree.git('rev-parse', 'HEAD'));
  assert.equal(estate.inForce('web/all'), true);
  await ask('late', 'late.example.com');
  assert.equal(estate.inForce('web/late'), false);
});
