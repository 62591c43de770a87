/** From a key on the endpoint to a checked chain in the journal. Trusts neither the endpoint's CSR nor the issuer's answer. */
import { createHash } from 'node:crypto';
import type { Operation } from '../core/installation-state.ts';
import type { IssuedRecord } from '../core/record-format.ts';
import { issuedRecord } from '../core/record.ts';
import type { StoredOperation } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { checkCsr, readCsr } from '../x509/csr.ts';
import { certificateFacts } from '../x509/facts.ts';
import { checkIssued } from '../x509/issued.ts';
import { MalformedInput } from '../x509/malformed.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';
import { bounded } from './bounded.ts';
import type { Job, OperationOutcome } from './operation.ts';
import type { World } from './world.ts';

/**
 * Has the endpoint make the key and returns its CSR, compared with the plan: names, algorithm, proof of possession. IO. Repeating gives the same key.
 * @throws OperationError `csr-rejected` when the endpoint answered with something else than asked
 */
export async function requestKey(
  world: World,
  job: Job,
  operation: Operation,
  signal: AbortSignal,
): Promise<{ readonly csr: Uint8Array; readonly sha256: string }> {
  const { certificate } = job;
  const { dnsNames, ipAddresses } = operation;
  const csr = await job.target.generateKey(
    job.store,
    operation.generation,
    { algorithm: certificate.key.algorithm, dnsNames, ipAddresses },
    bounded(signal, limits.work.generateKeyTimeoutMs),
  );
  const mismatch = csrMismatch(csr, job, operation);
  if (mismatch !== null) {
    throw new OperationError(
      'csr-rejected',
      `the CSR made at ${job.installation.endpoint} for ${certificate.id} ${mismatch}. Look at the endpoint before trying again: nothing was sent to the issuer.`,
      { disposition: 'stall', endsWhen: ['endpoint', 'declaration'] },
    );
  }
  world.log.debug(
    { installation: job.installation.id, generation: operation.generation },
    'key generated on the endpoint',
  );
  return { csr, sha256: createHash('sha256').update(csr).digest('hex') };
}

