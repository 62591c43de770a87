/**
 * Carries out actions: the only code that changes endpoints and asks issuers, and the one place where what fails in them is caught.
 * One action at a time per endpoint, many endpoints side by side; one failure never stops the others.
 */
import { randomBytes } from 'node:crypto';
import { nextAttempt } from '../core/backoff.ts';
import type { Attempt, Installed, Operation } from '../core/installation-state.ts';
import type { Observation } from '../core/model.ts';
import { fateAfter } from '../core/operation-fit.ts';
import type { Action } from '../core/plan.ts';
import { proofOf, proofWords, withProof } from '../core/proof.ts';
import { renewalAfter } from '../core/renewal.ts';
import { timestamp } from '../core/timestamp.ts';
import type { StoredOperation } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { OperationError, type FailureCode, type Scope } from '../ports/failure.ts';
import { bounded, eachBounded } from './bounded.ts';
import { observeOne } from './observe.ts';
import { runOperation, StepFailure, type Job } from './operation.ts';
import { failureOf } from './unexpected.ts';
import type { World } from './world.ts';

export interface Outcome {
  readonly action: Action;
  readonly state: 'done' | 'pending' | 'failed';
  readonly failure: {
    readonly code: FailureCode;
    readonly scope: Scope;
    readonly message: string;
    readonly step: string;
  } | null;
  /** What was seen afterwards; null when nothing could be looked at. */
  readonly observation: Observation | null;
}

/** What an action needs from the turn: null when the job could not be made, with the reason. */
export type JobOf = (action: Action) => Promise<Job>;

/** What waits already, and what a wait that begins now would be met with. */
export interface Waits {
  readonly attempts: ReadonlyMap<string, Attempt>;
  readonly basisOf: (subject: string) => string;
  /** When the first to end of all that waits with this subject ends; null when nothing of it is issued. */
  readonly endsAt: (subject: string) => number | null;
}

/** Carries out all actions. IO. Each effect is journaled before it happens; safe to end at any point. */
export async function applyActions(
  world: World,
  actions: readonly Action[],
  jobOf: JobOf,
  stored: ReadonlyMap<string, StoredOperation>,
  waits: Waits,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const down = new Set<string>();
  await eachBounded(
    actions,
    world.pace.concurrentEndpoints,
    (action) => action.endpoint,
    async (action) => {
      // An endpoint or issuer that just failed as a whole is not asked again for its next certificate in the same turn.
      if (
        signal.aborted ||
        world.stopping() ||
        down.has(`endpoint:${action.endpoint}`) ||
        down.has(`issuer:${action.issuer}`)
      )
        return;
      const outcome = await applyOne(
        world,
        action,
        jobOf,
        stored.get(action.installation) ?? null,
        waits,
        signal,
      );
      if (outcome.failure !== null) {
        down.add(subjectOf(action, outcome.failure.scope));
        // A CA that is busy or in trouble is not asked for the next name in the same turn, though only this one has to wait for longer.
        if (['rate-limited', 'acme-server'].includes(outcome.failure.code))
          down.add(`issuer:${action.issuer}`);
      }
      outcomes.push(outcome);
    },
  );
  return outcomes;
}

interface Failure {
  readonly error: OperationError;
  readonly step: string;
  /** `StepFailure.untold`. */
  readonly untold: string | null;
}

async function applyOne(
  world: World,
  action: Action,
  jobOf: JobOf,
  stored: StoredOperation | null,
  waits: Waits,
  signal: AbortSignal,
): Promise<Outcome> {
  let job: Job | null = null;
  let failure: Failure | null = null;
  let state: Outcome['state'] = 'done';
  let dropped: string | null = null;
  try {
    job = await jobOf(action);
    if (action.kind === 'abandon' && stored === null) return nothingToDrop(action);
    const result = await runOperation(world, job, stored ?? begin(world, action, job), signal);
    if (result.state === 'pending') {
      state = 'pending';
      rememberPending(world, action, job, result.retryAt, waits);
    } else if (result.state === 'dropped') {
      dropped = result.because;
    } else {
      await settle(world, job, signal);
    }
  } catch (error) {
    if (error instanceof StepFailure)
      failure = { error: error.failure, step: error.step, untold: error.untold };
    else
      failure = {
        error: failureOf(world, action.installation, error, signal),
        step: 'prepare',
        untold: null,
      };
  }
  if (failure !== null) {
    state = 'failed';
    rememberFailure(world, action, job, failure, waits);
  }
  const observation =
    job === null
      ? null
      : await observeOne(
          world,
          {
            installation: job.installation,
            store: job.store,
            target: job.target,
            problem: null,
            reach: job.reach,
            anchors: job.anchors,
            keyAlgorithm: job.certificate.key.algorithm,
          },
          signal,
        );
  if (observation !== null) world.journal.saveObservations([observation]);
  return {
    action: dropped === null ? action : { ...action, kind: 'abandon', because: dropped },
    state,
    failure:
      failure === null
        ? null
        : {
            code: failure.error.code,
            scope: failure.error.scope,
            message: failure.error.message,
            step: failure.step,
          },
    observation,
  };
}

