/** Looks at the bytes of a document before any parser does: size, encoding, characters that deceive, depth. Linear in the size. */
import { limits } from '../limits.ts';

export interface TextComplaint {
  readonly code: string;
  readonly message: string;
  /** Offset in the text; 0 when there is none. */
  readonly offset: number;
}

/** Controls but tab and line ends, and characters that reorder or hide text (UAX #9, Trojan Source): never in a declaration. */
const deceiving = /(?![\t\n\r])\p{Cc}|[\p{Cf}\p{Zl}\p{Zp}]/u;

/** The same for a value, where an escape in double quotes (`"\u202e"`) may have put what the text itself does not show, and half a surrogate pair too. */
const deceivingValue = /(?![\t\n])\p{Cc}|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The first character of a value that may not be in it, as `U+202E`; null when all is well. Pure. */
export function deceivingCharacter(value: string): string | null {
  const hit = deceivingValue.exec(value);
  return hit === null ? null : codePointOf(hit[0]);
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0').toUpperCase()}`;
}

/** The text, or why it is not read. A byte order mark at the start is dropped; CRLF is fine. Never throws. No IO. */
export function decodeText(
  bytes: Uint8Array,
):
  | { readonly text: string; readonly complaint: null }
  | { readonly text: string | null; readonly complaint: TextComplaint } {
  if (bytes.length > limits.documents.fileMaxBytes) {
    return refuse(
      null,
      'document-too-large',
      `is ${String(bytes.length)} bytes; at most ${String(limits.documents.fileMaxBytes)} are read. Split it: one resource a file is best`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(null, 'document-encoding', 'is not UTF-8 text; save it as UTF-8');
  }
  const hit = deceiving.exec(text);
  if (hit !== null) {
    return refuse(
      text,
      'document-characters',
      `holds the invisible character ${codePointOf(hit[0])}; remove it`,
      hit.index,
    );
  }
  const deep = tooDeepAt(text);
  if (deep !== null) {
    return refuse(
      text,
      'document-too-deep',
      `is nested deeper than ${String(limits.documents.depthMax)} levels`,
      deep,
    );
  }
  return { text, complaint: null };
}

function refuse(
  text: string | null,
  code: string,
  message: string,
  offset = 0,
): { readonly text: string | null; readonly complaint: TextComplaint } {
  return { text, complaint: { code, message, offset } };
}

/** Offset at which brackets, or dashes and question marks of one line, stand too deep inside one another; null when nowhere. Quotes are not looked at: a document that needs 32 brackets in a string may be refused, and what hides in them meets the reader's own bound. */
function tooDeepAt(text: string): number | null {
  let depth = 0;
  let run = 0;
  // From one before the text: the first line begins as every other one does.
  for (let index = -1; index < text.length; index++) {
    const character = index < 0 ? '\n' : text[index];
    if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    else if (character === '\n') {
      run = 0;
      // A line that begins with # holds no structure: a ruler of dashes in a comment is no depth.
      while (text[index + 1] === ' ') index++;
      if (text[index + 1] === '#') index = endOfLine(text, index) - 1;
    } else if (character === ',') run = 0;
    else if ((character === '-' || character === '?' || character === ':') && isBlank(text[index + 1])) run++;
    if (depth > limits.documents.depthMax || run > limits.documents.depthMax) return index;
  }
  return null;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from + 1);
  return end < 0 ? text.length : end;
}
