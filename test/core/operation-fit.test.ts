/** At every step, each way in which a declaration can change under an operation: what no longer fits is named, what still fits is let be. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operationSteps, type Operation, type OperationStep } from '../../daemon/core/installation-state.ts';
import type { Certificate, Endpoint, Issuer, Profile } from '../../daemon/core/model.ts';
import {
  fateAfter,
  hasCertificate,
  misfitOfDeclaration,
  misfitOfPolicy,
  misfitOfWish,
  termsOf,
  type InForce,
} from '../../daemon/core/operation-fit.ts';
import type { Evaluation } from '../../daemon/core/policy.ts';
import { certificate, day, facts, installation, now } from './sample.ts';

const declared = { labels: {}, source: { file: 'a.yaml', line: 1, column: 1 } };
const issuer: Issuer = {
  ...declared,
  kind: 'Issuer',
  name: 'internal-ca',
  type: 'ca',
  config: {},
  blob: 'issuer-1',
};
const endpoint: Endpoint = {
  ...declared,
  kind: 'Endpoint',
  name: 'web-01',
  team: 'web',
  type: 'ssh',
  config: {},
  blob: 'endpoint-1',
  machine: [],
  profiles: null,
  networks: [],
};
const profile: Profile = {
  ...declared,
  kind: 'Profile',
  name: 'nginx',
  blob: 'profile-1',
  description: '',
  parameters: {},
  paths: [],
  files: [],
  links: [],
  test: [],
  reload: [],
  settleMs: 0,
};
const asked = certificate();
const inForce = { certificate: asked, installation, withdrawn: false, issuer, endpoint, profile };

function operationAt(step: OperationStep, changes: Partial<Operation> = {}): Operation {
  return {
    installation: installation.id,
    id: '00',
    generation: 'g',
    step,
    because: 'renewal due',
    issuer: asked.issuer,
    dnsNames: asked.dnsNames,
    ipAddresses: asked.ipAddresses,
    keyAlgorithm: asked.key.algorithm,
    csrSha256: null,
    startedAt: now,
    issued: null,
    before: null,
    rollback: null,
    terms: termsOf('c'.repeat(40), inForce),
    repairs: false,
    ...changes,
  };
}

const other = (changes: Partial<Certificate>): InForce => ({ ...inForce, certificate: certificate(changes) });

test('what was rejected is not dropped when the declaration of its issuer is corrected', () => {
  const corrected = { ...inForce, issuer: { ...issuer, blob: 'issuer-2' } };
  const rejected = { at: now, issuerBlob: issuer.blob };
  assert.equal(misfitOfDeclaration(operationAt('key-generated', { rejected }), corrected), null);
  assert.notEqual(misfitOfDeclaration(operationAt('key-generated'), corrected), null);
});

/** What changes, and from which step on it no longer matters (never, for all but one). */
const changes: readonly (readonly [string, InForce, (step: OperationStep) => boolean])[] = [
  ['names', other({ dnsNames: ['other.example.com'] }), () => true],
  ['one name less', other({ dnsNames: [] }), () => true],
  ['addresses', other({ ipAddresses: ['192.0.2.1'] }), () => true],
  ['algorithm', other({ key: { algorithm: 'rsa-4096' } }), () => true],
  ['issuer', other({ issuer: 'other-ca' }), () => true],
  ['usages', other({ usages: ['clientAuth'] }), () => true],
  ['lifetime', other({ lifetimeMs: 7 * day }), () => true],
  ['retired', other({ state: 'retired' }), () => true],
  ['deleted', { ...inForce, certificate: null, installation: null }, () => true],
  ['withdrawn', { ...inForce, withdrawn: true }, () => true],
  ['moved', { ...inForce, installation: null }, () => true],
  ['endpoint removed', { ...inForce, endpoint: null }, () => true],
  ['endpoint changed', { ...inForce, endpoint: { ...endpoint, blob: 'endpoint-2' } }, () => true],
  ['profile removed', { ...inForce, profile: null }, () => true],
  ['profile changed', { ...inForce, profile: { ...profile, blob: 'profile-2' } }, () => true],
  ['parameters', { ...inForce, installation: { ...installation, parameters: { config: '/x' } } }, () => true],
  ['issuer removed', { ...inForce, issuer: null }, () => true],
  // The certificate is there: how the issuer is reached no longer matters, and an order would be wasted.
  [
    'declaration of the issuer changed',
    { ...inForce, issuer: { ...issuer, blob: 'issuer-2' } },
    (step) => !hasCertificate(step),
  ],
];

