/** The packs that come with renewd: each can be read, cites its source at every entry, and has something it lets pass and something that breaks each entry. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildDesired } from '../daemon/core/desired.ts';
import type { PolicyPack } from '../daemon/core/model.ts';
import { compilePolicies, evaluate, type Evaluation } from '../daemon/core/policy.ts';
import { rules } from '../daemon/core/rules/index.ts';
import type { RuleSubject } from '../daemon/core/rules/rule.ts';
import { customRule } from '../daemon/expressions/custom-rule.ts';
import { builtIns, documentReader } from '../daemon/reader.ts';
import { certificate, day, everyone, facts, handshake, installation, policySet } from './core/sample.ts';
import { subject, team } from './core/rules/team.ts';

const desired = buildDesired('c', [], builtIns(documentReader()));
const late = Date.UTC(2040, 0, 1);

function judge(pack: PolicyPack, seen: Partial<RuleSubject>, at = late): readonly Evaluation[] {
  const reference = { pack: pack.name, action: null, locked: false, source: pack.source };
  const policy = {
    kind: 'Policy',
    name: 'p',
    labels: {},
    source: pack.source,
    blob: 'b',
    description: '',
    selector: everyone,
    packs: [reference],
    rules: [],
  } as const;
  const compiled = compilePolicies(policySet([policy], { packs: new Map([[pack.name, pack]]) }), customRule);
  return (['request', 'issued'] as const).flatMap((stage) =>
    evaluate(compiled, subject({ ...seen, stage }), at),
  );
}

const leaf = {
  notBefore: late - day,
  notAfter: late + 20 * day,
  keyAlgorithm: 'ecdsa-p384',
  signatureAlgorithm: 'ecdsa-with-SHA384',
};
const good: Partial<RuleSubject> = {
  certificate: certificate({
    lifetimeMs: 20 * day,
    key: { algorithm: 'ecdsa-p384' },
    dnsNames: ['shop.example.com'],
  }),
  facts: facts('aa', leaf),
  handshakes: [handshake(facts('aa', leaf))],
  team: team({ endpoints: ['web-01'] }),
};
const bad: Partial<RuleSubject> = {
  certificate: certificate({
    lifetimeMs: 5000 * day,
    key: { algorithm: 'rsa-2048' },
    dnsNames: ['*.corp', '*.local', ...Array.from({ length: 40 }, (_, index) => `n${String(index)}.corp`)],
    drift: 'observe',
    renewAtFraction: 0.99,
    installations: [{ ...installation, serves: [] }],
  }),
  facts: facts('bb', {
    notBefore: late - day,
    notAfter: late + 5000 * day,
    keyAlgorithm: 'rsa-1024',
    signatureAlgorithm: 'sha1WithRSAEncryption',
    selfSigned: true,
    usages: ['codeSigning'],
  }),
  handshakes: [handshake(facts('bb'), { protocol: 'TLSv1.1' })],
  team: null,
};

test('the packs are there', () => {
  assert.deepEqual([...desired.packs.keys()].sort(), [
    'ca-browser-forum',
    'cnsa-2.0',
    'internal-baseline',
    'mozilla-intermediate-6.0',
    'mozilla-modern-6.0',
    'nist-ir-8547',
    'nist-sp-1800-16',
    'nist-sp-800-131a',
    'nist-sp-800-52r2',
    'nist-sp-800-57',
    'pci-dss-4.0.1',
  ]);
  assert.deepEqual(desired.problems, []);
});

for (const pack of desired.packs.values()) {
  describe(pack.name, () => {
    test('every entry has a rule that is known and a citation', () => {
      for (const each of pack.rules) {
        assert.ok(rules.has(each.rule), each.rule);
        assert.ok((each.citation ?? '').length > 3, each.id);
      }
    });
    test('a good certificate passes it whole, but for what no key of today can keep', () => {
      const broken = judge(pack, good).filter(
        (each) => each.verdict === 'fail' && each.rule !== 'quantum-safe-keys',
      );
      assert.deepEqual(
        broken.map((each) => each.message),
        [],
      );
    });
    test('a bad one breaks every entry', () => {
      const failed = new Set(
        judge(pack, bad)
          .filter((each) => each.verdict === 'fail')
          .map((each) => each.id),
      );
      assert.deepEqual(
        pack.rules.map((each) => each.id).filter((id) => !failed.has(id)),
        [],
      );
    });
    test('before its days it announces, and breaks nothing that has a day', () => {
      const early = judge(pack, bad, Date.UTC(2020, 0, 1)).filter((each) => each.effectiveAt !== null);
      assert.equal(
        early.every((each) => each.verdict === 'not-yet-effective'),
        true,
      );
      assert.equal(
        new Set(early.map((each) => each.id)).size,
        pack.rules.filter((each) => each.effectiveAt !== null).length,
      );
    });
  });
}

describe('packs together', () => {
  test('no two entries of any packs share an id: a pack for a group must not take the place of another one', () => {
    const ids = [...desired.packs.values()].flatMap((pack) => pack.rules.map((each) => each.id));
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
  });
  test('no entry has the id of a rule: reporting on a standard must not loosen what renewd denies by default', () => {
    const ids = [...desired.packs.values()].flatMap((pack) => pack.rules.map((each) => each.id));
    assert.deepEqual(
      ids.filter((id) => rules.has(id)),
      [],
    );
  });
});
