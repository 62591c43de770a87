/** A proof that nobody gave is none: every reading of `proof` and `provedAt`, from the record to the figures. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { describeChange } from '../../daemon/core/audit-line.ts';
import { proofOf, withProof } from '../../daemon/core/proof.ts';
import { certificateRecord } from '../../daemon/core/record.ts';
import type { IssuedRecord, ProofState } from '../../daemon/core/record-format.ts';
import type { Issuance, ServiceFacts } from '../../daemon/core/service/facts.ts';
import { teamMaturity } from '../../daemon/core/service/maturity.ts';
import { serviceMetrics } from '../../daemon/core/service/metrics.ts';
import { assessment, certificate, facts, installed, issued, now } from './sample.ts';

const at = '2026-05-22T00:00:00Z';

describe('what a record says of its proof', () => {
  const table: readonly (readonly [string, ProofState | undefined, string | null, number, ProofState])[] = [
    ['an older record that was proved at an address', undefined, at, 1, 'served'],
    ['an older record with a proof and no address', undefined, at, 0, 'nothing-to-prove'],
    ['an older record without a proof', undefined, null, 2, 'awaited'],
    ['an older record without a proof and without an address', undefined, null, 0, 'nothing-to-prove'],
    ['served', 'served', at, 1, 'served'],
    ['served once, and no address is declared any more', 'served', at, 0, 'served'],
    ['nothing to prove, and an address was declared since', 'nothing-to-prove', null, 1, 'nothing-to-prove'],
    ['nothing to prove, with an instant', 'nothing-to-prove', at, 1, 'nothing-to-prove'],
    ['awaited with an instant', 'awaited', at, 1, 'awaited'],
    ['served without an instant', 'served', null, 1, 'awaited'],
  ];
  for (const [words, proof, provedAt, addresses, state] of table) {
    test(`${words}: ${state}`, () => {
      const given = proof === undefined ? { provedAt } : { proof, provedAt };
      assert.deepEqual(proofOf(given, addresses), { state, at: state === 'served' ? at : null });
    });
  }

  test('the program writes a proof only when every declared address showed it, and keeps the first one', () => {
    const fresh: IssuedRecord = { ...issued(facts('aa')), provedAt: null };
    const state = (addresses: number, seenAt: number | null, before = fresh): unknown => {
      const { proof, provedAt } = withProof(before, addresses, seenAt);
      return [proof, provedAt];
    };
    assert.deepEqual(state(0, now), ['nothing-to-prove', null]);
    assert.deepEqual(state(1, null), ['awaited', null]);
    assert.deepEqual(state(1, now), ['served', '2026-06-01T00:00:00Z']);
    assert.deepEqual(state(1, now, withProof(fresh, 0, null)), ['served', '2026-06-01T00:00:00Z']);
    assert.deepEqual(state(0, null, { ...fresh, proof: 'served', provedAt: at }), ['served', at]);
    assert.deepEqual(state(2, now, { ...fresh, proof: 'served', provedAt: at }), ['served', at]);
    assert.deepEqual(state(0, null, { ...fresh, provedAt: at }), ['nothing-to-prove', null]);
  });

  test('one line of the audit log does not say served of what nobody looked at', () => {
    const silent = { ...installed(), issued: withProof(issued(facts('aa')), 0, null) };
    const record = certificateRecord({
      certificate: certificate(),
      withdrawn: false,
      assessments: [assessment({ addresses: [] })],
      installed: new Map([['web/shop@web-01', silent]]),
      previous: null,
      now,
    });
    assert.match(
      describeChange(null, record) ?? '',
      /issued, serial \S+, installed on web-01, nothing to prove$/,
    );
  });
});

describe('figures count only what was proved', () => {
  const issuance = (proof: ProofState): Issuance => ({
    installation: 'web/shop@web-01',
    certificate: 'web/shop',
    team: 'web',
    serial: '04',
    fingerprint: 'aa',
    because: 'renewal due',
    issuedBy: 'internal-ca',
    recordedAt: now,
    proof,
    provedAt: proof === 'served' ? now : null,
    commit: 'c1',
  });
  const figuresOf = (proof: ProofState): readonly unknown[] => {
    const request = {
      committedAt: '2026-05-31T23:00:00Z',
      outcome: 'accepted',
      reasons: [],
      breakGlass: null,
      plan: { certificates: [{ certificate: 'web/shop', change: 'requested' }] },
    };
    const given = {
      period: { from: now - 1, to: now + 1 },
      until: now,
      program: null,
      teams: [],
      offers: [],
      waivers: [],
      certificates: [],
      repositoryFindings: [],
      changes: [request],
      issuances: [issuance(proof)],
      controlled: false,
      heartbeatAt: null,
    } as unknown as ServiceFacts;
    const { leadTimeMedianMs, handsOffShare } = serviceMetrics(given);
    const asked = teamMaturity(given, 'web').evidence.find((each) => each.question.startsWith('renewals'));
    return [leadTimeMedianMs, handsOffShare, asked?.numbers];
  };
  test('a handshake counts', () => {
    assert.deepEqual(figuresOf('served'), [3_600_000, 1, '1 of 1']);
  });
  test('what had nothing to prove does not, nor what is awaited', () => {
    assert.deepEqual(figuresOf('nothing-to-prove'), [null, 0, '0 of 1']);
    assert.deepEqual(figuresOf('awaited'), [null, 0, '0 of 1']);
  });
});

test('nobody reads provedAt of a record but the one reading of it', () => {
  const readers = globSync(['daemon/**/*.ts', 'site/**/*.ts', 'site/**/*.astro'], {
    exclude: (path) => path.includes('node_modules'),
  }).filter((path) => /issued\??\.provedAt/.test(readFileSync(path, 'utf8')));
  assert.deepEqual(readers, []);
});
