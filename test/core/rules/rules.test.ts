/** What is true of every rule, whatever it judges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentReader } from '../../../daemon/reader.ts';
import { rules, ruleSchemas } from '../../../daemon/core/rules/index.ts';

const read = (rule: string, settings: string): string[] =>
  documentReader()
    .parseFile({
      path: 'policies/p.yaml',
      oid: 'b',
      bytes: Buffer.from(
        `apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: p }\nspec:\n  rules:\n    - { rule: ${rule}, action: block${settings} }\n`,
      ),
    })
    .problems.map((problem) => problem.message);

test('every rule is known by its own id, says where it comes from and why, and has a closed schema', () => {
  assert.deepEqual(Object.keys(ruleSchemas), [...rules.keys()]);
  for (const [id, rule] of rules) {
    assert.equal(rule.id, id);
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(rule.title.length > 5 && rule.citation.length > 5 && rule.explanation.length > 40, id);
    assert.ok(rule.stages.length > 0, id);
    assert.equal(rule.settingsSchema['additionalProperties'], false, id);
  }
});

test('settings of a rule are checked when the policy is read', () => {
  const good: readonly [string, string][] = [
    ['required-owner', ''],
    ['allowed-names', ''],
    ['allowed-names', ", settings: { ipAddresses: ['192.0.2.1'] }"],
    ['allowed-names', ", settings: { ipAddresses: [10.0.0.0/8, '2001:DB8::/32'] }"],
    ['allowed-issuers', ', settings: { issuers: [internal-ca] }'],
    ['key-algorithms', ', settings: { algorithms: [ecdsa-p256] }'],
    ['lifetime-max', ', settings: { max: 47d }'],
  ];
  for (const [rule, settings] of good) assert.deepEqual(read(rule, settings), [], `${rule}${settings}`);
});

test('settings that are missing, misspelt or senseless are refused: a rule must not silently allow everything', () => {
  const bad: readonly [string, string][] = [
    ['required-owner', ', settings: { owners: 2 }'],
    ['allowed-names', ', settings: { ipAdresses: [192.0.2.1] }'],
    ['allowed-names', ', settings: { ipAddresses: [internal] }'],
    ['allowed-issuers', ''],
    ['allowed-issuers', ', settings: { issuers: [] }'],
    ['allowed-issuers', ', settings: { issuers: internal-ca }'],
    ['key-algorithms', ''],
    ['key-algorithms', ', settings: { algorithms: [rsa-1024] }'],
    ['lifetime-max', ''],
    ['lifetime-max', ', settings: { max: 47 }'],
    ['lifetime-max', ', settings: { max: 47 days }'],
    ['lifetime-max', ', settings: { max: 0d }'],
  ];
  for (const [rule, settings] of bad) assert.notDeepEqual(read(rule, settings), [], `${rule}${settings}`);
});
