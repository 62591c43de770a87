/**
 * One issuance and installation, step by step, each step journaled when it is done: what a crash interrupts, the next turn resumes.
 * The order is the product (boulder's ISSUANCE-CYCLE is the model):
 *
 * 1. `planned`: the intent, the generation's name and the idempotency key are on disk before anything happens.
 * 2. `key-generated`: the endpoint made the key; its CSR matched the plan. Repeating gives the same key.
 * 3. `ordered`: the issuer's handle is on disk as soon as something exists on its side. Repeating resumes it.
 * 4. `issued`: the chain matched CSR and plan and is on disk. From here a failure never costs a new order.
 * 5. `staged`: key and chain lie beside the old ones and belong together.
 * 6. `activated`: one rename switched both.
 * 7. `tested`, 8. `reloaded`: the server accepted and was told.
 * 9. `proved`: a client saw this fingerprint at every declared address, or none is declared and nothing is to prove. Only now is the old one history.
 *
 * Before each step the operation is compared with what is declared and allowed now (`shell/fit.ts`): what is judged is what is issued. What no longer fits is
 * switched back, dropped and swept.
 *
 * A failure in 6 to 9 switches back to what was current before, reloads, and leaves the operation at `issued`. What was amiss at an address before the switch is no such
 * failure, and to what has expired nothing is switched back (`core/going-back.ts`).
 */
import { amissIn, reasonToStay } from '../core/going-back.ts';
import type { Installed, Operation, OperationStep, OperationTerms } from '../core/installation-state.ts';
import type {
  Address,
  Anchors,
  Certificate,
  Handshake,
  Installation,
  Issuer as IssuerSpec,
  Profile,
} from '../core/model.ts';
import { mayBeSwitched, type Misfit } from '../core/operation-fit.ts';
import type { Reach } from '../core/reach.ts';
import type { StoredOperation } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Issuer } from '../ports/issuer.ts';
import type { Solver } from '../ports/solver.ts';
import type { Store, Target } from '../ports/target.ts';
import { bounded } from './bounded.ts';
import { issueCertificate, requestKey } from './issue.ts';
import { proveServed } from './prove.ts';
import { failureOf } from './unexpected.ts';
import type { World } from './world.ts';

/** Everything one operation needs, gathered before it starts. */
export interface Job {
  readonly certificate: Certificate;
  readonly installation: Installation;
  readonly profile: Profile;
  readonly issuerSpec: IssuerSpec;
  readonly issuer: Issuer;
  readonly solver: Solver | null;
  readonly target: Target;
  readonly store: Store;
  /** Over which addresses it may be proved. */
  readonly reach: Reach;
  /** What the clients of this issuer trust. */
  readonly anchors: Anchors;
  readonly installed: Installed | null;
  /** PEM chain of what is installed; null when unknown. */
  readonly installedChain: readonly string[] | null;
  /** What is in force and was judged, kept with an operation that begins now. */
  readonly terms: OperationTerms;
  /** Why an operation may not take its next step; null when it may. Asked before each one. */
  readonly misfit: (stored: StoredOperation) => Misfit | null;
}

export type OperationOutcome =
  | { readonly state: 'done' }
  | { readonly state: 'pending'; readonly retryAt: number }
  /** It was not what is declared or allowed any more: nothing of it is in use, and it is gone from the journal. */
  | { readonly state: 'dropped'; readonly because: string };

/** Carries the name of the step that failed beside the failure itself. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly step: string;
  readonly failure: OperationError;
  /** What the server answered when it should have been told of the switch back; null: it was told, or nothing was switched. */
  readonly untold: string | null;
  constructor(step: string, failure: OperationError, untold: string | null = null) {
    super(failure.message, { cause: failure });
    this.step = step;
    this.failure = failure;
    this.untold = untold;
  }
}

const stepNames: Readonly<Record<OperationStep, string>> = {
  planned: 'make the key',
  'key-generated': 'issue',
  ordered: 'issue',
  issued: 'stage',
  staged: 'switch',
  activated: 'config test',
  tested: 'reload',
  reloaded: 'proof by handshake',
  proved: 'settle',
};

/**
 * Runs the operation from the step it stands at to the end. Does IO at every step and journals it. Safe to repeat after a crash at any point.
 * @throws StepFailure with the step and the OperationError; the journal then holds the operation at a step from which it can be resumed.
 */
