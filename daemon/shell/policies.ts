/** The policies of one commit, made ready once, and what they are asked about. No effect on the world. */
import type { Certificate, CertificateFacts, Desired, Handshake, Instant } from '../core/model.ts';
import { compilePolicies, evaluate, type CompiledPolicies, type Evaluation } from '../core/policy.ts';
import type { RuleSubject, Stage } from '../core/rules/rule.ts';
import { customRule } from '../expressions/custom-rule.ts';

const compiled = new WeakMap<Desired, CompiledPolicies>();

/** The policies in force at this commit. The same value for the same commit. */
export function policiesOf(desired: Desired): CompiledPolicies {
  let policies = compiled.get(desired);
  if (policies === undefined) {
    policies = compilePolicies(desired, customRule);
    compiled.set(desired, policies);
  }
  return policies;
}

/** A certificate as rules look at it, with everything declared around it. Pure. */
export function subjectOf(
  desired: Pick<Desired, 'teams' | 'issuers' | 'endpoints'>,
  certificate: Certificate,
  seen: {
    readonly stage: Stage;
    readonly facts?: CertificateFacts;
    readonly handshakes?: readonly Handshake[];
  },
): RuleSubject {
  return {
    stage: seen.stage,
    certificate,
    team: desired.teams.get(certificate.team) ?? null,
    issuer: desired.issuers.get(certificate.issuer) ?? null,
    endpoints: desired.endpoints,
    facts: seen.facts ?? null,
    handshakes: seen.handshakes ?? [],
  };
}

/** What policy says of asking for this certificate. Pure. */
export function judgeRequest(
  desired: Desired,
  certificate: Certificate,
  now: Instant,
): readonly Evaluation[] {
  return evaluate(policiesOf(desired), subjectOf(desired, certificate, { stage: 'request' }), now);
}
