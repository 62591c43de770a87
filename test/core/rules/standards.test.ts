/** The rules that standards are made of, at their boundaries. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Certificate, CertificateFacts, Issuer } from '../../../daemon/core/model.ts';
import { rules } from '../../../daemon/core/rules/index.ts';
import type { Ruling, RuleSubject, Settings } from '../../../daemon/core/rules/rule.ts';
import { hashOf } from '../../../daemon/core/rules/signature-algorithms.ts';
import { strengthOf } from '../../../daemon/core/rules/security-strength.ts';
import { certificate, day, facts, handshake, installation, now } from '../sample.ts';
import { subject, team } from './team.ts';

const judge = (rule: string, settings: Settings, changes: Partial<RuleSubject> = {}): Ruling => {
  const found = rules.get(rule);
  assert.ok(found !== undefined, rule);
  return found.judge(subject(changes), settings, now);
};
const asked = (rule: string, settings: Settings, changes: Partial<Certificate>): string =>
  judge(rule, settings, { certificate: certificate(changes) }).verdict;
const found = (
  rule: string,
  settings: Settings,
  changes: Partial<CertificateFacts>,
  more: Partial<RuleSubject> = {},
): string => judge(rule, settings, { stage: 'observed', facts: facts('aa', changes), ...more }).verdict;
const issuer = (labels: Record<string, string>, config: Record<string, unknown> = {}): Issuer => ({
  kind: 'Issuer',
  name: 'i',
  labels,
  source: { file: 'inventory/issuers/i.yaml', line: 1, column: 1 },
  blob: 'b',
  type: 'acme',
  config,
});

describe('lifetime with steps', () => {
  const step = { max: '200d', issuedFrom: '2026-03-15', trust: 'public' };
  const from = Date.UTC(2026, 2, 15);
  const lives = (notBefore: number, days: number): string =>
    found('lifetime-max', step, { notBefore, notAfter: notBefore + days * day });
  test('exactly 200 days from 2026-03-15 pass, one second more fails', () => {
    assert.equal(lives(from, 200), 'pass');
    assert.equal(found('lifetime-max', step, { notBefore: from, notAfter: from + 200 * day + 1000 }), 'fail');
  });
  test('one that began a second before the day is left alone', () => {
    assert.equal(lives(from - 1000, 398), 'not-applicable');
  });
  test('a private issuer is not meant; a label says which issuer is which', () => {
    assert.equal(
      found(
        'lifetime-max',
        step,
        { notBefore: from, notAfter: from + 300 * day },
        { issuer: issuer({ trust: 'private' }) },
      ),
      'not-applicable',
    );
    assert.equal(
      found(
        'lifetime-max',
        step,
        { notBefore: from, notAfter: from + 300 * day },
        { issuer: issuer({ trust: 'public' }) },
      ),
      'fail',
    );
    assert.equal(
      found(
        'lifetime-max',
        step,
        { notBefore: from, notAfter: from + 300 * day },
        { issuer: issuer({}, { roots: 'own' }) },
      ),
      'not-applicable',
    );
  });
});

describe('strength and algorithms', () => {
  test("NIST's table: RSA 2048 is 112, 3072 is 128, P-256 is 128 and not 112, P-384 is 192", () => {
    assert.deepEqual(
      ['rsa-1024', 'rsa-2048', 'rsa-3071', 'rsa-3072', 'rsa-7680', 'ecdsa-p256', 'ecdsa-p384', 'ed25519'].map(
        (each) => strengthOf(each, 0),
      ),
      [80, 112, 112, 128, 192, 128, 192, 128],
    );
    assert.equal(strengthOf('something new', 4096), 0);
  });
  test('exactly the demanded strength passes, one row below fails', () => {
    assert.equal(asked('security-strength', { bits: 112 }, { key: { algorithm: 'rsa-2048' } }), 'pass');
    assert.equal(asked('security-strength', { bits: 128 }, { key: { algorithm: 'rsa-2048' } }), 'fail');
    assert.equal(asked('security-strength', { bits: 128 }, { key: { algorithm: 'ecdsa-p256' } }), 'pass');
  });
  test('a stronger demand never lets more through', () => {
    const algorithm = fc.constantFrom(
      'rsa-2048',
      'rsa-3072',
      'rsa-4096',
      'ecdsa-p256',
      'ecdsa-p384',
      'ed25519',
      'unknown',
    );
    fc.assert(
      fc.property(
        algorithm,
        fc.constantFrom(112, 128, 192, 256),
        fc.constantFrom(112, 128, 192, 256),
        (keyAlgorithm, one, two) => {
          const [low, high] = [Math.min(one, two), Math.max(one, two)];
          if (found('security-strength', { bits: high }, { keyAlgorithm }) === 'pass')
            assert.equal(found('security-strength', { bits: low }, { keyAlgorithm }), 'pass');
        },
      ),
    );
  });
  test('the hash is found in every way a signature is written, and an unknown one is not allowed', () => {
    assert.deepEqual(
      [
        'ecdsa-with-SHA256',
        'sha1WithRSAEncryption',
        'sha256WithRSAEncryption',
        'RSA-SHA512',
        'ED25519',
        'md5WithRSAEncryption',
        '1.2.3',
      ].map(hashOf),
      ['sha256', 'sha1', 'sha256', 'sha512', 'ed25519', 'md5', null],
    );
    const allowed = { allowed: ['sha256'] };
    assert.equal(found('signature-algorithms', allowed, {}), 'pass');
    assert.equal(
      found('signature-algorithms', allowed, { signatureAlgorithm: 'sha1WithRSAEncryption' }),
      'fail',
    );
    assert.equal(found('signature-algorithms', allowed, { signatureAlgorithm: '1.2.3' }), 'fail');
  });
  test('no key of today is quantum safe, one of ML-DSA is', () => {
    assert.equal(asked('quantum-safe-keys', {}, {}), 'fail');
    assert.equal(found('quantum-safe-keys', {}, { keyAlgorithm: 'ML-DSA-87' }), 'pass');
  });
});

describe('names', () => {
  test('a wildcard more than allowed fails; 0 forbids them; below a domain only', () => {
    assert.equal(asked('wildcard-names', { max: 0 }, {}), 'pass');
    assert.equal(asked('wildcard-names', { max: 0 }, { dnsNames: ['*.example.com'] }), 'fail');
    assert.equal(
      asked('wildcard-names', { max: 1 }, { dnsNames: ['*.a.example.com', 'b.example.com'] }),
      'pass',
    );
    const below = { below: ['apps.example.com'] };
    assert.equal(asked('wildcard-names', below, { dnsNames: ['*.apps.example.com'] }), 'pass');
    assert.equal(asked('wildcard-names', below, { dnsNames: ['*.x.apps.example.com'] }), 'pass');
    assert.equal(asked('wildcard-names', below, { dnsNames: ['*.example.com'] }), 'fail');
    assert.equal(asked('wildcard-names', below, { dnsNames: ['*.myapps.example.com'] }), 'fail');
  });
  test('exactly 25 names pass, 26 fail', () => {
    const names = Array.from({ length: 26 }, (_, index) => `n${String(index)}.example.com`);
    assert.equal(asked('name-count-max', { max: 25 }, { dnsNames: names.slice(0, 25) }), 'pass');
    assert.equal(asked('name-count-max', { max: 25 }, { dnsNames: names }), 'fail');
  });
  test('internal names and addresses are not for public trust', () => {
    for (const name of ['intranet', 'db.corp', 'shop.internal', '*.local', 'x.test', 'a.home.arpa'])
      assert.equal(asked('public-names', {}, { dnsNames: [name] }), 'fail', name);
    for (const name of ['shop.example.com', 'internal.example.com', 'corp.com', 'latest.com'])
      assert.equal(asked('public-names', {}, { dnsNames: [name] }), 'pass', name);
    for (const ip of [
      '10.1.2.3',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '100.64.0.1',
      'fd00::1',
      '::1',
    ])
      assert.equal(asked('public-names', {}, { ipAddresses: [ip] }), 'fail', ip);
    for (const ip of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2001:4860::1'])
      assert.equal(asked('public-names', {}, { ipAddresses: [ip] }), 'pass', ip);
    assert.equal(
      judge(
        'public-names',
        { trust: 'public' },
        { issuer: issuer({ trust: 'private' }), certificate: certificate({ dnsNames: ['intranet'] }) },
      ).verdict,
      'not-applicable',
    );
  });
  test('what stands there is for the declared names, no more and no fewer', () => {
    assert.equal(found('names-match', {}, {}), 'pass');
    assert.equal(found('names-match', {}, { dnsNames: ['shop.example.com', 'extra.example.com'] }), 'fail');
    assert.equal(found('names-match', {}, { dnsNames: [] }), 'fail');
  });
});

describe('operation', () => {
  test('TLS 1.2 is enough for 1.2 and not for 1.3; nothing seen is not judged', () => {
    const seen = (protocol: string): Partial<RuleSubject> => ({
      handshakes: [handshake(facts('aa'), { protocol })],
    });
    assert.equal(found('tls-version-min', { min: 'TLSv1.2' }, {}, seen('TLSv1.2')), 'pass');
    assert.equal(found('tls-version-min', { min: 'TLSv1.3' }, {}, seen('TLSv1.2')), 'fail');
    assert.equal(found('tls-version-min', { min: 'TLSv1.2' }, {}, seen('TLSv1.1')), 'fail');
    assert.equal(found('tls-version-min', { min: 'TLSv1.2' }, {}, seen('???')), 'fail');
    assert.equal(found('tls-version-min', { min: 'TLSv1.2' }, {}), 'not-applicable');
  });
  test('a self-signed certificate and that of a CA are found', () => {
    assert.equal(found('no-self-signed', {}, {}), 'pass');
    assert.equal(found('no-self-signed', {}, { selfSigned: true }), 'fail');
    assert.equal(found('no-self-signed', {}, { isCa: true }), 'fail');
  });
  test('usages beyond what is allowed fail, and so does a server certificate without serverAuth', () => {
    const allowed = { allowed: ['serverAuth'] };
    assert.equal(asked('usages-allowed', allowed, {}), 'pass');
    assert.equal(asked('usages-allowed', allowed, { usages: ['serverAuth', 'clientAuth'] }), 'fail');
    assert.equal(found('usages-allowed', allowed, { usages: [] }), 'fail');
  });
  test('where nothing is served nothing is proved', () => {
    assert.equal(asked('proof-declared', {}, {}), 'pass');
    assert.equal(asked('proof-declared', {}, { installations: [{ ...installation, serves: [] }] }), 'fail');
  });
  test('renewal at exactly the latest part passes, later fails; the default is two thirds', () => {
    assert.equal(asked('renewal-margin', { latest: 0.7 }, { renewAtFraction: 0.7 }), 'pass');
    assert.equal(asked('renewal-margin', { latest: 0.7 }, { renewAtFraction: 0.71 }), 'fail');
    assert.equal(asked('renewal-margin', { latest: 0.5 }, {}), 'fail');
    assert.equal(asked('renewal-margin', { latest: 0.67 }, {}), 'pass');
  });
  test('a team that lists issuers uses no other; one that lists none may use what policy allows', () => {
    const uses = (issuers: readonly string[]): string =>
      judge('team-issuers', {}, { team: team({ issuers }) }).verdict;
    assert.equal(uses(['internal-ca']), 'pass');
    assert.equal(uses([]), 'pass');
    assert.equal(uses(['internal']), 'fail');
  });
  test('what is only looked at is not managed', () => {
    assert.equal(asked('managed-drift', { modes: ['enforce', 'report'] }, { drift: 'observe' }), 'fail');
    assert.equal(asked('managed-drift', { modes: ['enforce', 'report'] }, { drift: 'report' }), 'pass');
  });
});

test('no facts, however hostile, make a rule throw or forget its words', () => {
  const text = fc.string({ maxLength: 30 });
  const hostile = fc.record({
    keyAlgorithm: text,
    signatureAlgorithm: text,
    subject: text,
    dnsNames: fc.array(text, { maxLength: 5 }),
    ipAddresses: fc.array(text, { maxLength: 3 }),
    usages: fc.array(text, { maxLength: 3 }),
    keyBits: fc.integer(),
    notBefore: fc.integer(),
    notAfter: fc.integer(),
    selfSigned: fc.boolean(),
    isCa: fc.boolean(),
  });
  fc.assert(
    fc.property(hostile, fc.constantFrom('request', 'issued', 'observed'), (changes, stage) => {
      for (const rule of rules.values()) {
        const ruling = rule.judge(subject({ stage, facts: facts('aa', changes) }), {}, now);
        assert.equal(ruling.message !== '' && ruling.fix !== '', ruling.verdict === 'fail', rule.id);
      }
    }),
  );
});