describe('an operation and what is in force', () => {
  for (const step of operationSteps) {
    test(`${step}: nothing changed, it goes on`, () => {
      assert.equal(misfitOfDeclaration(operationAt(step), inForce), null);
    });
    for (const [what, changed, matters] of changes) {
      test(`${step}: ${what}`, () => {
        assert.equal(misfitOfDeclaration(operationAt(step), changed) !== null, matters(step));
      });
    }
    test(`${step}: begun by an older renewd that kept no terms`, () => {
      assert.match(misfitOfDeclaration(operationAt(step, { terms: null }), inForce)?.because ?? '', /older/);
    });
    test(`${step}: policy forbids it by now`, () => {
      const asks = { request: [forbids], issued: [], facts: null, now, skewMaxMs: 1000 };
      assert.equal(misfitOfPolicy(operationAt(step), asks)?.kind, 'policy');
      const reports = { ...asks, request: [{ ...forbids, action: 'report' as const }] };
      assert.equal(misfitOfPolicy(operationAt(step), reports), null);
    });
  }

  const wish = { reissue: { before: now, because: 'the key was copied' } };
  for (const step of operationSteps)
    test(`${step}: a new key is asked for after it was begun`, () => {
      const misfit = (
        changes: Partial<Operation>,
        at = now,
        asked: Partial<Certificate> = wish,
      ): string | null => misfitOfWish(operationAt(step, changes), certificate(asked), at)?.because ?? null;
      assert.match(misfit({ startedAt: now - 1 }) ?? '', /the key was copied/);
      assert.equal(misfit({ startedAt: now }), null, 'begun for it');
      // A clock that was set back meanwhile.
      const demanded = ['reissue 2026-06-01T00:00:00Z'];
      assert.equal(misfit({ startedAt: now - day, demanded }), null, 'begun for it by the clock of then');
      assert.equal(misfit({ startedAt: now - day }, now - 1), null, 'written by a clock that is ahead');
      assert.equal(misfit({ startedAt: now - day }, now, {}), null);
      assert.equal(misfit({ startedAt: now - day, repairs: true }), null, 'a repair makes no key');
    });

  for (const step of operationSteps)
    for (const repairs of [true, false])
      test(`${step}, ${repairs ? 'a repair' : 'a new certificate'}: what a failure leaves of it`, () => {
        const fate = (code: string, disposition: 'retry' | 'wait' | 'stall'): string =>
          fateAfter(operationAt(step, { repairs }), { code, disposition });
        assert.equal(fate('stage-failed', 'stall'), repairs ? 'key-lost' : 'dropped');
        assert.equal(fate('stage-failed', 'retry'), 'kept', 'a full disk');
        assert.equal(fate('csr-rejected', 'stall'), 'dropped');
        assert.equal(fate('unsupported', 'stall'), 'kept');
        assert.equal(fate('not-served', 'retry'), 'kept');
      });

  test('a repair is dropped where places changed, or nothing is put right any more', () => {
    const repair = operationAt('activated', { repairs: true });
    assert.equal(misfitOfDeclaration(repair, inForce), null);
    const elsewhere = { ...inForce, endpoint: { ...endpoint, blob: 'endpoint-2' } };
    assert.match(misfitOfDeclaration(repair, elsewhere)?.because ?? '', /where and how/);
    assert.match(misfitOfDeclaration(repair, other({ drift: 'report' }))?.because ?? '', /drift: report/);
    assert.equal(misfitOfDeclaration(operationAt('issued'), other({ drift: 'report' })), null);
  });

  test('what was issued breaks a rule that the request keeps: dropped, and not tried at once again', () => {
    const asks = { request: [], issued: [forbids], facts: facts('aa'), now, skewMaxMs: 1000 };
    assert.equal(misfitOfPolicy(operationAt('issued'), asks)?.kind, 'rejected');
  });

  test('what was issued by a clock that was ahead is not installed; the skew of clocks is', () => {
    const asks = (notBefore: number): Parameters<typeof misfitOfPolicy>[1] => ({
      request: [],
      issued: [],
      facts: facts('aa', { notBefore }),
      now,
      skewMaxMs: 1000,
    });
    assert.match(misfitOfPolicy(operationAt('issued'), asks(now + 1001))?.because ?? '', /not yet valid/);
    assert.equal(misfitOfPolicy(operationAt('issued'), asks(now + 1000)), null);
  });

  test('what only puts back what was proved is stopped by neither names nor policy, but by the end of its declaration', () => {
    const repair = operationAt('activated', { repairs: true, terms: null });
    assert.equal(misfitOfDeclaration(repair, other({ dnsNames: ['other.example.com'] })), null);
    const asks = { request: [forbids], issued: [forbids], facts: null, now, skewMaxMs: 1000 };
    assert.equal(misfitOfPolicy(repair, asks), null);
    assert.notEqual(misfitOfDeclaration(repair, other({ state: 'retired' })), null);
  });
});

const forbids: Evaluation = {
  rule: 'key-algorithms',
  id: 'key-algorithms',
  level: 'everyone',
  pack: null,
  citation: 'internal',
  effectiveAt: null,
  waiver: null,
  policy: 'baseline',
  action: 'block',
  verdict: 'fail',
  message: 'not allowed',
  source: declared.source,
  explanation: '',
  fix: '',
};
