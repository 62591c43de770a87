/** The audit in words: months and quarters, outcomes, who signed and agreed, whether the records are intact. It repeats verdicts and makes none. Pure. */
import type { Audit, AuditMonth, ChangeFacts, ControlResult, Redaction } from './model.ts';
import { count } from './time-words.ts';
import type { Word } from './words.ts';

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const ordinals = ['first', 'second', 'third', 'fourth'];

/** `November 2026` for `2026-11`; what is no month is returned as it came. */
export function monthWords(month: string): string {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  return match === null ? month : `${monthNames[Number(match[2]) - 1] ?? ''} ${match[1] ?? ''}`;
}

/** `fourth quarter of 2026` for `2026-Q4`; what is no quarter is returned as it came. */
export function quarterWords(label: string): string {
  const match = /^(\d{4})-Q([1-4])$/.exec(label);
  return match === null ? label : `${ordinals[Number(match[2]) - 1] ?? ''} quarter of ${match[1] ?? ''}`;
}

/** Path of a quarter below the base: `audit/period/2026-q4/`. */
export function quarterPath(label: string): string {
  return `audit/period/${label.toLowerCase()}/`;
}

/** Path of a month below the base. */
export function monthPath(month: string): string {
  return `audit/${month}/`;
}

/** What became of a change of declarations. */
export const outcomeWords: Readonly<Record<ChangeFacts['outcome'], Word>> = {
  accepted: {
    label: 'Accepted',
    tone: 'ok',
    shape: 'tick',
    meaning: 'It was judged by what was in force before it, and took effect.',
  },
  waiting: {
    label: 'Waiting',
    tone: 'soon',
    shape: 'dots',
    meaning: 'An approval is missing: it has no effect yet.',
  },
  refused: {
    label: 'Refused',
    tone: 'soon',
    shape: 'barred',
    meaning: 'It may not be made so, and has no effect. What was in force before stays in force.',
  },
  trusted: {
    label: 'Taken on trust',
    tone: 'unknown',
    shape: 'letter-i',
    meaning: 'The first commit: nothing before it could judge it.',
  },
};

/** An outcome by its word in the record; one that this site does not know is never shown as accepted. */
export function outcomeWord(outcome: string): Word {
  return Object.hasOwn(outcomeWords, outcome)
    ? outcomeWords[outcome as ChangeFacts['outcome']]
    : {
        label: `Unknown (${outcome})`,
        tone: 'unknown',
        shape: 'question',
        meaning: 'An outcome this site does not know.',
      };
}

/** Who signed, where the level of redaction lets it be told. Signatures of some commits do not stand for the others. */
export function signerWords({
  signedBy,
  unsigned,
  commitCount,
}: Pick<ChangeFacts, 'signedBy' | 'unsigned' | 'commitCount'>): string {
  if (signedBy.length === 0) return 'nobody';
  const names = signedBy.join(', ');
  return unsigned === 0
    ? names
    : `${names}; ${String(unsigned)} of ${count(commitCount, 'commit')} without a signature that counts`;
}

/** Who wrote it, as the commit says: anybody can write anything there. */
export function authorWords(author: string, redaction: Redaction): string {
  if (author !== '') return author;
  return redaction === 'full' ? 'not named' : 'withheld';
}

/** A share as a percentage that never rounds up to all: `99.9 %` for 9,999 of 10,000. */
export function shareWords(part: number, whole: number): string {
  if (whole === 0) return 'none';
  if (part === whole) return '100\u00A0%';
  const tenths = Math.floor((part / whole) * 1000);
  return `${tenths % 10 === 0 ? String(tenths / 10) : (tenths / 10).toFixed(1)}\u00A0%`;
}

/** Whether the records are what the daemon wrote, in one sentence. Only a signature that verified counts. */
export function integritySentence({ commits, signed, unsigned, truncated }: Audit): string {
  if (commits === 0) return 'The daemon has committed no record yet.';
  const unchecked = commits - signed - unsigned;
  const which = truncated
    ? `Of the last ${count(commits, 'commit')} of records`
    : `Of ${count(commits, 'commit')} of records`;
  if (signed === commits) return `${which}, every one carries a signature that verifies.`;
  const others = [
    unsigned > 0 ? `${String(unsigned)} ${unsigned === 1 ? 'carries' : 'carry'} none that does` : '',
    unchecked > 0 ? `${String(unchecked)} ${unchecked === 1 ? 'was' : 'were'} not checked` : '',
  ].filter((each) => each !== '');
  return `${which}, ${String(signed)} (${shareWords(signed, commits)}) ${signed === 1 ? 'carries' : 'carry'} a signature that verifies; ${others.join(', ')}.`;
}

/** By whose key signatures were judged. */
export function trustSentence({ recordSigner }: Pick<Audit, 'recordSigner'>): string {
  return recordSigner === 'configured'
    ? 'Trusted is the key that the configuration or policies/allowed_signers lists for renewd.'
    : 'Nobody lists the key of the daemon, so the key of the oldest known commit is taken on trust: the signatures show that one key made all of them, not whose it is. List it in policies/allowed_signers under a principal that begins with renewd.';
}

/** What happened in a month, in one sentence. */
export function monthSentence({ changeCount, commitCount, signed }: AuditMonth): string {
  const people =
    changeCount === 0
      ? 'No change of declarations was judged'
      : `${count(changeCount, 'change')} of declarations by people ${changeCount === 1 ? 'was' : 'were'} judged`;
  const daemon =
    commitCount === 0
      ? 'the daemon committed no record'
      : `the daemon committed records ${commitCount === 1 ? 'once' : `${String(commitCount)} times`}, ${signed === commitCount ? 'every time with a signature that verifies' : `${String(signed)} of them with a signature that verifies`}`;
  return `${people}; ${daemon}.`;
}

/** The result of a control at the end of a period: what findings say, not more. */
export function controlWords({ broken, excepted }: Pick<ControlResult, 'broken' | 'excepted'>): string {
  const except = excepted === 0 ? '' : `, ${String(excepted)} excepted`;
  if (broken > 0) return `broken by ${String(broken)}${except}`;
  return excepted === 0 ? 'no breach recorded' : `no other breach recorded${except}`;
}

/** How the controls stand, in one sentence. */
export function controlSentence(controls: readonly ControlResult[], total: number): string {
  if (total === 0) return 'No rule was in force that is known here.';
  const broken = controls.filter((each) => each.broken > 0).length;
  const excepted = controls.filter((each) => each.broken === 0 && each.excepted > 0).length;
  const kept = total - broken - excepted;
  return `${count(total, 'rule')} in force at the end of the data: ${String(broken)} broken, ${String(excepted)} kept but for exceptions, ${String(kept)} without a recorded breach.`;
}
