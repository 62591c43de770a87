/** What a policy rule is: an id, where it comes from, and a verdict with words that a person who is no TLS expert can act on. */
import type { Certificate, CertificateFacts, Endpoint, Handshake, Instant, Issuer, Team } from '../model.ts';

/** `request`: before anything is issued. `issued`: what renewd issued. `observed`: what was found in place. */
export type Stage = 'request' | 'issued' | 'observed';

export interface RuleSubject {
  readonly stage: Stage;
  readonly certificate: Certificate;
  /** null when the team is not declared. */
  readonly team: Team | null;
  /** null when the issuer is not declared. */
  readonly issuer: Issuer | null;
  /** Every declared endpoint, by name. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** What was issued or found; null at a request. */
  readonly facts: CertificateFacts | null;
  /** What clients saw at the declared addresses; empty at a request and where nobody looked. */
  readonly handshakes: readonly Handshake[];
}

export type Verdict = 'pass' | 'fail' | 'waived' | 'not-applicable' | 'not-yet-effective';

export interface Ruling {
  readonly verdict: Verdict;
  /** What is wrong, naming the thing; empty for a pass. */
  readonly message: string;
  /** What to do about it; empty for a pass. */
  readonly fix: string;
}

/** Settings as the schema of the rule has checked them. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Rule {
  readonly id: string;
  readonly title: string;
  /** The standard, or `internal` for a house rule. */
  readonly citation: string;
  /** Before this instant the verdict is `not-yet-effective`; null: always in effect. */
  readonly effectiveAt: Instant | null;
  readonly stages: readonly Stage[];
  /** JSON Schema of the settings. */
  readonly settingsSchema: Readonly<Record<string, unknown>>;
  readonly explanation: string;
  /** It stands for a rule that nobody declares. */
  readonly missing?: boolean;
  readonly judge: (subject: RuleSubject, settings: Settings, now: Instant) => Ruling;
}

export const pass: Ruling = { verdict: 'pass', message: '', fix: '' };
export const notApplicable: Ruling = { verdict: 'not-applicable', message: '', fix: '' };

/** A failed ruling. */
export function fail(message: string, fix: string): Ruling {
  return { verdict: 'fail', message, fix };
}

/**
 * Whether an issuer's certificates must be trusted by everybody's browser: the label `trust: public` or `trust: private` on the issuer says so;
 * without it, one that uses ACME and names no roots of its own is public. Unknown issuers count as public: the stricter rules then apply. Pure.
 */
export function isPublicTrust(issuer: Issuer | null): boolean {
  const said = issuer?.labels['trust'];
  if (said === 'public' || said === 'private') return said === 'public';
  return issuer === null || (issuer.type === 'acme' && issuer.config['roots'] === undefined);
}

/** A list of strings from checked settings; empty when absent. */
export function strings(settings: Settings, name: string): readonly string[] {
  const value = settings[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** Names that are asked for, or that stand in what was issued or found. Pure. */
export function namesOf({ stage, certificate, facts }: RuleSubject): readonly string[] {
  return stage === 'request' || facts === null ? certificate.dnsNames : facts.dnsNames;
}

/** A whole number from checked settings; `otherwise` when absent. */
export function wholeNumber(settings: Settings, name: string, otherwise: number): number {
  const value = settings[name];
  return typeof value === 'number' && Number.isInteger(value) ? value : otherwise;
}

/** Setting of rules that a standard makes for public certificates only. */
export const trustSetting = {
  trust: {
    description:
      'public: only certificates of issuers that everybody trusts (label trust on the issuer); all when absent.',
    enum: ['public'],
  },
} as const;

/** Whether a rule speaks about this subject: one set for public trust is silent about private issuers. Pure. */
export function concerns(settings: Settings, subject: RuleSubject): boolean {
  return settings['trust'] !== 'public' || isPublicTrust(subject.issuer);
}