export async function runOperation(
  world: World,
  job: Job,
  start: StoredOperation,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  let stored = start;
  const save = (change: Partial<Operation>, more: Partial<StoredOperation> = {}): void => {
    stored = { ...stored, ...more, operation: { ...stored.operation, ...change } };
    const { step, installation } = stored.operation;
    world.crashPoint(`before journal ${step}`);
    world.journal.atomically(() => {
      world.journal.append(world.now(), installation, `step ${step}`, stored.operation.generation);
      world.journal.saveOperation(stored);
    });
    world.crashPoint(`after journal ${step}`);
  };

  // All is first as it was before the switch, and the failure that was told of then counts once. A repair that is dropped leaves everything as it is.
  let untold: string | null = null;
  const leaves =
    (stored.operation.repairs === true && job.misfit(stored) !== null) ||
    reasonToStay(stored.operation, job.installed, world.now()) !== null;
  if (stored.operation.rollback !== null) {
    if (!leaves)
      untold = await orFailedRollBack(world, job, rollBack(world, job, stored.operation, signal, true));
    save({ rollback: null, step: 'issued' });
  }

  for (;;) {
    const { operation } = stored;
    const name = stepNames[operation.step];
    const misfit = job.misfit(stored);
    if (misfit !== null) return drop(world, job, stored, misfit, signal);
    world.progress({
      kind: 'step',
      installation: operation.installation,
      step: name,
      detail: operation.because,
    });
    try {
      world.crashPoint(`before ${name}`);
      const result = await takeStep(world, job, stored, save, signal);
      world.crashPoint(`after ${name}`);
      if (result !== 'next') return result;
    } catch (error) {
      // The process is ending: nothing failed. The step stands in the journal and the next start goes on.
      if (signal.aborted) return { state: 'pending', retryAt: world.now() };
      const failure = failureOf(world, operation.installation, error);
      const { step } = stored.operation;
      if (mayBeSwitched(step) && step !== 'proved')
        throw await recover(world, job, stored, name, failure, save, signal);
      throw new StepFailure(name, failure, untold);
    }
  }
}

/**
 * Ends an operation that no longer is what is declared and allowed: what was switched is switched back, then the journal forgets it, then its key is swept
 * from the endpoint. An order that was begun lapses at its issuer.
 */
async function drop(
  world: World,
  job: Job,
  { operation }: StoredOperation,
  misfit: Misfit,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  const { installation, generation, step } = operation;
  // What policy forbids does not stay, whatever was there before.
  const stays = misfit.kind === 'declaration' && reasonToStay(operation, job.installed, world.now()) !== null;
  // What was begun before a crash may have been switched back then, without the server being told.
  const untold =
    mayBeSwitched(step) && operation.repairs !== true && !stays
      ? await orFailedRollBack(world, job, rollBack(world, job, operation, signal, true))
      : null;
  world.crashPoint('before drop');
  world.journal.atomically(() => {
    world.journal.append(world.now(), installation, 'dropped', `${generation} at ${step}: ${misfit.because}`);
    world.journal.removeOperation(installation);
    world.journal.saveAttempt(`installation:${installation}`, null);
  });
  world.crashPoint('after drop');
  world.log.warn({ installation, generation, step }, `what was begun is dropped: ${misfit.because}`);
  const { installed } = job;
  const keep = [installed?.issued.generation, installed?.previous?.generation].filter((each) => each != null);
  try {
    await job.target.sweep(job.store, keep, bounded(signal, limits.work.installStepTimeoutMs));
  } catch (error) {
    // A key that nobody uses harms nobody; the next installation sweeps again.
    const { code, message } = failureOf(world, installation, error, signal);
    world.log.warn({ installation, code }, `a dropped generation was not removed: ${message}`);
  }
  if (untold !== null)
    throw new StepFailure(
      'roll back',
      new OperationError('reload-failed', `what was begun is dropped: ${misfit.because}`, {
        disposition: 'retry',
      }),
      untold,
    );
  if (misfit.kind !== 'rejected') return { state: 'dropped', because: misfit.because };
  // Another try would end alike: only a person ends that, and each try costs an order.
  throw new StepFailure(
    'issue',
    new OperationError(
      'certificate-rejected',
      `${installation}: ${misfit.because}. Nothing of it was installed.`,
      {
        disposition: 'stall',
        endsWhen: ['declaration', 'issuer'],
      },
    ),
  );
}

type Save = (change: Partial<Operation>, more?: Partial<StoredOperation>) => void;

async function takeStep(
  world: World,
  job: Job,
  stored: StoredOperation,
  save: Save,
  signal: AbortSignal,
): Promise<OperationOutcome | 'next'> {
  const { operation } = stored;
  const { target, store } = job;
  const { generation } = operation;
  const soon = (): AbortSignal => bounded(signal, limits.work.installStepTimeoutMs);
  switch (operation.step) {
    case 'planned': {
      const key = await requestKey(world, job, operation, signal);
      save({ step: 'key-generated', csrSha256: key.sha256 }, { csr: key.csr });
      return 'next';
    }
    case 'key-generated':
    case 'ordered': {
      const outcome = await issueCertificate(world, job, stored, save, signal);
      if (outcome.state === 'pending') return outcome;
      save({ step: 'issued', issued: outcome.issued }, { chain: outcome.chain });
      return 'next';
    }
    case 'issued': {
      const seen = await target.inspect(store, bounded(signal, limits.work.inspectTimeoutMs));
      await target.stage(store, generation, stored.chain ?? [], soon());
      const isSwitched = seen.current === generation;
      save({
        step: 'staged',
        before: isSwitched ? operation.before : seen.current,
        ...(isSwitched && operation.amiss !== undefined
          ? {}
          : await amissBefore(world, job, operation, signal)),
      });
      return 'next';
    }
    case 'staged':
      await target.activate(store, generation, soon());
      save({ step: 'activated' });
      return 'next';
    case 'activated':
      await target.test(store, soon());
      save({ step: 'tested' });
      return 'next';
    case 'tested':
      await target.reload(store, soon());
      save({ step: 'reloaded' });
      return 'next';
    case 'reloaded':
      save({
        step: 'proved',
        provedAt: await proveServed(world, job, fingerprintOf(operation), operation.amiss ?? [], signal),
      });
      return 'next';
    case 'proved':
      return { state: 'done' };
  }
}

