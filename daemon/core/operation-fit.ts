/**
 * Whether an operation under way is still what is declared and allowed. An operation is begun for one state of the declarations and may be taken up again under
 * another, after a crash or a wait: what is judged has to be what is issued, so this is asked before every step. Pure.
 */
import { canonicalJson } from './canonical.ts';
import type { Operation, OperationStep, OperationTerms } from './installation-state.ts';
import type {
  Certificate,
  CertificateFacts,
  Endpoint,
  Installation,
  Instant,
  Issuer,
  Profile,
} from './model.ts';
import { stops, type Evaluation } from './policy.ts';
import { answers, wishOf } from './reissue.ts';
import { sameSet } from './same.ts';

/** What is in force for one installation now. null where it is no longer declared. */
export interface InForce {
  readonly certificate: Certificate | null;
  readonly installation: Installation | null;
  /** The declaration is gone and the certificate only watched. */
  readonly withdrawn: boolean;
  readonly issuer: Issuer | null;
  readonly endpoint: Endpoint | null;
  readonly profile: Profile | null;
}

/** Why an operation is dropped. `rejected`: what was issued breaks a rule that the request keeps, so another try would end alike and has to wait. */
export interface Misfit {
  readonly kind: 'declaration' | 'policy' | 'rejected';
  readonly because: string;
}

/** What an operation is begun for, beside its names: kept with it and compared before each step. Pure. */
export function termsOf(
  source: string,
  inForce: { readonly [K in keyof InForce]: NonNullable<InForce[K]> },
): OperationTerms {
  const { certificate, installation, issuer, endpoint, profile } = inForce;
  return {
    source,
    usages: [...certificate.usages].sort(),
    lifetimeMs: certificate.lifetimeMs,
    issuerBlob: issuer.blob,
    // What an older renewd wrote has no fourth part.
    placement: canonicalJson([
      endpoint.blob,
      profile.blob,
      installation.parameters,
      ...(installation.placement === undefined ? [] : [installation.placement]),
    ]),
  };
}

/** Whether the certificate of the operation exists. */
export function hasCertificate(step: OperationStep): boolean {
  return step !== 'planned' && step !== 'key-generated' && step !== 'ordered';
}

/** Whether the endpoint may have been switched to the generation of the operation. */
export function mayBeSwitched(step: OperationStep): boolean {
  return hasCertificate(step) && step !== 'issued';
}

/** Why the operation no longer is what is declared; null when it still is. Policy is asked apart. Pure. */
export function misfitOfDeclaration(operation: Operation, inForce: InForce): Misfit | null {
  const because = differenceOf(operation, inForce);
  return because === null ? null : { kind: 'declaration', because };
}

function differenceOf(operation: Operation, inForce: InForce): string | null {
  const { certificate, installation, issuer, endpoint, profile, withdrawn } = inForce;
  if (certificate === null || withdrawn) return 'the certificate is no longer declared';
  if (installation === null) return 'the certificate is no longer declared at this endpoint';
  if (endpoint === null) return `endpoint ${installation.endpoint} is no longer declared`;
  if (profile === null) return `profile ${installation.profile} is no longer declared`;
  if (certificate.state !== 'present') return 'the certificate is declared as retired';
  // What puts back what was proved before asks nobody for anything: `need.ts` ends it where a new certificate is needed.
  if (operation.repairs === true) return differenceOfRepair(operation, inForce);
  if (issuer === null) return `issuer ${certificate.issuer} is no longer declared`;
  if (
    !sameSet(operation.dnsNames, certificate.dnsNames) ||
    !sameSet(operation.ipAddresses, certificate.ipAddresses)
  )
    return 'the declared names changed';
  if (operation.keyAlgorithm !== certificate.key.algorithm)
    return `the declared key algorithm changed to ${certificate.key.algorithm}`;
  if (operation.issuer !== certificate.issuer) return `the declared issuer changed to ${certificate.issuer}`;
  const { terms } = operation;
  if (terms == null) return 'an older renewd began it and did not keep what it was judged by';
  const now = termsOf(terms.source, { certificate, installation, issuer, endpoint, profile, withdrawn });
  if (!sameSet(terms.usages, now.usages)) return 'the declared usages changed';
  if (terms.lifetimeMs !== now.lifetimeMs) return 'the declared lifetime changed';
  // What was rejected is judged again by corrected roots before anything is ordered anew.
  if (terms.issuerBlob !== now.issuerBlob && !hasCertificate(operation.step) && operation.rejected == null)
    return `the declaration of issuer ${certificate.issuer} changed`;
  if (terms.placement !== now.placement) return 'where and how it is installed changed';
  return null;
}

