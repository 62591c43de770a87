/**
 * Whether a switch that did not end well is taken back. It is where that makes things better: not for an address that was no better before, and not to what has ended
 * itself. Pure.
 */
import type { Installed, Operation } from './installation-state.ts';
import type { Fingerprint, Handshake, Instant, ServedResult } from './model.ts';
import { endOf, endsAt } from './renewal.ts';
import { judgeHandshake, partsOf } from './served.ts';

/** What an address showed before the switch, where that was not the certificate of then, or the one before it, as it should be. */
export interface Amiss {
  readonly address: string;
  /** What was installed then was received, with something wrong about it. */
  readonly isOurs: boolean;
  /** Of another certificate; null: none was received, or ours. */
  readonly fingerprint: Fingerprint | null;
  readonly result: ServedResult;
}

/**
 * What was amiss before the switch. Where nothing was installed, a certificate that is shown is what is to be replaced: only an address that shows none is amiss. Pure.
 */
export function amissIn(
  handshakes: readonly Handshake[],
  installed: Installed | null,
  now: Instant,
): readonly Amiss[] {
  const current = installed?.issued.fingerprint ?? null;
  const previous = installed?.previous?.fingerprint ?? null;
  const parts = handshakes.flatMap((each) => partsOf(each).seen);
  return parts.flatMap((part) => {
    const { leaf } = part;
    if (leaf !== null && (installed === null || leaf.fingerprint === previous)) return [];
    const shown = shownAt(part, current, now);
    // One that ends is what is replaced.
    return shown.isOurs && ['served-match', 'expired'].includes(shown.result) ? [] : [shown];
  });
}

/**
 * Whether an address shows after the switch what was amiss there before: nothing is proved there, and nobody is helped by taking the switch back. `current`: the new
 * certificate. Pure.
 */
export function isAsBefore(
  part: Handshake,
  amiss: readonly Amiss[],
  current: Fingerprint,
  now: Instant,
): boolean {
  const shown = shownAt(part, current, now);
  return amiss.some(
    (each) =>
      each.address === shown.address &&
      each.isOurs === shown.isOurs &&
      each.fingerprint === shown.fingerprint &&
      // What is wrong with another one matters to nobody; it is the same.
      (shown.fingerprint !== null || each.result === shown.result),
  );
}

/** Whether an address still shows the certificate that was installed before the switch, and clients still take it. Pure. */
export function isBehind({ leaf }: Handshake, installed: Installed | null, now: Instant): boolean {
  if (leaf === null || installed === null) return false;
  return leaf.fingerprint === installed.issued.fingerprint && endOf(installed.issued) > now;
}

function shownAt(part: Handshake, current: Fingerprint | null, now: Instant): Amiss {
  const { address, at, leaf } = part;
  const { host, port, serverName } = address;
  const expected = { current, previous: null, known: new Map(), now };
  const isOurs = leaf !== null && leaf.fingerprint === current;
  return {
    address: `${host}:${String(port)}/${serverName}${at === undefined ? '' : ` at ${at}`}`,
    isOurs,
    fingerprint: leaf === null || isOurs ? null : leaf.fingerprint,
    result: judgeHandshake(part, expected).result,
  };
}

/**
 * Why what was switched to stays though it did not end well; null when what was there before is put back. It stays where that has ended: nobody is helped by it. Only
 * after the server took the new one in its test of the configuration: else it might not start again. Pure.
 */
export function reasonToStay(
  { step, before, generation, repairs }: Pick<Operation, 'step' | 'before' | 'generation' | 'repairs'>,
  installed: Installed | null,
  now: Instant,
): string | null {
  if (step !== 'tested' && step !== 'reloaded' && step !== 'proved') return null;
  if (repairs === true || installed === null || before === null || before === generation) return null;
  if (before !== installed.issued.generation || endOf(installed.issued) > now) return null;
  return `It stays in place all the same: the certificate before it expired at ${endsAt(installed.issued)}`;
}
