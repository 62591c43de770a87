/** `renewd doctor`: can I reach and change each endpoint, each issuer, the remote? One line each, with what to do. Changes nothing anywhere. */
import { proxyInEnvironment } from '../core/not-supported.ts';
import { isOfTheSystem, remedyOfSystem } from '../system-trouble.ts';
import { tryDirectory } from '../make-directory.ts';
import { counted } from '../core/count.ts';
import type { Desired } from '../core/model.ts';
import type { House } from '../assembly.ts';
import { declaredSecrets, usersOf } from '../declared-secrets.ts';
import { findingCodes } from '../core/finding-codes.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { bounded, eachBounded } from '../shell/bounded.ts';
import { incidentsOf } from '../shell/record-incidents.ts';
import { readRecords } from '../shell/records.ts';
import { failureOf } from '../shell/unexpected.ts';
import { standingOf, standsBy } from '../shell/instances.ts';
import { watchedRefs } from '../shell/estate.ts';
import { readIntent } from '../shell/intent.ts';
import { escapeControls, wrap } from '../terminal.ts';
import { waitingNow } from './obstacles.ts';
import { addressesLine, refuseMissingLines, tryAddresses, untold } from './doctor-reach.ts';
import { repositoryOptions, type Command, type Invocation } from './command.ts';
import { exitOf } from '../exit-codes.ts';
import { configured, logOf, surroundings, withCopyOfHouse } from './start.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'check that the remote, every issuer and every endpoint can be used',
  positionals: '',
  positionalsMax: 0,
  about:
    'Tries what the daemon will need: the repository can be read, its state branch can be pushed to, the journal holds, each secret can be read and what the configuration binds it to, each issuer answers, each endpoint can be reached and changed. Says what to do about each that fails. Works on a copy of the data directory, so it may run beside the daemon. Exit code 0 means that everything can be used, 2 that something cannot.',
  options: repositoryOptions,
  examples: ['renewd doctor', 'renewd doctor --json'],
  run: async (invocation) => {
    const config = await configured(invocation);
    const log = logOf(invocation, config, 'warn');
    return withCopyOfHouse(
      config,
      surroundings(invocation, log, () => undefined),
      async (house) => {
        const results = [
          ...examineEnvironment(invocation.environment),
          ...examineDirectory(config.dataDirectory),
          ...(await examine(house, invocation.signal)),
        ].sort((left, right) => Number(left.ok) - Number(right.ok));
        return print(invocation, results);
      },
    );
  },
};

/** One thing that was tried. */
export interface Examination {
  readonly subject: string;
  readonly ok: boolean;
  /** What works, or what failed and what to do. */
  readonly message: string;
  readonly code: string | null;
  /** It can be used, and a person should know this all the same. */
  readonly warning?: true;
}

/** What the environment asks for and renewd does not do. Pure. */
function examineEnvironment(environment: Invocation['environment']): Examination[] {
  const message = proxyInEnvironment(environment);
  return message === null ? [] : [{ subject: 'environment', ok: true, message, code: null }];
}

/** Whether the data directory itself can be used: everything else is tried on a copy. IO: makes an empty folder and takes it away again. */
function examineDirectory(directory: string): Examination[] {
  const subject = 'data directory';
  try {
    const made = tryDirectory(directory);
    return [{ subject, ok: true, message: `${directory} ${made}`, code: null }];
  } catch (error) {
    if (!isOfTheSystem(error)) throw error;
    const message = `${directory} cannot be used: ${error.message}. ${remedyOfSystem(error) ?? 'Check it.'} Another one is given with --data.`;
    return [{ subject, ok: false, message, code: 'journal-unavailable' }];
  }
}

