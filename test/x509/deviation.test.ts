/** One thing at a time is changed in an issued certificate: the check must name it, whatever else is true. Bytes too: no damaged chain is believed. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { before, test } from 'node:test';
import * as fc from 'fast-check';
import { checkIssued, type IssuedQuestion } from '../../daemon/x509/issued.ts';
import { nameConstraintsDer } from '../../daemon/x509/name-constraints-write.ts';
import {
  newAuthorityKey,
  signIntermediate,
  signLeaf,
  signRoot,
  type Authority,
  type LeafRequest,
} from '../../daemon/x509/sign.ts';
import { altNames, asks, request } from '../fixtures/der.ts';

const now = Date.UTC(2026, 10, 21, 12);
const hour = 3_600_000;
const day = 24 * hour;
const serial = (text: string): string => `01${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
const centre = { notBefore: now - day, notAfter: now + 3650 * day };

async function authority(organization: string): Promise<{ root: Authority; middle: Authority }> {
  const rootKey = newAuthorityKey();
  const root = {
    keyPem: rootKey,
    certificate: await signRoot(rootKey, `CN=${organization} Root`, serial('root'), centre),
  };
  const middleKey = newAuthorityKey();
  const certificate = await signIntermediate(root, {
    keyPem: middleKey,
    subject: `CN=${organization} Intermediate`,
    serial: serial('middle'),
    validity: centre,
    nameConstraints: nameConstraintsDer(['example.com'], []),
  });
  return { root, middle: { keyPem: middleKey, certificate } };
}

let ours: Awaited<ReturnType<typeof authority>>;
let strangers: Awaited<ReturnType<typeof authority>>;
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const csr = request({ key: keys, attributes: [asks([altNames([0x82, 'shop.example.com'])])] });
before(async () => {
  ours = await authority('Ours');
  strangers = await authority('Ours');
});

const approved: IssuedQuestion['subject'] = {
  dnsNames: ['shop.example.com', 'www.example.com'],
  ipAddresses: [],
  usages: ['serverAuth'],
  lifetimeMs: 90 * day,
};
const asked: LeafRequest = {
  publicKey: keys.publicKey.export({ format: 'der', type: 'spki' }),
  keyAlgorithm: 'ecdsa-p256',
  commonName: 'shop.example.com',
  dnsNames: approved.dnsNames,
  ipAddresses: [],
  usages: approved.usages,
  serial: serial('leaf'),
  validity: { notBefore: now - 5 * 60_000, notAfter: now - 5 * 60_000 + 90 * day },
  crlUrl: null,
};

async function judge(
  change: Partial<LeafRequest>,
  by: Authority = ours.middle,
  chain: (leaf: Uint8Array) => Uint8Array[] = (leaf) => [leaf, ours.middle.certificate],
): Promise<string[]> {
  const leaf = await signLeaf(by, { ...asked, ...change });
  return checkIssued({
    chain: chain(leaf),
    csr,
    subject: approved,
    trustAnchors: [ours.root.certificate],
    now,
  });
}

test('what was asked for has no deviation', async () => {
  assert.deepEqual(await judge({}), []);
});

const label = fc
  .stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
  .filter((each) => each !== 'shop' && each !== 'www');
const host = label.map((each) => `${each}.example.com`);
type Change = readonly [Partial<LeafRequest>, RegExp];

const changes: Readonly<Record<string, fc.Arbitrary<Change>>> = {
  'another key': fc.constant([
    { publicKey: otherKeys.publicKey.export({ format: 'der', type: 'spki' }) },
    /another key than the CSR/,
  ]),
  'a name more': host.map((each) => [{ dnsNames: [...approved.dnsNames, each] }, new RegExp(`has ${each} which was not asked for`)]),
  'a wildcard more': label.map((each) => [{ dnsNames: [...approved.dnsNames, `*.${each}.example.com`] }, /which was not asked for/]),
  'a name less': fc.constantFrom<Change>(
    [{ dnsNames: ['shop.example.com'] }, /lacks www\.example\.com/],
    [{ dnsNames: ['www.example.com'], commonName: null }, /lacks shop\.example\.com/],
  ),
  'an address': fc.ipV4().map((each) => [{ ipAddresses: [each] }, new RegExp(`other IP addresses than planned.*${each}`)]),
  'a common name': host.map((each) => [{ commonName: each }, new RegExp(`common name "${each}"`)]),
  'another purpose': fc.constant<Change>([{ usages: ['clientAuth'] }, /not for serverAuth/]),
  'a longer life': fc.integer({ min: 2, max: 3000 * 86_400 }).map((seconds) => [
    { validity: { ...asked.validity, notAfter: asked.validity.notAfter + seconds * 1000 } },
    /lives longer than planned/,
  ]),
  'a beginning in the future': fc.integer({ min: 301, max: 90 * 86_400 }).map((seconds) => [
    { validity: { notBefore: now + seconds * 1000, notAfter: now + seconds * 1000 + day } },
    /begins in the future/,
  ]),
  'an end in the past': fc.integer({ min: 0, max: 364 * 86_400 }).map((seconds) => [
    { validity: { notBefore: now - 365 * day, notAfter: now - seconds * 1000 } },
    /has already expired/,
  ]),
  'a serial of too many bytes': fc.constant<Change>([{ serial: 'ab'.repeat(21) }, /serial number has a forbidden form/]),
}; // prettier-ignore

for (const [what, change] of Object.entries(changes)) {
  test(`property: ${what} is named`, async () => {
    await fc.assert(
      fc.asyncProperty(change, async ([changed, expected]) => {
        assert.match((await judge(changed)).join('; '), expected);
      }),
      { numRuns: 20 },
    );
  });
}

test('the life that was asked for may be one second more, as X.509 counts the last second, and no more', async () => {
  const longer = (ms: number) => ({
    validity: { ...asked.validity, notAfter: asked.validity.notAfter + ms },
  });
  assert.deepEqual(await judge(longer(1000)), []);
  assert.match((await judge(longer(2000))).join(), /lives longer/);
});

test('a beginning five minutes ahead is a slow clock of ours; a second more is not', async () => {
  const begins = (ms: number) => ({ validity: { notBefore: now + ms, notAfter: now + ms + day } });
  assert.deepEqual(await judge(begins(300_000)), []);
  assert.match((await judge(begins(301_000))).join(), /begins in the future/);
});

test('a certificate of a CA with the same name and another key is not believed', async () => {
  const foreign = (await judge({}, strangers.middle)).join('; ');
  assert.match(foreign, /was not issued by the next one/);
  assert.match(foreign, /does not lead to a trusted root/);
  const whole = await judge({}, strangers.middle, (leaf) => [leaf, strangers.middle.certificate]);
  assert.match(whole.join('; '), /does not lead to a trusted root/);
});

test('a chain without its intermediate, with one too many between, or too long is not believed', async () => {
  assert.match((await judge({}, undefined, (leaf) => [leaf])).join(), /does not lead to a trusted root/);
  const between = await judge({}, undefined, (leaf) => [
    leaf,
    strangers.middle.certificate,
    ours.middle.certificate,
  ]);
  assert.match(between.join(), /certificate 0 of the chain was not issued by the next one/);
  const long = await judge({}, undefined, (leaf) => [
    leaf,
    ...Array.from({ length: 16 }, () => ours.middle.certificate),
  ]);
  assert.deepEqual(long, ['the chain is too long']);
});

test('an end entity that signs another is no CA', async () => {
  const pair = newAuthorityKey();
  const middle = await signLeaf(ours.middle, asked);
  const leaf = await signLeaf({ certificate: middle, keyPem: pair }, asked);
  const deviations = checkIssued({
    chain: [leaf, middle, ours.middle.certificate],
    csr,
    subject: approved,
    trustAnchors: [ours.root.certificate],
    now,
  });
  assert.match(deviations.join('; '), /certificate 0 of the chain was not issued by the next one/);
});

test('every byte of leaf and intermediate: changed, the chain is no longer believed, and nothing is thrown', async () => {
  const leaf = await signLeaf(ours.middle, asked);
  const chain = [leaf, ours.middle.certificate];
  for (const [which, der] of chain.entries()) {
    for (let index = 0; index < der.length; index++) {
      const damaged = Uint8Array.from(der);
      damaged[index] = (damaged[index] ?? 0) ^ (1 << (index % 8));
      const deviations = checkIssued({
        chain: chain.map((each, at) => (at === which ? damaged : each)),
        csr,
        subject: approved,
        trustAnchors: [ours.root.certificate],
        now,
      });
      assert.ok(deviations.length > 0, `byte ${String(index)} of certificate ${String(which)}`);
    }
  }
});