function fingerprintOf(operation: Operation): string {
  if (operation.issued === null)
    throw new Error(`operation ${operation.id} is past 'issued' without a certificate`);
  return operation.issued.fingerprint;
}

/** Looks at each address before the switch. A reload is begun because of what an address shows: there it is never put up with. */
async function amissBefore(
  world: World,
  { installation, installed, reach, anchors, certificate }: Job,
  { begun }: Operation,
  signal: AbortSignal,
): Promise<Pick<Operation, 'amiss'>> {
  if (begun === 'activated') return {};
  const { algorithm } = certificate.key;
  const look = async (address: Address): Promise<Handshake> =>
    world.handshake(address, reach, anchors, signal, algorithm);
  return { amiss: amissIn(await Promise.all(installation.serves.map(look)), installed, world.now()) };
}

/**
 * After a failure: switch back when the switch may have happened and what was before is better, and leave the operation where a new try starts. Returns the failure
 * with what became of the switch.
 */
async function recover(
  world: World,
  job: Job,
  stored: StoredOperation,
  step: string,
  failure: OperationError,
  save: Save,
  signal: AbortSignal,
): Promise<StepFailure> {
  const { code, message } = failure;
  const stays = reasonToStay(stored.operation, job.installed, world.now());
  if (stays !== null) {
    save({ step: 'issued' });
    return new StepFailure(step, new OperationError(code, `${message}. ${stays}`, { disposition: 'retry' }));
  }
  save({ rollback: { step, code, message } });
  const operation = { ...stored.operation, rollback: { step, code, message } };
  const untold = await orFailedRollBack(world, job, rollBack(world, job, operation, signal, false));
  save({ rollback: null, step: 'issued' });
  return new StepFailure(step, failure, untold);
}

/**
 * Makes everything as it was before the switch and tells the server: what is current, and what stood at the linked paths. When nothing was there before, the new
 * one stays: a server that never had a certificate is not helped by taking this one away. `resumed`: an earlier try may have ended between the switch back and the
 * reload. Returns what the server answered when it could not be told; null: it was, or nothing was switched.
 */
async function rollBack(
  world: World,
  job: Job,
  operation: Operation,
  signal: AbortSignal,
  resumed: boolean,
): Promise<string | null> {
  const { target, store } = job;
  // A reload switches nothing, so there is nothing to switch back.
  if (operation.repairs === true && operation.begun === 'activated') return null;
  const soon = (): AbortSignal => bounded(signal, limits.work.installStepTimeoutMs);
  const seen = await target.inspect(store, bounded(signal, limits.work.inspectTimeoutMs));
  const back = operation.before ?? (seen.current === operation.generation ? seen.previous : null);
  const note = (to: string): void => {
    world.journal.append(world.now(), operation.installation, 'rollback', `${operation.generation} -> ${to}`);
    world.progress({ kind: 'step', installation: operation.installation, step: 'roll back', detail: to });
  };
  world.crashPoint('before rollback');
  if (await target.undo(store, operation.generation, soon())) {
    note(back === null || back === 'adopted' ? 'what stood there before' : back);
  } else {
    // No memory of the switch: it never happened, it was undone before a crash, or an older script is installed there.
    if (seen.current !== operation.generation) {
      if (!resumed) return null;
    } else {
      if (back === null || back === operation.generation || !seen.generations.includes(back)) return null;
      note(back);
      await target.activate(store, back, soon());
    }
  }
  world.crashPoint('after rollback switch');
  try {
    await target.reload(store, soon());
  } catch (error) {
    // The files are back; a server whose reload command itself is broken goes on serving what it has in memory.
    const { code, message } = failureOf(world, operation.installation, error, signal);
    world.log.warn({ installation: operation.installation, code }, `reload after rollback: ${message}`);
    return message;
  }
  world.crashPoint('after rollback reload');
  return null;
}

/** Names the step: what could not be switched back is tried again before anything else, with the code of what stood in its way. */
async function orFailedRollBack(
  world: World,
  job: Job,
  rollingBack: Promise<string | null>,
): Promise<string | null> {
  try {
    return await rollingBack;
  } catch (error) {
    throw new StepFailure('roll back', failureOf(world, job.installation.id, error));
  }
}

/** The addresses at which an installation must be seen. */
export function addressesOf(job: Job): readonly Address[] {
  return job.installation.serves;
}
