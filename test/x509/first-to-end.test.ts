/** Which certificate above a leaf ends first, on the way that holds longest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstToEnd } from '../../daemon/x509/chain-end.ts';
import { nameConstraintsDer } from '../../daemon/x509/name-constraints-write.ts';
import { newAuthorityKey, signIntermediate, signRoot, type Authority } from '../../daemon/x509/sign.ts';

const day = 86_400_000;
const now = 1_780_272_000_000;
let serials = 1;
const serial = (): string => `01${String(serials++).padStart(32, '0')}`;
const span = (days: number) => ({ notBefore: now, notAfter: now + days * day });
const root = async (name: string, days: number, keyPem = newAuthorityKey()): Promise<Authority> => ({
  keyPem,
  certificate: await signRoot(keyPem, `CN=${name}`, serial(), span(days)),
});
const below = async (
  issuer: Authority,
  name: string,
  days: number,
  keyPem = newAuthorityKey(),
): Promise<Authority> => ({
  keyPem,
  certificate: await signIntermediate(issuer, {
    keyPem,
    subject: `CN=${name}`,
    serial: serial(),
    validity: span(days),
    nameConstraints: nameConstraintsDer(['example.com'], []),
  }),
});
const ends = (
  chain: readonly Authority[],
  anchors: readonly Authority[] | null,
): readonly [string, number, boolean] | null => {
  const ders = (all: readonly Authority[]): Uint8Array[] => all.map(({ certificate }) => certificate);
  const end = firstToEnd(ders(chain), anchors === null ? null : ders(anchors));
  return end === null ? null : [end.subject, (end.notAfter - now) / day, end.isAnchor];
};

test('the first to end above the leaf counts, whichever it is', async () => {
  const long = await root('Long', 1000);
  const short = await root('Short', 100);
  const issuing = await below(long, 'Issuing', 300);
  const leaf = await below(issuing, 'Leaf', 20);
  assert.deepEqual(ends([leaf, issuing], [long]), ['CN=Issuing', 300, false]);
  assert.deepEqual(ends([leaf, issuing], null), ['CN=Issuing', 300, false]);
  const under = await below(short, 'Under', 300);
  const other = await below(under, 'Other', 20);
  assert.deepEqual(ends([other, under], [long, short]), ['CN=Short', 100, true]);
  assert.deepEqual(ends([other], [under]), ['CN=Under', 300, true]);
});

test('of several ways the one that holds longest counts: a root that is made anew ends the trouble of the old one', async () => {
  const old = await root('Root', 50);
  const anew = await root('Root', 900, old.keyPem);
  const issuing = await below(old, 'Issuing', 400);
  const leaf = await below(issuing, 'Leaf', 20);
  assert.deepEqual(ends([leaf, issuing], [old]), ['CN=Root', 50, true]);
  assert.deepEqual(ends([leaf, issuing], [old, anew]), ['CN=Issuing', 400, false]);
  // A cross-signature below a root that clients trust longer.
  const elsewhere = await root('Elsewhere', 700);
  const cross = await below(elsewhere, 'Root', 600, old.keyPem);
  assert.deepEqual(ends([leaf, issuing, cross], [old, elsewhere]), ['CN=Issuing', 400, false]);
  const longer = await below(old, 'Issuing', 650, issuing.keyPem);
  assert.deepEqual(ends([leaf, issuing, longer, cross], [elsewhere]), ['CN=Root', 600, false]);
});

test('where nothing stands above it, or no way leads to an anchor, nothing is said', async () => {
  const one = await root('One', 100);
  const two = await root('Two', 100);
  const leaf = await below(one, 'Leaf', 20);
  assert.equal(ends([], [one]), null);
  assert.equal(ends([leaf], null), null);
  assert.equal(ends([leaf], [two]), null);
  assert.deepEqual(ends([leaf], [one, two]), ['CN=One', 100, true]);
});
