/** Edges of rules that a changed line would move without any other test noticing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Certificate, CertificateFacts, Issuer } from '../../../daemon/core/model.ts';
import { rules } from '../../../daemon/core/rules/index.ts';
import { isPublicTrust, type RuleSubject, type Settings } from '../../../daemon/core/rules/rule.ts';
import { strengthOf } from '../../../daemon/core/rules/security-strength.ts';
import { certificate, day, facts, handshake, now } from '../sample.ts';
import { subject } from './team.ts';

const judge = (rule: string, settings: Settings, changes: Partial<RuleSubject>): string =>
  rules.get(rule)?.judge(subject(changes), settings, now).verdict ?? 'no such rule';
const asked = (rule: string, settings: Settings, changes: Partial<Certificate>): string =>
  judge(rule, settings, { certificate: certificate(changes) });
const found = (rule: string, settings: Settings, changes: Partial<CertificateFacts>): string =>
  judge(rule, settings, { stage: 'observed', facts: facts('aa', changes) });
const issuer = (type: string, trust: string | null): Issuer => {
  const source = { file: 'inventory/issuers/i.yaml', line: 1, column: 1 };
  const labels = trust === null ? {} : { trust };
  return { kind: 'Issuer', name: 'i', labels, source, blob: 'b', type, config: {} };
};

describe('names', () => {
  test('a star anywhere in a name is a wildcard', () => {
    for (const name of ['*.example.com', 'f*.example.com', 'www.*.example.com', '*'])
      assert.equal(found('wildcard-names', { max: 0 }, { dnsNames: [name] }), 'fail', name);
  });
  test('a wildcard of exactly the domain is below it, and case makes no difference', () => {
    const below = { below: ['Apps.example.com'] };
    assert.equal(asked('wildcard-names', below, { dnsNames: ['*.apps.EXAMPLE.com'] }), 'pass');
    assert.equal(asked('wildcard-names', below, { dnsNames: ['*.myapps.example.com'] }), 'fail');
  });
  test('an address more or fewer than declared is not what was asked for', () => {
    assert.equal(found('names-match', {}, { ipAddresses: ['203.0.113.9'] }), 'fail');
    const declared = certificate({ ipAddresses: ['203.0.113.9'] });
    const seen = (ipAddresses: readonly string[]): string =>
      judge(
        'names-match',
        {},
        {
          stage: 'observed',
          certificate: declared,
          facts: facts('aa', { ipAddresses }),
        },
      );
    assert.equal(seen([]), 'fail');
    assert.equal(seen(['203.0.113.9']), 'pass');
  });
  test('a wildcard below a single label is internal', () => {
    assert.equal(asked('public-names', {}, { dnsNames: ['*.intranet'] }), 'fail');
  });
});

describe('keys and signatures', () => {
  test('ML-DSA has the strength of its category, so no pack can demand it and refuse it at once', () => {
    assert.deepEqual(
      ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'].map((each) => strengthOf(each, 0)),
      [128, 192, 256],
    );
    assert.equal(found('security-strength', { bits: 192 }, { keyAlgorithm: 'ml-dsa-87' }), 'pass');
    assert.equal(found('quantum-safe-keys', {}, { keyAlgorithm: 'ml-dsa-87' }), 'pass');
  });
  test('the ends of the table: RSA 15360, P-521, Ed448', () => {
    assert.deepEqual(
      ['rsa-15359', 'rsa-15360', 'ecdsa-p521', 'ed448'].map((each) => strengthOf(each, 0)),
      [192, 256, 256, 224],
    );
  });
  test('a larger RSA key is never weaker', () => {
    const size = fc.integer({ min: 1, max: 20_000 });
    const strength = (bits: number): number => strengthOf(`rsa-${String(bits)}`, bits);
    fc.assert(
      fc.property(size, size, (one, two) => {
        assert.ok(strength(Math.min(one, two)) <= strength(Math.max(one, two)));
      }),
    );
  });
  test('a request is judged by what it asks for, also where something stands already', () => {
    const settings = { algorithms: ['ecdsa-p256'] };
    const old = facts('aa', { keyAlgorithm: 'rsa-1024' });
    assert.equal(judge('key-algorithms', settings, { stage: 'request', facts: old }), 'pass');
  });
  test('rules set for public trust are silent about private issuers', () => {
    const broken = {
      stage: 'observed',
      facts: facts('aa', { keyAlgorithm: 'rsa-512', signatureAlgorithm: 'md5WithRSAEncryption' }),
    } as const;
    for (const [rule, settings] of [
      ['key-algorithms', { algorithms: ['ecdsa-p256'], trust: 'public' }],
      ['signature-algorithms', { allowed: ['sha256'], trust: 'public' }],
    ] as const) {
      assert.equal(judge(rule, settings, { ...broken, issuer: issuer('acme', null) }), 'fail', rule);
      assert.equal(judge(rule, settings, { ...broken, issuer: issuer('ca', null) }), 'not-applicable', rule);
    }
  });
  test('an issuer that is no ACME one is private until its label says public', () => {
    assert.deepEqual(
      [issuer('ca', null), issuer('ca', 'public'), issuer('acme', null), issuer('acme', 'private'), null].map(
        isPublicTrust,
      ),
      [false, true, true, false, true],
    );
  });
});

describe('operation', () => {
  test('serverAuth is missed before anything is issued', () => {
    const allowed = { allowed: ['serverAuth', 'clientAuth'] };
    assert.equal(asked('usages-allowed', allowed, { usages: ['clientAuth'] }), 'fail');
    assert.equal(asked('usages-allowed', allowed, { usages: ['serverAuth', 'clientAuth'] }), 'pass');
  });
  test('an address that gave no handshake is not judged as an old version', () => {
    const silent = handshake(null, { protocol: null });
    const seen = { stage: 'observed', facts: facts('aa'), handshakes: [silent] } as const;
    assert.equal(judge('tls-version-min', { min: 'TLSv1.2' }, seen), 'not-applicable');
    const mixed = { ...seen, handshakes: [silent, handshake(facts('aa'))] };
    assert.equal(judge('tls-version-min', { min: 'TLSv1.2' }, mixed), 'pass');
  });
  test('a lifetime below ten days is renewed at half of it, one of ten days at two thirds', () => {
    const half = { latest: 0.5 };
    assert.equal(asked('renewal-margin', half, { lifetimeMs: 10 * day - 1 }), 'pass');
    assert.equal(asked('renewal-margin', half, { lifetimeMs: 10 * day }), 'fail');
    assert.equal(asked('renewal-margin', half, { lifetimeMs: null }), 'fail');
  });
});

test('a longer list, a larger number, a later day never allows less', () => {
  const size = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(size, size, size, (one, two, count) => {
      const [low, high] = [Math.min(one, two), Math.max(one, two)];
      const dnsNames = Array.from({ length: count }, (_, index) => `*.n${String(index)}.example.com`);
      for (const rule of ['wildcard-names', 'name-count-max']) {
        if (asked(rule, { max: low }, { dnsNames }) === 'pass')
          assert.equal(asked(rule, { max: high }, { dnsNames }), 'pass', rule);
      }
      const lifetimeMs = count * day;
      if (asked('lifetime-max', { max: `${String(low + 1)}d` }, { lifetimeMs }) === 'pass')
        assert.equal(asked('lifetime-max', { max: `${String(high + 1)}d` }, { lifetimeMs }), 'pass');
    }),
  );
});
