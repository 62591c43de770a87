/**
 * Whether a generation that stands on an endpoint, and that the journal does not know, is one that we issued. An endpoint may say anything: nothing is taken over
 * on its word. What cannot be proved is not ours, and a new certificate is issued.
 */
import { randomBytes } from 'node:crypto';
import type {
  Certificate,
  CertificateFacts,
  Observation,
  Provenance,
  StoreObservation,
} from '../core/model.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { IssuanceMemory, Issuer } from '../ports/issuer.ts';
import type { KeyProof, KeyProver, Store, Target } from '../ports/target.ts';
import { certificateFacts } from '../x509/facts.ts';
import { checkIssued } from '../x509/issued.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';
import { signedByKeyOf } from '../x509/possession.ts';
import { bounded } from './bounded.ts';
import type { World } from './world.ts';

/** Whose certificate a found generation would be, and who would have issued it. */
export interface Claim {
  readonly certificate: Certificate;
  /** null when the issuer is not declared. */
  readonly issuer: (Issuer & Partial<IssuanceMemory>) | null;
}

/**
 * Finds out about what is current in `seen`. IO: one challenge to the endpoint, questions to the issuer; changes nothing. null when nothing of ours could stand there.
 * @throws OperationError when the endpoint cannot be asked now: absence of an answer is no refusal
 */
export async function provenanceOf(
  world: Pick<World, 'now' | 'systemRoots'>,
  target: Target & Partial<KeyProver>,
  store: Store,
  seen: StoreObservation,
  claim: Claim,
  signal: AbortSignal,
): Promise<Provenance | null> {
  const { current, leaf } = seen;
  if (current === null || current === 'adopted' || leaf === null) return null;
  const found = { generation: current, fingerprint: leaf.fingerprint };
  const refused = (refusal: string): Provenance => ({ ...found, refusal, chain: [] });
  try {
    if (target.proveKey === undefined)
      return refused('its endpoint has no way to prove that it holds the key');
    const challenge = randomBytes(32).toString('hex');
    const soon = bounded(signal, limits.work.inspectTimeoutMs);
    const proof = await target.proveKey(store, current, challenge, soon);
    const evidence = { proof, leaf, claim, challenge, ...(await issuerEvidence(world, claim, proof, soon)) };
    const refusal = reasonToRefuse(evidence, world.now());
    return refusal === null
      ? { ...found, refusal, chain: proof.chain.map((der) => derToPem(der)) }
      : refused(refusal);
  } catch (error) {
    if (!(error instanceof OperationError) || isPassing(error)) throw error;
    return refused(error.message);
  }
}

/** Failures that say nothing about what stands there. */
function isPassing({ code }: OperationError): boolean {
  return code === 'endpoint-busy' || (code.startsWith('ssh-') && code !== 'ssh-command-failed');
}

interface Evidence {
  readonly proof: KeyProof;
  readonly leaf: CertificateFacts;
  readonly claim: Claim;
  readonly challenge: string;
  /** DER; null when the issuer is not there to be asked. */
  readonly anchors: readonly Uint8Array[] | null;
  /** null: the issuer keeps no log. */
  readonly inLog: boolean | null;
}

async function issuerEvidence(
  world: Pick<World, 'systemRoots'>,
  { issuer }: Claim,
  { chain }: KeyProof,
  signal: AbortSignal,
): Promise<Pick<Evidence, 'anchors' | 'inLog'>> {
  if (issuer === null) return { anchors: null, inLog: null };
  const roots = (await issuer.trustAnchors(signal)) ?? world.systemRoots;
  const [leaf] = chain;
  const inLog =
    issuer.hasIssued === undefined || leaf === undefined ? null : await issuer.hasIssued(leaf, signal);
  return { anchors: roots.flatMap((pem) => pemToDer(pem)), inLog };
}

/** The first reason not to take it over, in order; null when it is ours. Pure but for the verification of signatures. */
function reasonToRefuse(evidence: Evidence, now: number): string | null {
  for (const check of [isWhatStandsThere, holdsTheKey, isInTheLog, isAsDeclared, isValidNow]) {
    const reason = check(evidence, now);
    if (reason !== null) return reason;
  }
  return null;
}

function isWhatStandsThere({ proof, leaf }: Evidence): string | null {
  const [der] = proof.chain;
  return der !== undefined && certificateFacts(der).fingerprint === leaf.fingerprint
    ? null
    : 'the certificate in place is not the one that was staged there';
}

function holdsTheKey({ proof, challenge }: Evidence): string | null {
  const [der] = proof.chain;
  const { statement, signature } = proof;
  return der !== undefined &&
    Buffer.from(statement).includes(challenge) &&
    signedByKeyOf(der, statement, signature)
    ? null
    : 'the endpoint did not prove that it holds the key of the certificate';
}

function isInTheLog({ inLog }: Evidence): string | null {
  return inLog === false ? 'the log of the declared issuer does not hold it' : null;
}

/** The same judgement as for what an issuer answers: names, purpose, lifetime, order, and the path to the anchors. */
function isAsDeclared({ proof, claim, anchors }: Evidence, now: number): string | null {
  if (anchors === null) return 'its issuer is not declared';
  const { dnsNames, ipAddresses, usages, lifetimeMs } = claim.certificate;
  const [leaf] = proof.chain;
  const issuedAt = leaf === undefined ? now : certificateFacts(leaf).notBefore;
  const [deviation] = checkIssued({
    chain: proof.chain,
    csr: null,
    subject: { dnsNames, ipAddresses, usages, lifetimeMs },
    trustAnchors: anchors,
    // It may be old by now; that it is still valid is the next question.
    now: Math.min(now, issuedAt),
  });
  return deviation ?? null;
}

function isValidNow({ leaf }: Evidence, now: number): string | null {
  if (leaf.notAfter <= now) return 'it has expired';
  return leaf.notBefore > now + limits.x509.clockSkewMs ? 'it is not valid yet' : null;
}

/** `seen` with what was refused before, as long as it stands there: the look after an issuance asks no longer. */
export function stillRefused(before: Observation | undefined, seen: Observation): Observation {
  const provenance = before?.store?.provenance;
  if (provenance === undefined || provenance.refusal === null) return seen;
  if (seen.store === null || seen.store.provenance !== undefined) return seen;
  return seen.store.leaves[provenance.generation] === provenance.fingerprint
    ? { ...seen, store: { ...seen.store, provenance } }
    : seen;
}