/** Tries everything. IO. Safe to repeat. */
export async function examine(house: House, signal: AbortSignal): Promise<Examination[]> {
  const { world, estate, memory } = house;
  const results: Examination[] = [];
  const attempt = async (subject: string, work: () => Promise<string>): Promise<void> => {
    try {
      results.push({ subject, ok: true, message: await work(), code: null });
    } catch (error) {
      const { code, message } = failureOf(world, subject, error, signal);
      results.push({ subject, ok: false, message, code });
    }
  };
  await attempt('journal', () => {
    const broken = world.journal.verify();
    if (broken === null) return Promise.resolve('its chain of entries holds');
    throw new OperationError(
      'journal-unavailable',
      `entry ${String(broken)} was changed after it was written: look into who had access`,
      {
        disposition: 'stall',
        endsWhen: ['data-directory'],
      },
    );
  });
  await attempt('repository', async () => {
    await readIntent(
      world,
      estate.intent,
      memory,
      () => estate.intent.repository.advertise(signal, watchedRefs(estate)),
      signal,
    );
    const { desired } = memory;
    return `branch ${estate.intent.branch} declares ${counted(desired?.certificates.size ?? 0, 'certificate')}; ${counted(desired?.problems.length ?? 0, 'problem')}`;
  });
  const refsNow = await estate.intent.repository.advertise(signal, watchedRefs(estate)).catch(() => null);
  if (refsNow !== null)
    await attempt('records', async () => {
      await readRecords(world, estate.state, memory, { refs: refsNow, trust: estate.intent.trust }, signal);
      const incidents = incidentsOf(world.journal, world.now());
      const [worst] = incidents;
      if (worst === undefined) return 'everything that stands there was signed by the daemon';
      throw new OperationError(
        'records-changed',
        `${worst.message}${incidents.length > 1 ? `; and ${String(incidents.length - 1)} more` : ''}. ${findingCodes['records-changed'].remedy}`,
        { disposition: 'stall', endsWhen: ['data-directory'] },
      );
    });
  await attempt('other daemons', () => {
    const aside = standsBy(world, standingOf(world, memory, estate.intent.trust));
    if (aside === null) return Promise.resolve('none works on this repository beside this one');
    throw new OperationError('another-instance', aside, {
      disposition: 'stall',
      endsWhen: ['data-directory'],
    });
  });
  await attempt('state branch', async () => {
    await estate.state.repository.mayPush(estate.state.ref, signal);
    const refs = await estate.state.repository.advertise(signal, [estate.state.ref]);
    return refs.has(estate.state.ref)
      ? `${estate.state.ref} can be pushed to; records are signed with ${house.signingKey()}`
      : `${estate.state.ref} can be pushed to and will be made by the first turn; records are signed with ${house.signingKey()}`;
  });
  const declared = memory.desired === null ? [] : declaredSecrets(memory.desired);
  for (const { name, agent, text } of house.vault.entries()) {
    await attempt(`secret ${name}`, async () => {
      if (!agent) await house.vault.read(name);
      return `${text}; ${usersOf(agent ? null : name, declared)}`;
    });
  }
  for (const issuer of memory.desired?.issuers.values() ?? []) {
    await attempt(`issuer ${issuer.name}`, () =>
      world.issuer(issuer).check(bounded(signal, limits.work.inspectTimeoutMs)),
    );
  }
  await eachBounded(
    [...(memory.desired?.endpoints.values() ?? [])],
    world.pace.concurrentObservations,
    (endpoint) => endpoint.name,
    async (endpoint) =>
      attempt(`endpoint ${endpoint.name}`, async () => {
        const target = world.target(endpoint, memory.desired?.endpoints ?? new Map());
        const said = await target.check(bounded(signal, limits.work.inspectTimeoutMs));
        await refuseMissingLines(target, endpoint, memory.desired, signal);
        return `${said}${waitingAt(house, endpoint.name)}`;
      }),
  );
  for (const endpoint of memory.desired?.endpoints.values() ?? []) {
    const message = untold(endpoint, memory.desired);
    const subject = `installations at ${endpoint.name}`;
    if (message !== null) results.push({ subject, ok: true, warning: true, message, code: null });
  }
  if (memory.desired !== null) results.push(...(await examineAddresses(house, memory.desired, signal)));
  return results.sort((left, right) => Number(left.ok) - Number(right.ok));
}

/** What failed there and is not tried yet: what was just corrected is tried when somebody asks. Pure but for the clock. */
function waitingAt({ world, memory }: House, endpoint: string): string {
  const there = waitingNow(memory, world.now()).filter(
    ({ subject, isAsked }) =>
      isAsked && (subject === `endpoint:${endpoint}` || subject.endsWith(`@${endpoint}`)),
  );
  return there.length === 0
    ? ''
    : `; what failed there (${there.map(({ subject }) => subject.replace(':', ' ')).join(', ')}) is tried now by renewd once, or by SIGHUP to the daemon`;
}

/** Addresses that answer are one line; each that does not is a line of its own, and a warning. */
async function examineAddresses(
  { world }: House,
  desired: Desired,
  signal: AbortSignal,
): Promise<Examination[]> {
  const looks = await tryAddresses(world, desired, signal);
  const { tried, notTried } = looks;
  const good: Examination = { subject: 'addresses', ok: true, message: addressesLine(looks), code: null };
  const silent = tried.filter((each) => !each.answers);
  return [
    ...(tried.length + notTried === 0 ? [] : [good]),
    ...silent.map(({ subject, message }): Examination => ({
      subject,
      ok: true,
      warning: true,
      message,
      code: null,
    })),
  ];
}

function print({ flags, out }: Invocation, results: readonly Examination[]): number {
  const failed = results.filter((result) => !result.ok);
  if (flags['json'] === true) {
    out.write(`${JSON.stringify({ apiVersion: 'renewd/v1', kind: 'DoctorReport', results }, null, 2)}\n`);
  } else {
    for (const { subject, ok, warning, message } of results) {
      const good = warning === true ? out.style('yellow', '!') : out.style('green', '✓');
      const mark = ok ? good : out.style('red', '✗');
      out.write(
        `${mark} ${out.style('bold', escapeControls(subject))}\n${wrap(escapeControls(message), out.widthColumns, '  ')}\n`,
      );
    }
    out.write(
      failed.length === 0
        ? `everything can be used\n`
        : `${String(failed.length)} of ${String(results.length)} cannot be used\n`,
    );
  }
  return failed.length === 0 ? exitOf('ok') : exitOf('operation-failed');
}
