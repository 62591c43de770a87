/** Which certificate of a chain ends it: those on the path to what clients trust, made by the real openssl. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Certificate } from '../../daemon/core/model.ts';
import type { StoredInstallation } from '../../daemon/journal/journal.ts';
import { noteChainEnds } from '../../daemon/shell/chain-ends.ts';
import type { Memory } from '../../daemon/shell/memory.ts';
import type { World } from '../../daemon/shell/world.ts';
import { chainEndsAt } from '../../daemon/x509/chain-end.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { certificate, day, installed, issued } from '../core/sample.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const workshop = openWorkshop();
after(() => {
  workshop.close();
});
const root = workshop.ca('End Root', { days: 3650 });
const long = workshop.ca('Long', { issuer: root, days: 900 });
const short = workshop.ca('Short', { issuer: root, days: 20 });
const from = (made: typeof root): typeof root => workshop.leaf(made, 'a.example.com', { days: 80 });
const endOf = (made: typeof root): number => certificateFacts(made.der).notAfter;

describe('the end of a chain', () => {
  test('is the leaf’s where everything above lives longer', () => {
    assert.equal(chainEndsAt([from(long).der, long.der], [root.der]), null);
    assert.equal(chainEndsAt([from(long).der], [root.der]), null);
  });
  test('is that of an intermediate that ends first', () => {
    assert.equal(chainEndsAt([from(short).der, short.der], [root.der]), endOf(short));
  });
  test('is not that of a certificate beside the path, which nobody needs', () => {
    assert.equal(chainEndsAt([from(long).der, long.der, short.der], [root.der]), null);
  });
  test('counts everything where the chain leads to none of the anchors', () => {
    assert.equal(chainEndsAt([from(short).der, short.der], []), endOf(short));
  });
});

test('what is installed is renewed before its chain ends, also where an older renewd installed it', async () => {
  const leaf = from(short);
  const spec: Certificate = certificate();
  const record = issued(certificateFacts(leaf.der));
  const renewAt = certificateFacts(leaf.der).notBefore + 53 * day;
  const stored = {
    installed: installed({ issued: record, renewAt }),
    chain: [leaf.pem, short.pem],
    certificate: spec,
  } as unknown as StoredInstallation;
  const memory = {
    desired: {
      certificates: new Map([[spec.id, spec]]),
      issuers: new Map([[spec.issuer, { name: spec.issuer }]]),
    },
    withdrawn: new Map(),
    installations: new Map([['web/shop@web-01', stored]]),
  } as unknown as Memory;
  let saved = 0;
  const world = {
    now: Date.now,
    random: () => 0.5,
    issuer: () => ({ trustAnchors: () => Promise.resolve([root.pem]) }),
    log: { warn: () => undefined },
    journal: { saveInstallation: () => void saved++ },
  } as unknown as World;
  const signal = AbortSignal.timeout(20_000);
  await noteChainEnds(world, memory, [spec.id], signal);
  await noteChainEnds(world, memory, [spec.id], signal);
  assert.equal(saved, 1);
  const now = memory.installations.get('web/shop@web-01')?.installed;
  assert.equal(Date.parse(now?.issued.chainEnds ?? ''), endOf(short));
  assert.ok((now?.renewAt ?? Infinity) < endOf(short) - 5 * day);
});