/** What was to be dropped is gone already. */
function nothingToDrop(action: Action): Outcome {
  return { action, state: 'done', failure: null, observation: null };
}

/** Puts the intent on disk: the first thing that happens for an action. */
function begin(world: World, action: Action, job: Job): StoredOperation {
  const { installed, certificate } = job;
  const again = action.kind === 'restore' || action.kind === 'reload';
  if (again && (installed === null || installed.issued.generation === null)) {
    throw new OperationError('stage-failed', `${action.installation} has nothing installed to put back`, {
      disposition: 'stall',
      endsWhen: ['declaration'],
    });
  }
  const at = world.now();
  const operation: Operation = {
    installation: action.installation,
    id: randomBytes(16).toString('hex'),
    generation: again
      ? (installed?.issued.generation ?? '')
      : `${timestamp(at).replaceAll(/[-:]/g, '')}-${randomBytes(3).toString('hex')}`,
    step: action.kind === 'restore' ? 'issued' : action.kind === 'reload' ? 'activated' : 'planned',
    because: action.because,
    ...(action.demanded === undefined ? {} : { demanded: action.demanded }),
    issuer: job.issuerSpec.name,
    dnsNames: certificate.dnsNames,
    ipAddresses: certificate.ipAddresses,
    keyAlgorithm: certificate.key.algorithm,
    csrSha256: again ? (installed?.issued.csr ?? null) : null,
    startedAt: at,
    terms: job.terms,
    repairs: again,
    ...(action.kind === 'reload' ? { begun: 'activated' as const } : {}),
    issued: again ? (installed?.issued ?? null) : null,
    before: null,
    rollback: null,
  };
  const stored: StoredOperation = {
    operation,
    csr: null,
    handle: null,
    chain: again ? job.installedChain : null,
  };
  world.crashPoint('before journal planned');
  world.journal.atomically(() => {
    world.journal.append(
      at,
      action.installation,
      `intent ${action.kind}`,
      `${operation.generation}: ${action.because}`,
    );
    world.journal.saveOperation(stored);
  });
  world.crashPoint('after journal planned');
  return stored;
}

/** The operation is proved: it becomes what is installed, in one transaction; then old generations go. */
async function settle(world: World, job: Job, signal: AbortSignal): Promise<void> {
  const id = job.installation.id;
  const stored = world.journal.operations().get(id);
  if (stored === undefined) return;
  const { operation, chain } = stored;
  if (operation.issued === null)
    throw new Error(`operation ${operation.id} was proved without a certificate`);
  const now = timestamp(world.now());
  const same = job.installed?.issued.fingerprint === operation.issued.fingerprint;
  const installed: Installed = same
    ? { ...job.installed, keyLost: false }
    : {
        issued: withProof(
          { ...operation.issued, installedAt: now },
          job.installation.serves.length,
          operation.provedAt ?? null,
        ),
        previous: job.installed?.issued ?? null,
        renewAt: renewalAfter(
          { issued: operation.issued, previous: job.installed?.issued ?? null },
          job.certificate.renewAtFraction,
          { random01: world.random(), now: world.now() },
        ),
        keyLost: false,
        ...(operation.demanded === undefined ? {} : { demanded: operation.demanded }),
      };
  world.crashPoint('before settle');
  world.journal.atomically(() => {
    world.journal.append(world.now(), id, same ? 'restored' : 'installed', installed.issued.fingerprint);
    world.journal.saveInstallation(id, {
      installed,
      chain: chain ?? job.installedChain,
      certificate: job.certificate,
    });
    world.journal.removeOperation(id);
    world.journal.saveAttempt(`installation:${id}`, null);
    world.journal.saveAttempt(`endpoint:${job.installation.endpoint}`, null);
    if (!same) world.journal.saveAttempt(`issuer:${job.issuerSpec.name}`, null);
  });
  world.crashPoint('after settle');
  const proof = proofOf(installed.issued, job.installation.serves.length).state;
  const detail = `serial ${installed.issued.serial}${proof === 'served' ? '' : `, installed, ${proofWords[proof]}`}`;
  world.progress(
    proof === 'served'
      ? { kind: 'proved', installation: id, detail }
      : { kind: 'installed', installation: id, detail },
  );
  const keep = [installed.issued.generation, installed.previous?.generation].filter((each) => each != null);
  try {
    await job.target.sweep(job.store, keep, bounded(signal, limits.work.installStepTimeoutMs));
  } catch (error) {
    // Old generations left behind harm nobody; the next installation sweeps again.
    const { code, message } = failureOf(world, id, error, signal);
    world.log.warn({ installation: id, code }, `old generations were not removed: ${message}`);
  }
}

