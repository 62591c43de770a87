/** Rules of an organisation's own: what an expression may say, and that a mistake in one never lets anything pass. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { CustomRule } from '../daemon/core/model.ts';
import { customRule } from '../daemon/expressions/custom-rule.ts';
import { compileExpression } from '../daemon/expressions/expression.ts';
import { certificate, facts, now } from './core/sample.ts';
import { subject } from './core/rules/team.ts';

function rule(expression: string, when: string | null = null): CustomRule {
  return {
    kind: 'Rule',
    name: 'own',
    labels: {},
    source: { file: 'policies/rules/own.yaml', line: 1, column: 1 },
    blob: 'b',
    title: 'Our own rule',
    citation: 'internal',
    explanation: 'because',
    fix: 'do otherwise',
    stages: ['request', 'issued', 'observed'],
    when,
    expression,
    effectiveAt: null,
  };
}
const verdict = (expression: string, when: string | null = null, changes = {}): string =>
  customRule(rule(expression, when)).judge(subject(changes), {}, now).verdict;
const fault = (expression: string): string => {
  const compiled = compileExpression(expression);
  return 'fault' in compiled ? compiled.fault.message : '';
};

describe('what a rule can ask', () => {
  test('names, labels, team, issuer, what was found', () => {
    assert.equal(verdict('certificate.dnsNames.all(name, name.endsWith(".example.com"))'), 'pass');
    assert.equal(verdict('certificate.dnsNames.exists(name, name.startsWith("*."))'), 'fail');
    assert.equal(verdict('certificate.labels.env == "prod" && team.owners.size() > 0'), 'pass');
    assert.equal(verdict('issuer.publicTrust'), 'pass');
    assert.equal(verdict('found.keyBits >= 3072', null, { stage: 'issued', facts: facts('aa') }), 'fail');
  });
  test('where its condition is false it does not apply', () => {
    assert.equal(verdict('false', 'certificate.labels.env == "test"'), 'not-applicable');
    assert.equal(verdict('false', 'certificate.labels.env == "prod"'), 'fail');
  });
  test('a label that may be absent is asked with .?', () => {
    assert.equal(verdict('certificate.labels.?tier.orValue("none") == "none"'), 'pass');
  });
});

describe('mistakes', () => {
  test('what cannot be answered counts as broken, with the reason', () => {
    const ruling = customRule(rule('certificate.labels.tier == "gold"')).judge(subject(), {}, now);
    assert.equal(ruling.verdict, 'fail');
    assert.match(ruling.message, /cannot be answered for web\/shop: No such key: tier/);
    assert.equal(verdict('certificate.labels.tier == "gold"', 'certificate.labels.tier == "gold"'), 'fail');
  });
  test('misspelt fields, wrong types and unfinished text are refused when the rule is read', () => {
    assert.match(fault('certificate.dnsName == "x"'), /No such key: dnsName/);
    assert.match(fault('certificate.dnsNames'), /list<string>, not true or false/);
    assert.match(fault('certificate.name =='), /Unexpected/);
    assert.match(fault('process.exit()'), /Unknown variable|process/);
  });
  test('nothing expensive is let in: no regular expressions, no loops in loops in loops, no long programs', () => {
    assert.match(fault('certificate.name.matches("(a+)+$")'), /not available/);
    const all = (inner: string): string => `certificate.dnsNames.all(x, ${inner})`;
    assert.equal(fault(all(all('true'))), '');
    assert.match(fault(all(all(all('true')))), /too deep/);
    assert.notEqual(fault(Array.from({ length: 300 }, () => 'true').join(' && ')), '');
  });
  test('no text throws, and what is accepted gives a verdict', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const seen = verdict(text);
        assert.ok(seen === 'pass' || seen === 'fail');
      }),
    );
  });
  test('hostile names do not slow an accepted rule down', () => {
    const names = Array.from({ length: 100 }, (_, index) => `${'a'.repeat(60)}${String(index)}.example.com`);
    const all = 'certificate.dnsNames.all(x, certificate.dnsNames.all(y, x == y || !x.contains("*")))';
    assert.equal(verdict(all, null, { certificate: certificate({ dnsNames: names }) }), 'pass');
  });
});
