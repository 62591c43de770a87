/** Which rules of which policies speak about a certificate, in which order, and what their verdict says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Policy, PolicyRule, Team } from '../../daemon/core/model.ts';
import { compilePolicies, evaluate, stops, type Evaluation } from '../../daemon/core/policy.ts';
import type { RuleSubject } from '../../daemon/core/rules/rule.ts';
import { certificate, day, everyone, facts, now, policyRule, policySet } from './sample.ts';

const at = (file: string, line = 1): Policy['source'] => ({ file, line, column: 5 });

const team: Team = {
  kind: 'Team',
  name: 'web',
  labels: {},
  source: at('inventory/teams/web.yaml'),
  blob: 'b',
  displayName: 'Web',
  owners: ['ada'],
  contacts: [{ type: 'email', value: 'web@example.com' }],
  dnsNames: ['*.example.com'],
  issuers: [],
  endpoints: [],
  signers: [],
  handles: [],
  networks: [],
};

function rule(id: string, changes: Partial<PolicyRule> = {}): PolicyRule {
  return policyRule(id, { source: at('policies/p.yaml', 9), ...changes });
}

function policy(name: string, changes: Partial<Policy> = {}): Policy {
  return {
    kind: 'Policy',
    name,
    labels: {},
    source: at(`policies/${name}.yaml`),
    blob: 'b',
    description: '',
    selector: everyone,
    packs: [],
    rules: [rule('required-owner')],
    ...changes,
  };
}

function subject(changes: Partial<RuleSubject> = {}): RuleSubject {
  return {
    stage: 'request',
    certificate: certificate(),
    team,
    issuer: null,
    endpoints: new Map(),
    facts: null,
    handshakes: [],
    ...changes,
  };
}

const judge = (policies: readonly Policy[], changes: Partial<RuleSubject> = {}): readonly Evaluation[] =>
  evaluate(compilePolicies(policySet(policies), noCustomRule), subject(changes), now);
const noCustomRule = (): never => {
  throw new Error('no rule of our own here');
};
const names = (evaluations: readonly Evaluation[]): string[] => evaluations.map((each) => each.policy);
const lifetimeMax = (max: string): PolicyRule => rule('lifetime-max', { settings: { max } });

describe('who is selected', () => {
  const forTeams = (...teams: string[]): Policy =>
    policy('teams', { selector: { ...everyone, teams, labels: {} } });
  const forLabels = (labels: Record<string, string>): Policy =>
    policy('labels', { selector: { ...everyone, labels } });

  test('everyone without a selector', () => {
    assert.deepEqual(names(judge([policy('all')])), ['all']);
  });
  test('a team that is named, no other, and once even when named twice', () => {
    assert.equal(judge([forTeams('web')]).length, 1);
    assert.equal(judge([forTeams('payments')]).length, 0);
    assert.equal(judge([forTeams('web', 'payments', 'web')]).length, 1);
  });
  test('a label that nobody reserves lets nobody out, whatever its requester writes', () => {
    for (const labels of [{ env: 'prod' }, { env: 'test' }, { env: 'prod', tier: '1' }])
      assert.equal(judge([forLabels(labels)]).length, 1);
  });
  test('team and labels are both needed', () => {
    const both = policy('both', {
      selector: { ...everyone, teams: ['payments'], labels: { env: 'prod' } },
    });
    assert.equal(judge([both]).length, 0);
  });
});

describe('order and strictness', () => {
  test('policies for everyone come first, then those of the team, each by name, whatever their order in the repository', () => {
    const rules = [rule('required-owner', { locked: true })];
    const mine = (name: string): Policy => policy(name, { rules, selector: { ...everyone, teams: ['web'] } });
    const all = [mine('b'), policy('z', { rules }), mine('a'), policy('y', { rules })];
    assert.deepEqual(names(judge(all)), ['y', 'z', 'a', 'b']);
    assert.deepEqual(judge(all), judge(all.toReversed()));
  });
  test('each policy judges by its own settings, so the strictest counts', () => {
    const lax = policy('lax', { rules: [lifetimeMax('90d')] });
    const strict = policy('strict', { rules: [lifetimeMax('30d')] });
    const verdicts = judge([lax, strict], { certificate: certificate({ lifetimeMs: 47 * day }) });
    assert.deepEqual(
      verdicts.map((each) => [each.policy, each.verdict]),
      [
        ['lax', 'pass'],
        ['strict', 'fail'],
      ],
    );
  });
  test('a policy more never turns a failure into something else', () => {
    const some = fc.array(
      fc.constantFrom(
        policy('a', { rules: [lifetimeMax('10d')] }),
        policy('b', { rules: [lifetimeMax('100d')] }),
        policy('c', { rules: [rule('allowed-names')] }),
        policy('d', { selector: { ...everyone, teams: ['web'], labels: { env: 'prod' } } }),
        policy('e', { rules: [rule('allowed-issuers', { settings: { issuers: ['other'] } })] }),
      ),
      { maxLength: 5 },
    );
    const wanted = certificate({ lifetimeMs: 47 * day, dnsNames: ['shop.example.net'] });
    const failed = (policies: readonly Policy[]): string[] =>
      judge(policies, { certificate: wanted })
        .filter((each) => each.verdict === 'fail')
        .map((each) => each.policy + each.rule);
    fc.assert(
      fc.property(some, some, (before, added) => {
        const after = failed([...before, ...added]);
        for (const failure of failed(before)) assert.ok(after.includes(failure), failure);
      }),
    );
  });
});

describe('what an evaluation says', () => {
  test('it points at the line of the policy, and keeps the action', () => {
    const [seen] = judge([policy('p', { rules: [rule('required-owner', { action: 'report' })] })], {
      team: null,
    });
    assert.equal(seen?.verdict, 'fail');
    assert.equal(seen.action, 'report');
    assert.deepEqual(seen.source, at('policies/p.yaml', 9));
    assert.ok(seen.message.length > 0 && seen.fix.length > 0 && seen.explanation.length > 0);
  });
  test('a pass says nothing', () => {
    assert.deepEqual(
      judge([policy('p')]).map(({ verdict, message, fix }) => ({ verdict, message, fix })),
      [{ verdict: 'pass', message: '', fix: '' }],
    );
  });
  test('rules about the request are silent about what was issued', () => {
    const rules = [rule('required-owner'), rule('allowed-names'), lifetimeMax('47d')];
    const issued = judge([policy('p', { rules })], { stage: 'issued', facts: facts('aa') });
    assert.deepEqual(
      issued.map((each) => each.rule),
      ['lifetime-max'],
    );
  });
  test('a rule or pack that nobody declares is failed, not left out, and hides no other', () => {
    const packs = [{ pack: 'gone', action: null, locked: false, source: rule('x').source }];
    const verdicts = judge([
      policy('p', { packs, rules: [rule('from-the-future'), rule('required-owner')] }),
    ]);
    assert.deepEqual(
      verdicts.map((each) => [each.rule, each.verdict, each.missing === true, stops(each)]),
      [
        ['from-the-future', 'fail', true, true],
        ['required-owner', 'pass', false, false],
        ['gone', 'fail', true, true],
      ],
    );
  });
});
