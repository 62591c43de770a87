/** What policy costs a turn that judges a whole estate: 100,000 certificates, a baseline for all and a policy for each of 500 teams. */
import type {
  Certificate,
  CustomRule,
  Policy,
  PolicyRule,
  SourcePosition,
  Team,
} from '../../daemon/core/model.ts';
import { compilePolicies, evaluate } from '../../daemon/core/policy.ts';
import { rules } from '../../daemon/core/rules/index.ts';
import type { RuleSubject } from '../../daemon/core/rules/rule.ts';
import { customRule } from '../../daemon/expressions/custom-rule.ts';
import { everyone, policyRule, policySet } from '../core/sample.ts';
import { medianMs, row, type Row } from './row.ts';

const certificates = 100_000;
const teams = 500;
const now = 1_790_000_000_000;
const source: SourcePosition = { file: 'policies/p.yaml', line: 1, column: 1 };

const rule = (id: string, settings: Record<string, unknown> = {}): PolicyRule =>
  policyRule(id, { settings, source });

function policy(name: string, selected: readonly string[], entries: readonly PolicyRule[]): Policy {
  return {
    kind: 'Policy',
    name,
    labels: {},
    source,
    blob: 'b',
    description: '',
    selector: { ...everyone, teams: selected },
    packs: [],
    rules: entries,
  };
}

const teamNames = Array.from({ length: teams }, (_, index) => `team-${String(index)}`);

const policies: readonly Policy[] = [
  policy(
    'baseline',
    [],
    [
      rule('allowed-names'),
      rule('required-owner'),
      rule('allowed-issuers', { issuers: ['internal-ca'] }),
      rule('key-algorithms', { algorithms: ['ecdsa-p256', 'ecdsa-p384'] }),
      // Locked, so that the narrower ones are asked beside it and as many rules are asked as before.
      { ...rule('lifetime-max', { max: '47d' }), locked: true },
    ],
  ),
  ...teamNames.map((name) => policy(`only-${name}`, [name], [rule('lifetime-max', { max: '30d' })])),
];

function subjects(): RuleSubject[] {
  const owners = teamNames.map((name): Team => ({
    kind: 'Team',
    name,
    labels: {},
    source,
    blob: 'b',
    displayName: name,
    owners: ['ada'],
    contacts: [{ type: 'email', value: 'a@example.com' }],
    dnsNames: [`*.${name}.example.com`],
    issuers: [],
    endpoints: [],
    signers: [],
    handles: [],
    networks: [],
  }));
  return Array.from({ length: certificates }, (_, index) => {
    const name = `service-${String(index)}`;
    const team = owners[index % teams] ?? null;
    const wanted: Certificate = {
      kind: 'Certificate',
      name,
      labels: { env: 'prod' },
      source,
      blob: 'b',
      id: `${team?.name ?? ''}/${name}`,
      team: team?.name ?? '',
      dnsNames: [`${name}.${team?.name ?? ''}.example.com`],
      ipAddresses: [],
      issuer: 'internal-ca',
      key: { algorithm: 'ecdsa-p256' },
      usages: ['serverAuth'],
      lifetimeMs: 30 * 86_400_000,
      renewAtFraction: null,
      drift: 'enforce',
      state: 'present',
      installations: [],
      sourceOf: { dnsNames: source, issuer: source, key: source, lifetime: source },
    };
    return {
      stage: 'request',
      certificate: wanted,
      team,
      issuer: null,
      endpoints: new Map(),
      facts: null,
      handshakes: [],
    };
  });
}

const custom: CustomRule = {
  kind: 'Rule',
  name: 'own',
  labels: {},
  source,
  blob: 'b',
  title: 'No wildcards in production',
  citation: 'internal',
  explanation: '',
  fix: '',
  stages: ['request'],
  when: 'certificate.labels.env == "prod"',
  expression: '!certificate.dnsNames.exists(name, name.startsWith("*."))',
  effectiveAt: null,
};

/** What one writes first: every policy is asked of every certificate. */
function naive(subject: RuleSubject): number {
  let passed = 0;
  for (const { selector, rules: entries } of policies) {
    if (selector.teams.length > 0 && !selector.teams.includes(subject.certificate.team)) continue;
    for (const entry of entries) {
      if (rules.get(entry.rule)?.judge(subject, entry.settings, now).verdict === 'pass') passed++;
    }
  }
  return passed;
}

/** Judges all by each way. Pure but for the clock. */
export async function run(): Promise<Row[]> {
  const all = subjects();
  const compiled = compilePolicies(policySet(policies), customRule);
  const expected = certificates * 6;
  const check = (passed: number): void => {
    if (passed !== expected) throw new Error(`${String(passed)} verdicts passed, not ${String(expected)}`);
  };
  const ours = await medianMs(5, () => {
    let passed = 0;
    for (const subject of all) {
      for (const each of evaluate(compiled, subject, now)) if (each.verdict === 'pass') passed++;
    }
    check(passed);
  });
  const peer = await medianMs(5, () => {
    check(all.reduce((passed, subject) => passed + naive(subject), 0));
  });
  const own = customRule(custom);
  const inCel = await medianMs(5, () => {
    for (const subject of all)
      if (own.judge(subject, {}, now).verdict !== 'pass') throw new Error('not passed');
  });
  return [
    row('rule evaluations a second, built-in rules (goal: 1 million)', (expected / ours) * 1000, null, '/s'),
    row('rule evaluations a second, a rule in CEL', (certificates / inCel) * 1000, null, '/s'),
    row(
      'policy on 100,000 certificates, 501 policies',
      ours,
      peer,
      'ms',
      'peer: every policy asked of every certificate',
    ),
    row(
      'compile 501 policies',
      await medianMs(20, () => compilePolicies(policySet(policies), customRule)),
      null,
      'ms',
      'once a commit',
    ),
  ];
}