function rememberPending(world: World, action: Action, job: Job, retryAt: number, waits: Waits): void {
  const subject = `installation:${action.installation}`;
  world.journal.saveAttempt(subject, {
    failures: 0,
    lastFailureAt: world.now(),
    nextAt: retryAt,
    code: 'pending',
    message: `waiting for issuer ${action.issuer}`,
    step: 'issue',
    blob: job.certificate.blob,
    basis: waits.basisOf(subject),
  });
}

function rememberFailure(
  world: World,
  action: Action,
  job: Job | null,
  { error, step, untold }: Failure,
  waits: Waits,
): void {
  const operation = world.journal.operations().get(action.installation)?.operation ?? null;
  const fate = operation === null ? 'kept' : fateAfter(operation, error);
  // Nobody brings back a key that is gone: what is waited for is only the next try, with another.
  const isLost = fate !== 'kept' && error.code === 'stage-failed';
  const subject = subjectOf(action, error.scope);
  const failures = (waits.attempts.get(subject)?.failures ?? 0) + 1;
  const at = world.now();
  const attempt: Attempt = {
    failures,
    lastFailureAt: at,
    nextAt: nextAttempt(
      {
        failures,
        lastFailureAt: at,
        disposition: isLost ? 'retry' : error.disposition,
        retryAt: error.retryAt,
        endsAt: waits.endsAt(subject),
        random01: world.random(),
      },
      limits.backoff.stepsMs,
    ),
    code: error.code,
    message: error.message,
    step,
    blob: job?.certificate.blob ?? '',
    basis: waits.basisOf(subject),
    ...(error.retryAt === null ? {} : { askedUntil: error.retryAt }),
    ...(isLost || error.endsWhen.length === 0 ? {} : { endsWhen: error.endsWhen }),
    ...(untold === null ? {} : { untold }),
  };
  world.journal.atomically(() => {
    world.journal.append(at, action.installation, `failed ${step}`, error.code);
    world.journal.saveAttempt(subject, attempt);
    if (fate !== 'kept') world.journal.removeOperation(action.installation);
    if (fate === 'key-lost') loseKey(world, job);
  });
  world.progress({ kind: 'failed', installation: action.installation, step, message: error.message });
  world.log.warn(
    { installation: action.installation, endpoint: action.endpoint, code: error.code, step, failures },
    error.message,
  );
}

/** The key of what is installed is gone or no longer fits: putting it back cannot work, only a new issuance can, and that waits for nothing. */
function loseKey(world: World, job: Job | null): void {
  if (job?.installed == null) return;
  const { id } = job.installation;
  world.journal.saveInstallation(id, {
    installed: { ...job.installed, keyLost: true },
    chain: job.installedChain,
    certificate: job.certificate,
  });
  world.journal.saveAttempt(`installation:${id}`, null);
}

/** Who waits. What concerns the repository never comes from an action; one that did would be the installation's own. */
function subjectOf(action: Action, scope: Scope): string {
  switch (scope) {
    case 'endpoint':
      return `endpoint:${action.endpoint}`;
    case 'issuer':
      return `issuer:${action.issuer}`;
    case 'installation':
    case 'repository':
      return `installation:${action.installation}`;
  }
}