/** A repair stands for the places and the drift it was begun for; begun anew, it is begun for those of now. */
function differenceOfRepair({ terms }: Operation, inForce: InForce): string | null {
  const { certificate, installation, issuer, endpoint, profile, withdrawn } = inForce;
  if (certificate !== null && certificate.drift !== 'enforce')
    return `what differs is no longer put right (drift: ${certificate.drift})`;
  if (terms == null || certificate === null || installation === null) return null;
  if (issuer === null || endpoint === null || profile === null) return null;
  const now = termsOf(terms.source, { certificate, installation, issuer, endpoint, profile, withdrawn });
  return terms.placement === now.placement ? null : 'where and how it is installed changed';
}

/** Why what is under way is not what was asked for last: a new key (`spec.reissue`) that its own does not answer. A repair makes no key. Pure. */
export function misfitOfWish(operation: Operation, certificate: Certificate, now: Instant): Misfit | null {
  const wish = operation.repairs === true ? null : wishOf(certificate, now);
  if (wish === null || answers(wish, { demanded: operation.demanded, madeAt: operation.startedAt }))
    return null;
  return { kind: 'declaration', because: `a new key was asked for: ${wish.because}` };
}

/**
 * What a failure leaves of an operation. `dropped`: its key is gone, does not fit or was refused, and the same key would fail alike for ever. `key-lost`: so does the
 * key of what is installed, and only a new certificate helps. Whatever step it was, and whichever try. Pure.
 */
export function fateAfter(
  { repairs }: Pick<Operation, 'repairs'>,
  { code, disposition }: { readonly code: string; readonly disposition: 'retry' | 'wait' | 'stall' },
): 'kept' | 'dropped' | 'key-lost' {
  if (code === 'csr-rejected') return 'dropped';
  // The endpoint says of this generation that a new one must be made.
  if (code !== 'stage-failed' || disposition !== 'stall') return 'kept';
  return repairs === true ? 'key-lost' : 'dropped';
}

/** Why the certificate of an operation may not go on: policy in force now, or a validity that has not begun. Pure. */
export function misfitOfPolicy(
  operation: Operation,
  asked: {
    readonly request: readonly Evaluation[];
    /** What policy says of the certificate itself; empty before there is one. */
    readonly issued: readonly Evaluation[];
    readonly facts: CertificateFacts | null;
    readonly now: Instant;
    readonly skewMaxMs: number;
  },
): Misfit | null {
  if (operation.repairs === true) return null;
  const forbidden = asked.request.find(stops);
  if (forbidden !== undefined)
    return { kind: 'policy', because: `policy ${forbidden.policy} forbids it (${forbidden.id})` };
  const broken = asked.issued.find(stops);
  if (broken !== undefined)
    return {
      kind: 'rejected',
      because: `what was issued breaks ${broken.id} of policy ${broken.policy}: ${broken.message}`,
    };
  if (asked.facts !== null && asked.facts.notAfter <= asked.now)
    return { kind: 'declaration', because: 'what was issued expired before it could be installed' };
  if (asked.facts !== null && asked.facts.notBefore > asked.now + asked.skewMaxMs)
    return {
      kind: 'declaration',
      because: 'what was issued is not yet valid: it was issued by a clock that was ahead',
    };
  return null;
}
