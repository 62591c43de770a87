/** Hears what time servers say it is, and asks `core/clock.ts` at every turn. The basis stands in the journal, so that a start does not forget. */
import { counted } from '../core/count.ts';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { uptime } from 'node:os';
import type { FindingDraft } from '../core/assess.ts';
import { judgeClock, type ClockBasis, type ClockVerdict } from '../core/clock.ts';
import { findingDraft } from '../core/finding-draft.ts';
import type { Desired } from '../core/model.ts';
import type { Journal } from '../journal/journal.ts';
import { limits } from '../limits.ts';

const fact = 'clock';

/** The machine's own time, beside its clock. Tests give their own. */
export interface MachineTime {
  /** Since the machine was started, time asleep included (CLOCK_BOOTTIME). */
  readonly uptimeMs: () => number;
  /** Names this start of the machine. */
  readonly boot: string;
  /** Added to the dates that servers give: for tests in which time passes everywhere. */
  readonly serversAheadMs: () => number;
}

/** That of this machine. IO: reads the id of the boot. */
export function machineTime(): MachineTime {
  let boot = 'unknown';
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux: every process counts as a start of its own.
    boot = `process ${String(process.pid)} ${String(Date.now())}`;
  }
  return { boot, uptimeMs: () => uptime() * 1000, serversAheadMs: () => 0 };
}

export interface ClockWitness {
  readonly judge: () => ClockVerdict;
  readonly close: () => void;
}

/** Listens to the Date (RFC 9110 section 6.6.1) of the HTTP answers of Git and ACME. IO: the journal, when the clock is believed. */
export function createClockWitness(tools: {
  readonly now: () => number;
  readonly journal: Pick<Journal, 'fact' | 'setFact'>;
  readonly machine: MachineTime;
  /** Host names of the servers whose dates count, each once: those that the operator and the declared issuers name. No other peer has a vote. */
  readonly sources: () => ReadonlySet<string>;
}): ClockWitness {
  const { now, journal, machine, sources } = tools;
  const heard = new Map<string, { readonly at: number; readonly uptimeMs: number }>();
  const hear = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const at = Date.parse(response.headers.date ?? '');
    // Asked by whatever name an answer led to: a server has one vote, however many names it gives itself.
    if (Number.isNaN(at) || !sources().has(request.host)) return;
    heard.delete(request.host);
    heard.set(request.host, { at: at + machine.serversAheadMs(), uptimeMs: machine.uptimeMs() });
    for (const oldest of heard.keys()) if (heard.size > limits.clock.votesMax) heard.delete(oldest);
  };
  subscribe('http.client.response.finish', hear);
  return {
    judge: () => {
      const uptimeMs = machine.uptimeMs();
      const at = now();
      const kept = JSON.parse(journal.fact(fact) ?? 'null') as ClockBasis | 'trusted' | null;
      // Whoever says so outweighs every server there can be.
      const witnesses = limits.clock.votesMax;
      const here: ClockBasis = { at, uptimeMs, boot: machine.boot, confirmed: true, witnesses };
      const basis = kept === 'trusted' ? here : kept;
      const votes = [...heard]
        .filter(([host]) => sources().has(host))
        .map(([host, vote]) => ({
          host,
          offsetMs: vote.at + (uptimeMs - vote.uptimeMs) - at,
        }));
      const { skewMaxMs, absenceMaxMs, settleMs } = limits.clock;
      const verdict = judgeClock({
        now: at,
        uptimeMs,
        boot: machine.boot,
        basis,
        votes,
        skewMaxMs,
        absenceMaxMs,
        settleMs,
      });
      const next = verdict.basis;
      const news =
        basis === null ||
        next === null ||
        kept === 'trusted' ||
        next.boot !== basis.boot ||
        next.confirmed !== basis.confirmed ||
        next.witnesses !== basis.witnesses ||
        Math.abs(next.at - basis.at) > limits.clock.rememberMs;
      if (verdict.doubt === null && next !== null && news) journal.setFact(fact, JSON.stringify(next));
      return verdict;
    },
    close: () => {
      unsubscribe('http.client.response.finish', hear);
    },
  };
}

/** The servers that may say what time it is: that of Git, and the directories of the issuers in force. Pure. */
export function clockSources(repo: string, desired: Pick<Desired, 'issuers'> | null): ReadonlySet<string> {
  const urls = [...(desired?.issuers.values() ?? [])].map(({ config }) => config['directory']);
  return new Set(
    [repo, ...urls].flatMap((each) =>
      typeof each === 'string' ? (URL.parse(each)?.hostname.replace(/^\[|\]$/g, '') ?? []) : [],
    ),
  );
}

/** A person says that the clock is right: what was seen before no longer counts against it. IO: the journal. */
export function trustClock(journal: Pick<Journal, 'setFact' | 'append'>, now: number): void {
  journal.append(now, 'clock', 'taken on trust', 'by the person who ran renewd');
  journal.setFact(fact, '"trusted"');
}

/** What of a verdict is kept until the next one. */
export type ClockState = Omit<ClockVerdict, 'basis'>;

/** A clock that nobody says anything against. */
export const calmClock: ClockState = { doubt: null, contested: null, settling: false, correctionMs: 0 };

/** The finding of a clock that is not believed, or that a server contests while nobody confirms it; none otherwise. Pure. */
export function clockFindings({ doubt, contested, settling, correctionMs }: ClockState): FindingDraft[] {
  if (contested !== null) {
    const waits = settling
      ? `no change is put in force in the first ${counted(limits.clock.settleMs / 60_000, 'minute')} after a start of the machine; renewals go on`
      : 'everything goes on by it';
    return [
      findingDraft('clock-contested', {
        id: 'repository clock-contested',
        message: `${contested} gives another time than the clock of the daemon, and nobody confirms either: ${waits}`,
      }),
    ];
  }
  if (doubt === null) return [];
  const seconds = Math.round(Math.abs(correctionMs) / 1000);
  const by =
    seconds >= 172_800
      ? counted(Math.round(seconds / 86_400), 'day')
      : counted(Math.round(seconds / 60), 'minute');
  return [
    findingDraft('clock-doubted', {
      id: 'repository clock-doubted',
      message: `the clock of the daemon is about ${by} ${correctionMs < 0 ? 'ahead' : 'behind'} by ${doubt}: nothing is issued, installed or revoked, and no change is put in force, until it is right`,
    }),
  ];
}
