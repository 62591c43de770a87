/** Labels that a requester writes herself decide nothing to her good: they tighten whatever they say, and loosen only where ChangeControl reserves them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { buildDesired } from '../../daemon/core/desired.ts';
import type { Selector } from '../../daemon/core/governance.ts';
import { selectionOf, type Surroundings } from '../../daemon/core/policy-selection.ts';
import { compilePolicies, evaluate, stops } from '../../daemon/core/policy.ts';
import { customRule } from '../../daemon/expressions/custom-rule.ts';
import { documentReader } from '../../daemon/reader.ts';
import { certificate, everyone, installation, now } from './sample.ts';
import { subject } from './rules/team.ts';

const around = (...reserved: string[]): Surroundings => ({
  teams: new Map([['web', { labels: { tier: 'gold' } }]]),
  endpoints: new Map([
    ['web-01', { labels: { env: 'prod' } }],
    ['web-02', { labels: { env: 'test' } }],
  ]),
  reserved: new Set(reserved),
});
const at = (...endpoints: string[]) => ({
  installations: endpoints.map((endpoint) => ({ ...installation, endpoint })),
});

describe('how a selector means a certificate', () => {
  const byLabel: Selector = { ...everyone, labels: { env: 'prod' } };
  const table: readonly [string, Selector, Parameters<typeof certificate>[0], string[], string][] = [
    ['an open label with the value asked for', byLabel, { labels: { env: 'prod' } }, [], 'tightens'],
    ['an open label with another value', byLabel, { labels: { env: 'dev' } }, [], 'tightens'],
    ['an open label left out', byLabel, { labels: {} }, [], 'tightens'],
    ['a reserved label with the value asked for', byLabel, { labels: { env: 'prod' } }, ['env'], 'yes'],
    ['a reserved label with another value', byLabel, { labels: { env: 'dev' } }, ['env'], 'no'],
    ['a reserved label left out', byLabel, { labels: {} }, ['env'], 'tightens'],
    [
      'a name every object inherits',
      { ...everyone, labels: { constructor: 'x' } },
      {},
      ['constructor'],
      'tightens',
    ],
    ['a label of its team', { ...everyone, teamLabels: { tier: 'gold' } }, {}, [], 'yes'],
    ['another label of its team', { ...everyone, teamLabels: { tier: 'iron' } }, {}, [], 'no'],
    ['a label of its endpoint', { ...everyone, endpointLabels: { env: 'prod' } }, at('web-01'), [], 'yes'],
    [
      'a label of one of its endpoints',
      { ...everyone, endpointLabels: { env: 'prod' } },
      at('web-01', 'web-02'),
      [],
      'tightens',
    ],
    [
      'a label of none of its endpoints',
      { ...everyone, endpointLabels: { env: 'prod' } },
      at('web-02'),
      [],
      'no',
    ],
    ['an endpoint nobody knows', { ...everyone, endpointLabels: { env: 'prod' } }, at('new'), [], 'tightens'],
    [
      'endpoints by the beginning of their names',
      { ...everyone, endpoints: ['web-*'] },
      at('web-01', 'web-02'),
      [],
      'yes',
    ],
    [
      'some of its names',
      { ...everyone, dnsNames: ['*.pay.example.com'] },
      { dnsNames: ['a.pay.example.com', 'b.example.com'] },
      [],
      'tightens',
    ],
    [
      'all of its names',
      { ...everyone, dnsNames: ['*.pay.example.com'] },
      { dnsNames: ['a.pay.example.com'] },
      [],
      'yes',
    ],
    [
      'a name that its wildcard stands for',
      { ...everyone, dnsNames: ['vault.example.com'] },
      { dnsNames: ['*.example.com'] },
      [],
      'tightens',
    ],
    [
      'a name that its wildcard stands for, beside others',
      { ...everyone, dnsNames: ['Vault.example.com'] },
      { dnsNames: ['a.example.net', '*.example.com'] },
      [],
      'tightens',
    ],
    [
      'a name two labels below its wildcard',
      { ...everyone, dnsNames: ['a.vault.example.com', '*.vault.example.com', 'example.com'] },
      { dnsNames: ['*.example.com'] },
      [],
      'no',
    ],
    [
      'none of its names, though one ends alike',
      { ...everyone, dnsNames: ['*.pay.example.com'] },
      { dnsNames: ['evilpay.example.com'] },
      [],
      'no',
    ],
  ];
  for (const [name, selector, changes, reserved, expected] of table) {
    test(`${name}: ${expected}`, () => {
      assert.equal(selectionOf(selector, certificate(changes), around(...reserved)), expected);
    });
  }
  test('whatever a requester writes into labels that are open, the selection is the same', () => {
    const labels = fc.dictionary(fc.constantFrom('env', 'tier', 'x'), fc.constantFrom('prod', 'dev', ''));
    fc.assert(
      fc.property(labels, labels, labels, (wanted, one, other) => {
        const selector = { ...everyone, labels: wanted };
        const of = (written: Record<string, string>): string =>
          selectionOf(selector, certificate({ labels: written }), around());
        assert.equal(of(one), of(other));
      }),
    );
  });
});

const head = 'apiVersion: renewd/v1\n';
const reader = documentReader();
const control = (reserve: boolean): string =>
  `${head}kind: ChangeControl\nmetadata: { name: main }\nspec:\n  signatures: optional\n${reserve ? "  reservedLabels: [{ name: env, signers: ['pia@example.com'] }]\n" : ''}`;
const files = (extra: Readonly<Record<string, string>>) =>
  buildDesired(
    'c',
    Object.entries(extra).map(([path, text]) =>
      reader.parseFile({ path, oid: path, bytes: Buffer.from(text) }),
    ),
    [],
  );
const strict = `${head}kind: Policy\nmetadata: { name: strict }\nspec:\n  rules: [{ rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p384] } }]\n`;
const lax = `${head}kind: Policy\nmetadata: { name: lax }\nspec:\n  selector: { labels: { env: dev } }\n  rules: [{ rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256] } }]\n`;
const waiver = `${head}kind: Waiver\nmetadata: { name: w }\nspec: { rules: [key-algorithms], selector: { labels: { env: dev } }, owner: O, reason: R, compensatingControl: C, expires: '2090-01-01' }\n`;
const blocked = (extra: Readonly<Record<string, string>>, labels: Record<string, string>): boolean =>
  evaluate(
    compilePolicies(files(extra), customRule),
    subject({ certificate: certificate({ labels }) }),
    now,
  ).some(stops);

test('a looser policy by an open label is asked beside the wider one; by a reserved one it takes its place', () => {
  const both = { 'policies/strict.yaml': strict, 'policies/lax.yaml': lax };
  assert.equal(blocked({ ...both, 'policies/change-control.yaml': control(false) }, { env: 'dev' }), true);
  assert.equal(blocked({ ...both, 'policies/change-control.yaml': control(true) }, { env: 'dev' }), false);
  assert.equal(blocked({ ...both, 'policies/change-control.yaml': control(true) }, {}), true);
});

test('a waiver by an open label excepts nobody', () => {
  const both = { 'policies/strict.yaml': strict, 'policies/w.yaml': waiver };
  assert.equal(blocked({ ...both, 'policies/change-control.yaml': control(false) }, { env: 'dev' }), true);
  assert.equal(blocked({ ...both, 'policies/change-control.yaml': control(true) }, { env: 'dev' }), false);
});

test('check names what looks at an open label: a warning where it tightens, an error where it would loosen', () => {
  const rule = `${head}kind: Rule\nmetadata: { name: r }\nspec: { title: T, explanation: E, fix: F, stages: [request], when: 'certificate.labels.?env.orValue("") == "prod"', expression: 'false' }\n`;
  const said = (reserve: boolean): string[] =>
    files({
      'policies/lax.yaml': lax,
      'policies/w.yaml': waiver,
      'policies/r.yaml': rule,
      'policies/strict.yaml': strict,
      'policies/change-control.yaml': control(reserve),
    })
      .problems.filter((each) => each.code === 'label-open')
      .map((each) => `${each.severity} ${each.message.split(' ', 2).join(' ')}`)
      .sort();
  assert.deepEqual(said(false), ['error waiver w', 'warning policy lax', 'warning rule r']);
  assert.deepEqual(said(true), []);
});

test('check names what looks at labels of endpoints or teams that nobody reserves, where change control tells people apart', () => {
  const byEndpoint = strict.replace('  rules', '  selector: { endpointLabels: { env: prod } }\n  rules');
  const said = (more: Readonly<Record<string, string>>): string[] =>
    files({ 'policies/strict.yaml': byEndpoint, ...more })
      .problems.filter((each) => each.code === 'label-open')
      .map((each) => `${each.severity} ${each.message}`);
  assert.match(
    said({ 'policies/change-control.yaml': control(false) }).join('\n'),
    /^warning policy strict selects by env of endpoints or teams, .* Reserve the label/,
  );
  assert.deepEqual(said({ 'policies/change-control.yaml': control(true) }), []);
  assert.deepEqual(said({}), []);
});
