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

/**
 * Gets the chain from the issuer, resuming what was begun, and compares it with CSR and plan. IO; journals the issuer's handle through `save`.
 * @throws OperationError of the issuer, or `certificate-rejected` when the answer deviates
 */
export async function issueCertificate(
  world: World,
  job: Job,
  stored: StoredOperation,
  save: (change: Partial<Operation>, more?: Partial<StoredOperation>) => void,
  signal: AbortSignal,
): Promise<
  | Extract<OperationOutcome, { state: 'pending' }>
  | { readonly state: 'issued'; readonly issued: IssuedRecord; readonly chain: readonly string[] }
> {
  const { operation, csr } = stored;
  if (csr === null) throw new Error(`operation ${operation.id} is at '${operation.step}' without a CSR`);
  const { certificate } = job;
  const subject = {
    dnsNames: operation.dnsNames,
    ipAddresses: operation.ipAddresses,
    usages: certificate.usages,
    lifetimeMs: certificate.lifetimeMs,
  };
  const leaf = job.installedChain?.[0];
  const outcome = await job.issuer.issue(
    {
      id: operation.id,
      certificate: certificate.id,
      csr,
      subject,
      replaces: leaf === undefined ? null : (pemToDer(leaf)[0] ?? null),
    },
    {
      signal: bounded(signal, limits.work.issueTimeoutMs),
      handle: stored.handle,
      solver: job.solver,
      checkpoint: (handle) => {
        save({ step: 'ordered' }, { handle });
        return Promise.resolve();
      },
    },
  );
  if (outcome.state === 'pending') {
    save({ step: 'ordered' }, { handle: outcome.handle });
    return { state: 'pending', retryAt: outcome.retryAt };
  }
  // Whoever just issued could say what it is trusted by; where it could not, the answer cannot be judged and the next try resumes it.
  if (job.anchors === 'unknown') await job.issuer.trustAnchors(bounded(signal, limits.work.inspectTimeoutMs));
  const anchors =
    job.anchors === null || job.anchors === 'unknown' ? null : job.anchors.flatMap((pem) => pemToDer(pem));
  const deviations = checkIssued({
    chain: [...outcome.chain],
    csr,
    subject,
    trustAnchors: anchors,
    now: world.now(),
  });
  const [first] = outcome.chain;
  if (deviations.length > 0 || first === undefined) {
    // The same order would give the same answer for ever: the next try makes a new one.
    save({ step: 'key-generated' }, { handle: null });
    throw new OperationError(
      'certificate-rejected',
      `issuer ${job.issuerSpec.name} returned a certificate for ${certificate.id} that was not used: ${deviations.join('; ') || 'the chain is empty'}`,
      { disposition: 'retry' },
    );
  }
  const chain = outcome.chain.map((der) => derToPem(der));
  const issued = issuedRecord(certificateFacts(first), {
    generation: operation.generation,
    because: operation.because,
    issuedBy: job.issuerSpec.name,
    csr: operation.csrSha256,
    source: operation.terms?.source ?? null,
  });
  return { state: 'issued', issued, chain };
}
