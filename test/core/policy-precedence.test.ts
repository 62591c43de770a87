/** Which of several policies counts: the narrowest, unless a wider one is locked. Stated as properties over any set of policies. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Policy, PolicyAction, Waiver } from '../../daemon/core/model.ts';
import {
  compilePolicies,
  evaluate,
  nextPolicyChange,
  stops,
  type Evaluation,
} from '../../daemon/core/policy.ts';
import { customRule } from '../../daemon/expressions/custom-rule.ts';
import { certificate, day, everyone, now, policyRule, policySet } from './sample.ts';
import { subject } from './rules/team.ts';

const selectors = {
  everyone,
  group: { ...everyone, teams: ['web'] },
  certificate: { ...everyone, certificates: ['web/shop'] },
  elsewhere: { ...everyone, teams: ['payments'] },
};
type Scope = keyof typeof selectors;

function policy(
  name: string,
  scope: Scope,
  max: string,
  changes: { action?: PolicyAction; locked?: boolean; file?: string } = {},
): Policy {
  const { action = 'block', locked = false, file = `policies/${name}.yaml` } = changes;
  return {
    kind: 'Policy',
    name,
    labels: {},
    source: { file, line: 1, column: 1 },
    blob: 'b',
    description: '',
    selector: selectors[scope],
    packs: [],
    rules: [policyRule('lifetime-max', { action, locked, settings: { max } })],
  };
}

const wanted = certificate({ lifetimeMs: 60 * day });
const judge = (
  policies: readonly Policy[],
  waivers: readonly Waiver[] = [],
  at = now,
): readonly Evaluation[] =>
  evaluate(
    compilePolicies(
      policySet(policies, { waivers: new Map(waivers.map((each) => [each.name, each])) }),
      customRule,
    ),
    subject({ certificate: wanted }),
    at,
  );
const stopped = (policies: readonly Policy[]): boolean => judge(policies).some(stops);

const anyPolicy = fc
  .record({
    scope: fc.constantFrom<Scope>('everyone', 'group', 'certificate', 'elsewhere'),
    max: fc.constantFrom('30d', '90d'),
    action: fc.constantFrom<PolicyAction>('block', 'remediate', 'report', 'off'),
    locked: fc.boolean(),
  })
  .map(({ scope, max, action, locked }) => ({ scope, max, action, locked }));
const anyPolicies = fc
  .array(anyPolicy, { maxLength: 7 })
  .map((all) => all.map((each, index) => policy(`p${String(index)}`, each.scope, each.max, each)));

describe('precedence', () => {
  test('of two that are not locked the narrower counts, stricter or not', () => {
    assert.equal(stopped([policy('a', 'everyone', '30d'), policy('b', 'group', '90d')]), false);
    assert.equal(stopped([policy('a', 'everyone', '90d'), policy('b', 'group', '30d')]), true);
    assert.equal(stopped([policy('a', 'group', '30d'), policy('b', 'certificate', '90d')]), false);
  });
  test('what is locked stays, and a narrower one adds to it', () => {
    const locked = policy('a', 'everyone', '30d', { locked: true });
    assert.deepEqual(
      judge([locked, policy('b', 'certificate', '90d')]).map((each) => [each.policy, each.verdict]),
      [
        ['a', 'fail'],
        ['b', 'pass'],
      ],
    );
    assert.equal(stopped([locked, policy('b', 'certificate', '90d', { action: 'off' })]), true);
  });
  test('off takes back what a wider policy set and is not locked', () => {
    assert.equal(
      stopped([policy('a', 'everyone', '30d'), policy('b', 'group', '30d', { action: 'off' })]),
      false,
    );
  });
  test("what renewd itself sets counts only where the repository says nothing, and 'off' for everyone is said in the repository", () => {
    const own = policy('ownership', 'everyone', '30d', { file: 'built-in/ownership.yaml' });
    assert.equal(stopped([own]), true);
    assert.equal(stopped([own, policy('b', 'everyone', '90d')]), false);
  });
  test('no policy for others makes a difference, nor does the order in the repository', () => {
    fc.assert(
      fc.property(anyPolicies, (policies) => {
        const mine = policies.filter((each) => each.selector !== selectors.elsewhere);
        assert.deepEqual(judge(policies), judge(mine));
        assert.deepEqual(judge(policies.toReversed()), judge(policies));
      }),
    );
  });
  test('whatever else is said, a locked rule that blocks and is broken stops the request', () => {
    fc.assert(
      fc.property(
        anyPolicies,
        fc.constantFrom<Scope>('everyone', 'group', 'certificate'),
        (policies, scope) => {
          assert.ok(stopped([...policies, policy('lock', scope, '30d', { locked: true })]));
        },
      ),
    );
  });
  test('one locked rule more never lets through what was stopped', () => {
    fc.assert(
      fc.property(anyPolicies, fc.constantFrom('30d', '90d'), (policies, max) => {
        const before = stopped(policies);
        const after = stopped([...policies, policy('more', 'everyone', max, { locked: true })]);
        assert.ok(after || !before);
      }),
    );
  });
  test('every verdict is by a rule that is locked or of the narrowest level', () => {
    const rank = ['default', 'everyone', 'group', 'certificate'];
    fc.assert(
      fc.property(anyPolicies, (policies) => {
        const mine = policies.filter((each) => each.selector !== selectors.elsewhere);
        const levels = mine.map((each) => rank.indexOf(levelName(each)));
        for (const each of judge(policies)) {
          const set = policies.find((other) => other.name === each.policy)?.rules[0];
          assert.ok(set?.locked === true || rank.indexOf(each.level) === Math.max(...levels));
          assert.notEqual(set?.action, 'off');
        }
      }),
    );
  });
});

function levelName({ selector }: Policy): string {
  if (selector === selectors.everyone) return 'everyone';
  return selector === selectors.group ? 'group' : 'certificate';
}

function waiver(changes: Partial<Waiver> = {}): Waiver {
  return {
    kind: 'Waiver',
    name: 'legacy',
    labels: {},
    source: { file: 'policies/waivers/legacy.yaml', line: 1, column: 1 },
    blob: 'b',
    rules: ['lifetime-max'],
    selector: selectors.certificate,
    owner: 'Ines',
    reason: 'the appliance takes no shorter ones',
    compensatingControl: 'reachable from one network',
    grantedAt: null,
    expiresAt: now + 40 * day,
    ticket: null,
    ...changes,
  };
}

describe('waivers', () => {
  const broken = [policy('a', 'everyone', '30d')];
  const verdictAt = (at: number): string | undefined => judge(broken, [waiver()], at)[0]?.verdict;
  test('one second before it expires it holds, at the instant it expires it does not', () => {
    assert.equal(verdictAt(now + 40 * day - 1000), 'waived');
    assert.equal(verdictAt(now + 40 * day), 'fail');
    assert.equal(judge(broken, [waiver()], now + 40 * day)[0]?.waiver?.ended, true);
  });
  test('one for another certificate or another rule excepts nothing', () => {
    for (const other of [waiver({ selector: selectors.elsewhere }), waiver({ rules: ['key-algorithms'] })]) {
      assert.deepEqual(
        judge(broken, [other]).map((each) => [each.verdict, each.waiver]),
        [['fail', null]],
      );
    }
  });
  test('of two the one that lasts longer counts', () => {
    const both = [waiver({ expiresAt: now - day }), waiver({ name: 'later', expiresAt: now + day })];
    assert.equal(judge(broken, both)[0]?.waiver?.name, 'later');
    assert.equal(judge(broken, both)[0]?.verdict, 'waived');
  });
  test('a rule that cannot be waived is not', () => {
    const [first] = broken;
    const strict = {
      ...(first as Policy),
      rules: [policyRule('lifetime-max', { settings: { max: '30d' }, waivable: false })],
    };
    assert.equal(judge([strict], [waiver()])[0]?.verdict, 'fail');
  });
  test('the next change by time alone is the notice, then the end of the waiver', () => {
    const compiled = compilePolicies(
      policySet(broken, { waivers: new Map([['legacy', waiver()]]) }),
      customRule,
    );
    assert.equal(nextPolicyChange(compiled, now), now + 10 * day);
    assert.equal(nextPolicyChange(compiled, now + 10 * day), now + 40 * day);
    assert.equal(nextPolicyChange(compiled, now + 40 * day), null);
  });
});

describe('a rule with a day from which it holds', () => {
  const from = now + 10 * day;
  const announced: Policy = {
    ...policy('a', 'everyone', '30d'),
    rules: [policyRule('lifetime-max', { settings: { max: '30d' }, effectiveAt: from })],
  };
  test('one second before it is only announced, with what will be wrong', () => {
    const [seen] = judge([announced], [], from - 1000);
    assert.equal(seen?.verdict, 'not-yet-effective');
    assert.match(seen.message, /at most 30d/);
    assert.equal(seen.effectiveAt, from);
  });
  test('at that instant it is broken', () => {
    assert.equal(judge([announced], [], from)[0]?.verdict, 'fail');
  });
});
