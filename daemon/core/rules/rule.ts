/** What a policy rule is: an id, where it comes from, and a verdict with words that a person who is no TLS expert can act on. */
import type { Certificate, CertificateFacts, Instant, Team } from '../model.ts';

/** `request`: before anything is issued. `issued`: what renewd issued. `observed`: what was found in place. */
export type Stage = 'request' | 'issued' | 'observed';

export interface RuleSubject {
  readonly stage: Stage;
  readonly certificate: Certificate;
  /** null when the team is not declared. */
  readonly team: Team | null;
  /** What was issued or found; null at a request. */
  readonly facts: CertificateFacts | null;
}

export type Verdict = 'pass' | 'fail' | 'not-applicable' | 'not-yet-effective';

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
  readonly judge: (subject: RuleSubject, settings: Settings, now: Instant) => Ruling;
}

export const pass: Ruling = { verdict: 'pass', message: '', fix: '' };
export const notApplicable: Ruling = { verdict: 'not-applicable', message: '', fix: '' };

/** A failed ruling. */
export function fail(message: string, fix: string): Ruling {
  return { verdict: 'fail', message, fix };
}

/** A list of strings from checked settings; empty when absent. */
export function strings(settings: Settings, name: string): readonly string[] {
  const value = settings[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
