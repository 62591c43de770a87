/** What a change of policy does to everybody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyEffect, type PolicyComparison } from '../../daemon/core/policy-effect.ts';
import type { Evaluation } from '../../daemon/core/policy.ts';
import { certificate, evaluationOf, installation } from './sample.ts';

const verdict = (
  id: string,
  kind: Evaluation['verdict'],
  action: Evaluation['action'] = 'block',
): Evaluation => ({
  ...evaluationOf,
  rule: id,
  id,
  policy: 'baseline',
  action,
  verdict: kind,
  message: `${id} is broken`,
  source: { file: 'policies/baseline.yaml', line: 1, column: 1 },
  explanation: '',
  fix: '',
});
const compared = (
  name: string,
  before: readonly Evaluation[],
  after: readonly Evaluation[],
  installations = 1,
): PolicyComparison => ({
  certificate: certificate({
    id: `web/${name}`,
    name,
    installations: Array.from({ length: installations }, (_, index) => ({
      ...installation,
      id: `web/${name}@web-${String(index)}`,
      endpoint: `web-${String(index)}`,
    })),
  }),
  before,
  after,
});

test('who falls, who comes back, who is replaced by itself, who needs a hand, in a fixed order', () => {
  const all = [
    compared('same', [verdict('a', 'fail')], [verdict('a', 'fail')]),
    compared('good', [verdict('a', 'pass')], [verdict('a', 'pass')]),
    compared('falls', [verdict('a', 'pass')], [verdict('a', 'fail')], 20),
    compared('replaced', [], [verdict('b', 'fail', 'remediate'), verdict('b', 'fail', 'remediate')], 3),
    compared('back', [verdict('a', 'fail')], [verdict('a', 'waived')]),
  ];
  const effect = policyEffect(all);
  assert.deepEqual(policyEffect(all.toReversed()), effect);
  assert.deepEqual(
    effect.falling.map((each) => [each.certificate, each.rules.map((one) => one.rule)]),
    [
      ['web/falls', ['a']],
      ['web/replaced', ['b']],
    ],
  );
  assert.deepEqual(effect.recovering, [{ certificate: 'web/back', team: 'web' }]);
  assert.deepEqual(effect.byTeam, [{ team: 'web', falling: 2, recovering: 1 }]);
  assert.deepEqual(effect.replaced, [{ issuer: 'internal-ca', installations: 3 }]);
  assert.deepEqual(
    [effect.certificates, effect.byHand, effect.installations, effect.replacingMs],
    [5, 1, 23, 20_000],
  );
});