function csrMismatch(csr: Uint8Array, job: Job, operation: Operation): string | null {
  const { dnsNames, ipAddresses } = operation;
  try {
    return checkCsr(readCsr(csr), { dnsNames, ipAddresses, algorithm: job.certificate.key.algorithm });
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

type Save = (change: Partial<Operation>, more?: Partial<StoredOperation>) => void;

interface Issued {
  readonly state: 'issued';
  readonly issued: IssuedRecord;
  readonly chain: readonly string[];
}

/**
 * Gets the chain from the issuer, resuming what was begun, and compares it with CSR and plan. A chain that deviates is kept and judged again by each try, by the roots
 * declared then; nothing is ordered anew without a cause. IO; journals the issuer's handle through `save`.
 * @throws OperationError of the issuer, or `certificate-rejected` (stall) when the answer deviates
 */
export async function issueCertificate(
  world: World,
  job: Job,
  stored: StoredOperation,
  save: Save,
  signal: AbortSignal,
): Promise<Extract<OperationOutcome, { state: 'pending' }> | Issued> {
  const { operation, csr, chain: kept } = stored;
  const { rejected } = operation;
  if (rejected == null || kept === null) return askIssuer(world, job, stored, save, signal);
  const chain = kept.flatMap((pem) => pemToDer(pem));
  const deviations = await deviationsOf(world, job, { operation, csr, chain }, signal);
  const [first] = chain;
  if (first !== undefined && deviations.length === 0) return issuedFrom(job, operation, first, chain);
  if (!mayOrderAgain(rejected, job, chain, world.now())) throw notUsed(job, deviations);
  const change = { step: 'key-generated', rejected: null, terms: job.terms } as const;
  save(change, { handle: null, chain: null });
  const anew = { ...stored, operation: { ...operation, ...change }, handle: null, chain: null };
  return askIssuer(world, job, anew, save, signal);
}

/** A corrected declaration of the issuer is a cause, the end of what was kept another; what a CA corrected on its side is found out once a week. */
function mayOrderAgain(
  { at, issuerBlob }: NonNullable<Operation['rejected']>,
  { issuerSpec }: Job,
  [leaf]: readonly Uint8Array[],
  now: number,
): boolean {
  const pauseMs = limits.work.orderAgainMs;
  if (issuerBlob !== issuerSpec.blob || now >= at + pauseMs || now < at - limits.clock.skewMaxMs) return true;
  return leaf !== undefined && endsBefore(leaf, now);
}

/** What cannot be read ends at no known time. */
function endsBefore(leaf: Uint8Array, now: number): boolean {
  try {
    return certificateFacts(leaf).notAfter <= now;
  } catch (error) {
    if (error instanceof MalformedInput) return false;
    throw error;
  }
}

async function askIssuer(
  world: World,
  job: Job,
  { operation, csr, handle }: StoredOperation,
  save: Save,
  signal: AbortSignal,
): Promise<Extract<OperationOutcome, { state: 'pending' }> | Issued> {
  if (csr === null) throw new Error(`operation ${operation.id} is at '${operation.step}' without a CSR`);
  const { certificate } = job;
  const leaf = job.installedChain?.[0];
  const outcome = await job.issuer.issue(
    {
      id: operation.id,
      certificate: certificate.id,
      csr,
      subject: subjectOf(job, operation),
      replaces: leaf === undefined ? null : (pemToDer(leaf)[0] ?? null),
    },
    {
      signal: bounded(signal, limits.work.issueTimeoutMs),
      handle,
      solver: job.solver,
      checkpoint: (next) => {
        save({ step: 'ordered' }, { handle: next });
        return Promise.resolve();
      },
    },
  );
  if (outcome.state === 'pending') {
    save({ step: 'ordered' }, { handle: outcome.handle });
    return { state: 'pending', retryAt: outcome.retryAt };
  }
  const { chain } = outcome;
  const deviations = await deviationsOf(world, job, { operation, csr, chain }, signal);
  const [first] = chain;
  if (first !== undefined && deviations.length === 0) return issuedFrom(job, operation, first, chain);
  const rejected = { at: world.now(), issuerBlob: job.issuerSpec.blob };
  save({ step: 'key-generated', rejected }, { handle: null, chain: chain.map((der) => derToPem(der)) });
  throw notUsed(job, deviations);
}

/** @throws OperationError of an issuer that cannot say what it is trusted by: the answer cannot be judged, and the next try resumes it */
async function deviationsOf(
  world: World,
  job: Job,
  what: {
    readonly operation: Operation;
    readonly csr: Uint8Array | null;
    readonly chain: readonly Uint8Array[];
  },
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (job.anchors === 'unknown') await job.issuer.trustAnchors(bounded(signal, limits.work.inspectTimeoutMs));
  const anchors =
    job.anchors === null || job.anchors === 'unknown' ? null : job.anchors.flatMap((pem) => pemToDer(pem));
  return checkIssued({
    chain: [...what.chain],
    csr: what.csr,
    subject: subjectOf(job, what.operation),
    trustAnchors: anchors,
    now: world.now(),
  });
}

function subjectOf(
  { certificate }: Job,
  { dnsNames, ipAddresses }: Operation,
): Parameters<typeof checkIssued>[0]['subject'] {
  return { dnsNames, ipAddresses, usages: certificate.usages, lifetimeMs: certificate.lifetimeMs };
}

function notUsed({ issuerSpec, certificate }: Job, deviations: readonly string[]): OperationError {
  const { file } = issuerSpec.source;
  return new OperationError(
    'certificate-rejected',
    `issuer ${issuerSpec.name} returned a certificate for ${certificate.id} that was not used: ${deviations.join('; ')}. ` +
      `Where the roots of this CA changed, correct roots in ${file}: the chain is kept and judged again by them, without a new order. ` +
      `Where the CA was wrong, correct it there and ask for another certificate (renewd renew ${certificate.id}); by itself a new one is ordered after a week.`,
    { disposition: 'stall', endsWhen: ['declaration'] },
  );
}

function issuedFrom(job: Job, operation: Operation, first: Uint8Array, chain: readonly Uint8Array[]): Issued {
  const issued = issuedRecord(certificateFacts(first), {
    generation: operation.generation,
    because: operation.because,
    issuedBy: job.issuerSpec.name,
    csr: operation.csrSha256,
    source: operation.terms?.source ?? null,
  });
  return { state: 'issued', issued, chain: chain.map((der) => derToPem(der)) };
}
