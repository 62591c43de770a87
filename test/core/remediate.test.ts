/** Replacements that policy demands: each demand is met once, and two that cannot both be met do not take turns for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonToIssue } from '../../daemon/core/need.ts';
import type { Evaluation } from '../../daemon/core/policy.ts';
import { policyFindings } from '../../daemon/core/policy-findings.ts';
import { evaluationOf, input, installed, memory } from './sample.ts';

function broken(id: string): Evaluation {
  return {
    ...evaluationOf,
    rule: 'key-algorithm',
    id,
    policy: 'baseline',
    action: 'remediate',
    verdict: 'fail',
    message: 'it is broken',
    source: { file: 'policies/baseline.yaml', line: 1, column: 1 },
    explanation: '',
    fix: '',
  };
}

/** Replaces what is installed as long as policy demands it; `breaks` says which entries the certificate of that number breaks. */
function replaced(breaks: (number: number) => readonly string[]): string[] {
  const reasons: string[] = [];
  let now = installed();
  for (let number = 0; number < 10; number++) {
    const need = reasonToIssue(
      input({ memory: memory({ installed: now }), issuedEvaluations: breaks(number).map(broken) }),
    );
    if (need?.kind !== 'issue') break;
    reasons.push(need.because);
    now = {
      ...now,
      issued: { ...now.issued, because: need.because },
      ...(need.demanded === undefined ? {} : { demanded: need.demanded }),
    };
  }
  return reasons;
}

test('a certificate that breaks two rules is replaced once for both', () => {
  assert.deepEqual(
    replaced((number) => (number === 0 ? ['a', 'b'] : [])),
    ['policy baseline demands a replacement (a); policy baseline demands a replacement (b)'],
  );
});

test('an issuer that does not give what a rule asks for is asked once', () => {
  assert.equal(replaced(() => ['a', 'b']).length, 1);
});

test('two rules that cannot both be kept are met once each', () => {
  assert.equal(replaced((number) => (number % 2 === 0 ? ['a'] : ['b'])).length, 2);
});

test('a certificate that an older renewd issued for a rule is not replaced for it again', () => {
  const { issued } = installed();
  const because = 'policy baseline demands a replacement (a)';
  const old = { ...installed(), issued: { ...issued, because } };
  const need = reasonToIssue(input({ memory: memory({ installed: old }), issuedEvaluations: [broken('a')] }));
  assert.equal(need, null);
});

test('what was found in place ends by issuing anew: no change of the declaration made it', () => {
  const found = policyFindings(input({ foundEvaluations: [broken('a')] }));
  assert.equal(found.length, 1);
  assert.match(found[0]?.message ?? '', /^found in place, not issued by renewd: /);
  assert.match(found[0]?.remedy ?? '', /renewd renew web\/shop\./);
});
