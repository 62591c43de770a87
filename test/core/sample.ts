/** A certificate, its installation and what is remembered of them, for tests of core. Everything can be changed by the caller. */
import type { AssessInput, Assessment } from '../../daemon/core/assess.ts';
import type { Selector } from '../../daemon/core/governance.ts';
import type { InstallationMemory, Installed } from '../../daemon/core/installation-state.ts';
import type {
  Certificate,
  CertificateFacts,
  Handshake,
  Installation,
  Observation,
  Policy,
  PolicyRule,
} from '../../daemon/core/model.ts';
import type { Evaluation, PolicySet } from '../../daemon/core/policy.ts';
import type { IssuedRecord } from '../../daemon/core/record-format.ts';
import { issuedRecord } from '../../daemon/core/record.ts';

export const day = 86_400_000;
/** 2026-06-01T00:00:00Z */
export const now = 1_780_272_000_000;
const source = { file: 'inventory/certificates/web/shop.yaml', line: 1, column: 1 };

/** A selector that means every certificate. */
export const everyone: Selector = { teams: [], labels: {}, issuers: [], certificates: [] };

/** One use of a rule. */
export function policyRule(rule: string, changes: Partial<PolicyRule> = {}): PolicyRule {
  return {
    id: changes.rule ?? rule,
    rule,
    action: 'block',
    settings: {},
    locked: false,
    waivable: true,
    effectiveAt: null,
    citation: null,
    source: { file: 'policies/p.yaml', line: 1, column: 1 },
    ...changes,
  };
}

/** Policies and nothing beside them. */
export function policySet(policies: readonly Policy[], changes: Partial<PolicySet> = {}): PolicySet {
  return { policies, packs: new Map(), customRules: new Map(), waivers: new Map(), ...changes };
}

/** What a verdict says beside its rule. */
export const evaluationOf: Pick<Evaluation, 'level' | 'pack' | 'citation' | 'effectiveAt' | 'waiver'> = {
  level: 'everyone',
  pack: null,
  citation: 'internal',
  effectiveAt: null,
  waiver: null,
};

export const installation: Installation = {
  id: 'web/shop@web-01',
  certificate: 'web/shop',
  endpoint: 'web-01',
  profile: 'nginx',
  parameters: {},
  serves: [{ host: 'shop.example.com', port: 443, serverName: 'shop.example.com' }],
  source,
};

export function certificate(changes: Partial<Certificate> = {}): Certificate {
  return {
    kind: 'Certificate',
    name: 'shop',
    labels: { env: 'prod' },
    source,
    blob: 'blob-1',
    id: 'web/shop',
    team: 'web',
    dnsNames: ['shop.example.com'],
    ipAddresses: [],
    issuer: 'internal-ca',
    key: { algorithm: 'ecdsa-p256' },
    usages: ['serverAuth'],
    lifetimeMs: null,
    renewAtFraction: null,
    drift: 'enforce',
    state: 'present',
    installations: [installation],
    sourceOf: { dnsNames: source, issuer: source, key: source, lifetime: source },
    ...changes,
  };
}

export function facts(fingerprint: string, changes: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    fingerprint: fingerprint.padEnd(64, '0'),
    spki: `key-${fingerprint}`,
    serial: `00${fingerprint}`,
    subject: 'CN=shop.example.com',
    issuer: 'CN=Example Intermediate',
    dnsNames: ['shop.example.com'],
    ipAddresses: [],
    notBefore: now - 10 * day,
    notAfter: now + 80 * day,
    keyAlgorithm: 'ecdsa-p256',
    keyBits: 256,
    signatureAlgorithm: 'ecdsa-with-SHA256',
    usages: ['serverAuth'],
    isCa: false,
    selfSigned: false,
    ...changes,
  };
}

export function issued(leaf: CertificateFacts, generation = 'g1'): IssuedRecord {
  return {
    ...issuedRecord(leaf, { generation, because: 'declared', issuedBy: 'internal-ca', csr: 'c5' }),
    installedAt: '2026-05-22T00:00:00Z',
    provedAt: '2026-05-22T00:00:00Z',
  };
}

export function installed(changes: Partial<Installed> = {}): Installed {
  return { issued: issued(facts('aa')), previous: null, renewAt: now + 50 * day, keyLost: false, ...changes };
}

export function memory(changes: Partial<InstallationMemory> = {}): InstallationMemory {
  return {
    installed: installed(),
    operation: null,
    attempt: null,
    endpointAttempt: null,
    issuerAttempt: null,
    ...changes,
  };
}

export function handshake(leaf: CertificateFacts | null, changes: Partial<Handshake> = {}): Handshake {
  return {
    address: { host: 'shop.example.com', port: 443, serverName: 'shop.example.com' },
    leaf,
    chain: [],
    failure: null,
    trust: 'trusted',
    protocol: 'TLSv1.3',
    ...changes,
  };
}

export function observation(changes: Partial<Observation> = {}): Observation {
  const leaf = facts('aa');
  return {
    installation: installation.id,
    at: now,
    store: {
      current: 'g1',
      previous: null,
      generations: ['g1'],
      leaf,
      leaves: { g1: leaf.fingerprint },
      keyMatches: true,
      brokenLinks: [],
    },
    storeFailure: null,
    handshakes: [handshake(leaf)],
    ...changes,
  };
}

export function assessment(changes: Partial<Assessment> = {}): Assessment {
  return {
    installation: installation.id,
    status: 'ok',
    findings: [],
    need: { kind: 'none' },
    addresses: [{ handshake: handshake(facts('aa')), result: 'served-match', message: '', remedy: '' }],
    dueAt: now + day,
    ...changes,
  };
}

export function input(changes: Partial<AssessInput> = {}): AssessInput {
  return {
    certificate: certificate(),
    installation,
    withdrawn: false,
    refusal: null,
    requestEvaluations: [],
    misfit: null,
    issuedEvaluations: [],
    foundEvaluations: [],
    memory: memory(),
    observation: observation(),
    known: new Map(),
    now,
    observeIntervalMs: 6 * 3_600_000,
    observeAgainMs: 600_000,
    ...changes,
  };
}
