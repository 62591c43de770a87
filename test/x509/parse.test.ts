/** One parse, one truth: no certificate is found inside another one, whatever a parser of Node or of a package would make of the bytes. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { X509Certificate as PackageCertificate } from '@peculiar/x509';
import { readCertificateFields } from '../../daemon/x509/certificate.ts';
import { judgeChain } from '../../daemon/x509/chain.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { checkIssued } from '../../daemon/x509/issued.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { parseSigningCertificate, parseSigningKey } from '../../daemon/x509/parse-for-signing.ts';
import { isVerifiedBy, parseCertificate, parsePublicKey, verificationCost } from '../../daemon/x509/parse.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { isSignedBy } from '../../daemon/x509/signed-by.ts';
import { dnsName, intermediate, leaf, newKeys, root, san, type HandMade } from '../fixtures/certificate.ts';
import { der, oid, request, sequence } from '../fixtures/der.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const now = Date.parse('2026-11-21T00:00:00Z');
const trusted = root();
const genuine = leaf(trusted);
const genuineCa = intermediate(trusted);
const thief = newKeys();

/** The genuine certificate as text, where a parser that looks for PEM first finds it. */
const inside = (of: HandMade): Buffer => Buffer.from(`\n${derToPem(of.der)}`);

/** Certificates of the thief's key that hold a genuine one, by where it is hidden. */
const hidings: readonly [string, (of: HandMade) => HandMade][] = [
  ['in an unknown extension', (of) => leaf(trusted, { keys: thief, changes: { '1.2.3.4': ['1.2.3.4', inside(of)] }, sign: forge })],
  ['in the subject', (of) => leaf(trusted, { keys: thief, subject: sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, inside(of))))), sign: forge })],
  ['in the names', (of) => leaf(trusted, { keys: thief, changes: { '2.5.29.17': san(dnsName('evil.example.com'), der(0x86, inside(of))) }, sign: forge })],
  ['in the signature', (of) => leaf(trusted, { keys: thief, sign: () => inside(of) })],
  ['as a CA', (of) => intermediate(trusted, { keys: thief, changes: { '1.2.3.4': ['1.2.3.4', inside(of)] }, sign: forge })],
]; // prettier-ignore

function forge(): Uint8Array {
  return Buffer.alloc(70, 7);
}

describe('a certificate with a genuine one inside', () => {
  for (const [where, make] of hidings) {
    test(`${where} is refused by every reader`, () => {
      const forged = make(genuine).der;
      // The attack is real: node:crypto believes the inner one.
      assert.equal(Buffer.compare(new NodeCertificate(forged).raw, genuine.der), 0);
      assert.throws(() => parseCertificate(forged), MalformedInput);
      assert.throws(() => parseSigningCertificate(forged), MalformedInput);
      assert.throws(() => certificateFacts(forged), MalformedInput);
    });
    test(`${where} is trusted neither as a leaf nor as a CA`, () => {
      const asLeaf = judgeChain({ leaf: make(genuine).der, intermediates: [], anchors: [trusted.der], now });
      assert.equal(asLeaf.verdict, 'untrusted');
      const forgedCa = make(genuineCa);
      const below = leaf(
        { ...forgedCa, keys: thief },
        { changes: { '2.5.29.17': san(dnsName('example.com')) } },
      );
      const asCa = judgeChain({
        leaf: below.der,
        intermediates: [forgedCa.der],
        anchors: [trusted.der],
        now,
      });
      assert.equal(asCa.verdict, 'untrusted');
      const asAnchor = judgeChain({ leaf: below.der, intermediates: [], anchors: [forgedCa.der], now });
      assert.equal(asAnchor.verdict, 'untrusted');
    });
    test(`${where} is not accepted from an issuer`, () => {
      const deviations = checkIssued({
        chain: [make(genuine).der],
        csr: request({ key: thief }),
        subject: { dnsNames: ['example.com'], ipAddresses: [], usages: ['serverAuth'], lifetimeMs: null },
        trustAnchors: [trusted.der],
        now,
      });
      assert.match(deviations.join(), /cannot be read/);
    });
  }
  test('the package finds the inner one too, where the outer one is text', () => {
    const text = Buffer.from(derToPem(genuine.der));
    assert.equal(new PackageCertificate(text).serialNumber, new PackageCertificate(genuine.der).serialNumber);
    for (const read of [parseCertificate, parseSigningCertificate, certificateFacts])
      assert.throws(() => read(text), MalformedInput);
  });
});

test('what Node would read and DER does not allow is refused by the door', () => {
  const bytes = Buffer.from(genuine.der);
  for (const spoiled of [
    Buffer.concat([bytes, Buffer.from([0])]),
    Buffer.concat([Buffer.from([0x30, 0x80]), bytes.subarray(4), Buffer.from([0, 0])]),
    Buffer.from(derToPem(genuine.der)),
    Buffer.from(bytes.toString('base64')),
    Buffer.from(bytes.toString('hex')),
  ]) {
    assert.throws(() => parseCertificate(spoiled), MalformedInput);
    assert.throws(() => parseSigningCertificate(spoiled), MalformedInput);
    assert.throws(() => readCertificateFields(spoiled), MalformedInput);
  }
});

test('a key is read only in the one form in which it is written again', () => {
  const { publicKey } = newKeys();
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  assert.ok(parsePublicKey(spki).equals(publicKey));
  assert.equal(Buffer.compare(Buffer.from(parseSigningKey(spki).rawData), spki), 0);
  const point = spki.subarray(-64);
  const withPoint = (...bytes: readonly Uint8Array[]): Buffer =>
    sequence(
      sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')),
      der(0x03, Uint8Array.of(0), ...bytes),
    );
  for (const bad of [
    Buffer.concat([spki, Buffer.from([0])]),
    Buffer.from(publicKey.export({ format: 'pem', type: 'spki' })),
    withPoint(Uint8Array.of(0)),
    withPoint(Uint8Array.of(4), point.subarray(0, 63), Uint8Array.of((point.at(-1) ?? 0) ^ 1)),
  ]) {
    assert.throws(() => parsePublicKey(bad), MalformedInput);
    assert.throws(() => parseSigningKey(bad), MalformedInput);
  }
});

test('a signature that is dear to verify is no signature, although it is genuine and OpenSSL takes it', (context) => {
  const shop = openWorkshop();
  context.after(() => {
    shop.close();
  });
  const made = (exponent: bigint): Uint8Array => {
    const words = ['-pkeyopt', 'rsa_keygen_bits:2048', '-pkeyopt', `rsa_keygen_pubexp:${String(exponent)}`];
    return shop.ca('Dear', { algorithm: ['-algorithm', 'RSA', ...words] }).der;
  };
  const honest = made(65_537n);
  assert.ok(isSignedBy(honest, honest) && certificateFacts(honest).selfSigned);
  const dear = made(2n ** 256n + 1n);
  const parsed = parseCertificate(dear);
  assert.ok(parsed.verify(parsed.publicKey), 'OpenSSL takes it');
  assert.equal(verificationCost(parsed.publicKey), null);
  assert.ok(!isVerifiedBy(parsed, parsed) && !isSignedBy(dear, dear));
  assert.equal(certificateFacts(dear).selfSigned, false);
  const question = { leaf: dear, intermediates: [], anchors: [dear], now: Date.now() };
  assert.equal(judgeChain(question).verdict, 'untrusted');
  const spki = Buffer.from(parsed.publicKey.export({ format: 'der', type: 'spki' }));
  assert.throws(() => parsePublicKey(spki), /too large to verify with/);
});
