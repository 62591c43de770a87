/** One certificate in values: the plain verdict, the lifetime as a bar, what is served where, and its history. Explains the record; decides nothing. */
import { endsAt } from '../../../daemon/core/renewal.ts';
import type {
  AddressRecord,
  CertificateRecord,
  InstallationRecord,
  IssuedRecord,
  Timestamp,
} from '../../../daemon/core/record-format.ts';
import { firstToExpire } from '../../facts/row.ts';
import { count, instantOf, spanWords, utc, utcDay } from './time-words.ts';
import { statusWord } from './words.ts';

const unproved =
  'What was issued is installed and policy holds. There was nothing to prove: no address is declared, so nobody looked at what clients get.';

/** Two or three plain sentences: what the status means here, at how many addresses it is proved, until when it holds, what to do. */
export function verdictOf(
  record: CertificateRecord,
  at: Timestamp,
): { readonly verdict: string; readonly next: string } {
  const word = statusWord(record.status);
  const addresses = record.installations.flatMap((each) => each.addresses);
  const matching = addresses.filter((each) => each.result === 'served-match').length;
  const first = firstToExpire(record);
  const silent = addresses.length === 0 && record.installations.some((each) => each.issued !== null);
  const sentences = [silent && record.status === 'ok' ? unproved : word.meaning];
  if (addresses.length > 0)
    sentences.push(
      matching === addresses.length
        ? `${addresses.length === 1 ? 'The only declared address serves' : `All ${addresses.length} declared addresses serve`} what was issued.`
        : matching === 0
          ? `${addresses.length === 1 ? 'The only declared address does not pass' : `None of the ${addresses.length} declared addresses passes`}.`
          : `${matching} of ${count(addresses.length, 'declared address')} ${matching === 1 ? 'serves' : 'serve'} what was issued.`,
    );
  const unseen = silent || addresses.length === 0 ? [] : record.installations.filter(isUnseen);
  if (unseen.length > 0)
    sentences.push(
      `On ${unseen.map((each) => each.endpoint).join(', ')} there is nothing to prove: no address is declared.`,
    );
  if (first !== null)
    sentences.push(
      endsAt(first) < at
        ? `What was issued ended on ${utc(endsAt(first))}.`
        : `What was issued is valid until ${utc(endsAt(first))}.`,
    );
  if (record.declaration.withdrawn)
    sentences.push(
      'Its declaration is gone from the repository: nothing was uninstalled, and it is still watched, but it is not renewed.',
    );
  return { verdict: sentences.join(' '), next: word.next };
}

function isUnseen({ issued, addresses }: InstallationRecord): boolean {
  return issued !== null && addresses.length === 0;
}

export interface LifetimeBar {
  /** Permille of the lifetime, 0 to 1000. */
  readonly now: number;
  readonly renew: number | null;
  readonly title: string;
  readonly description: string;
  readonly past: boolean;
}

/** Where the build instant and the renewal instant stand in a lifetime; null when the dates say nothing. */
export function lifetimeBar(
  issued: IssuedRecord,
  renewAt: Timestamp | null,
  at: Timestamp,
): LifetimeBar | null {
  const [from, until, now] = [instantOf(issued.notBefore), instantOf(endsAt(issued)), instantOf(at)];
  if (from === null || until === null || now === null || until <= from) return null;
  const permille = (instant: number): number =>
    Math.round((Math.min(Math.max(instant, from), until) - from) * (1000 / (until - from)));
  const renew = renewAt === null ? null : instantOf(renewAt);
  const past = now > until;
  return {
    now: permille(now),
    renew: renew === null ? null : permille(renew),
    past,
    title: past
      ? `Ended ${spanWords(now - until)} before ${utcDay(at)}`
      : `${spanWords(until - now)} of ${spanWords(until - from)} left on ${utcDay(at)}`,
    description:
      `Valid from ${utc(issued.notBefore)} to ${utc(endsAt(issued))}` +
      (renewAt === null
        ? '; no renewal is planned.'
        : `; renewal ${renewAt < at ? 'was' : 'is'} planned for ${utc(renewAt)}.`),
  };
}

/** What is served at an address against what was issued, in words a person can check. */
export function matchWords(address: AddressRecord, installation: InstallationRecord): string {
  if (address.fingerprint === null) return 'No certificate was received, so there is nothing to compare.';
  if (installation.issued === null) return 'Nothing was issued here yet; this was found in place.';
  if (address.fingerprint === installation.issued.fingerprint)
    return 'The fingerprint served is the fingerprint that was issued.';
  if (address.fingerprint === installation.previous?.fingerprint)
    return 'The fingerprint served is that of the certificate before this one.';
  return 'The fingerprint served is not the one that was issued.';
}

/** A fingerprint in groups that a person can compare by eye: `3a7f 01c2 ...`. */
export function grouped(hex: string): string {
  return hex.replace(/(.{4})(?=.)/g, '$1 ');
}
