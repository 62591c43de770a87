/**
 * Words of programs, servers and files on their way into a message: what looks like a secret is withheld first, and cut is only what is left,
 * since half a key is still a key and no longer looks like one. No other file of the daemon cuts text of this kind.
 */
import type { SaidText } from './core/record-text.ts';
import { recordLine, withholdFragment } from './record-text.ts';

export type { SaidText } from './core/record-text.ts';

/** Where a text is not whole: a bound, or a time, ended what was read of it. */
export interface Missing {
  readonly before?: boolean;
  readonly after?: boolean;
}

/**
 * What a program or a server said, as far as it was read, as text without secrets: also without lines of a private key whose armor is not whole.
 * Bytes are read as UTF-8. Doing it twice changes nothing more.
 */
export function saidText(output: string | Uint8Array, missing: Missing = {}): SaidText {
  const text = typeof output === 'string' ? output : Buffer.from(output).toString('utf8');
  return withholdFragment(text, missing) as SaidText;
}

/** The first characters of a text from outside. */
export function firstOf(text: string, maxChars: number): SaidText {
  return whole(saidText(text).slice(0, maxChars));
}

/** As `firstOf`, as one line in which control characters are visible: for records. */
export function firstOfLine(text: string, maxChars: number): SaidText {
  return whole(recordLine(saidText(text)).slice(0, maxChars));
}

/** The last lines that are not empty, on one line without control characters; empty when there are none. */
export function lastLines(text: SaidText, linesMax: number, maxChars: number): SaidText {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '');
  return whole(lines.slice(-linesMax).join(' / ').slice(0, maxChars));
}

/** No half of a character beside a cut. */
function whole(text: string): SaidText {
  return text.replace(/[\ud800-\udbff]$/, '') as SaidText;
}
