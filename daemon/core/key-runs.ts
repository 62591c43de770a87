/** Lines that are the body of a private key whose armor is not whole: its BEGIN or its END was cut off, or never printed. Pure; takes time in proportion to the text. */

/** What is known about a text in which to look. */
export interface KeyRunSearch {
  /** Something that stood before the text, or after it, is missing. */
  readonly cut: { readonly before: boolean; readonly after: boolean };
  /** Two long lines in a row count wherever they stand, as in what a program printed. Else only beside a cut, or before an END. */
  readonly anywhere: boolean;
}

/** PEM writes 64 characters a line and OpenSSH 70 (RFC 7468 section 2); a name, a number or a word of a sentence is shorter. */
const longWordChars = 40;
/** Beside a cut, where a line is not whole: fifteen bytes. */
const partWordChars = 20;

/** `long`: it ends with a word of base64 that may be a line of a key. `short`: nothing but base64, or the last word of a body whose lines all have the same length of words before. Others end a run. */
type LineKind = 'long' | 'short' | 'blank' | 'other';

interface Line {
  readonly text: string;
  readonly kind: LineKind;
  /** Where the base64 begins. */
  readonly from: number;
  /** The label of a line that opens or closes a PEM block. */
  readonly border: { readonly is: string; readonly isPrivate: boolean } | null;
}

/** The text with `mark` in place of each run of lines that may be part of a private key. Blocks under a label that names no private key stay. */
export function withoutKeyRuns(text: string, mark: string, { cut, anywhere }: KeyRunSearch): string {
  // Line ends stand as themselves, or as the two characters that JSON makes of them.
  const parts = text.split(/(\r?\n|(?:\\r)?\\n)/);
  const lines = readLines(parts.filter((_, index) => index % 2 === 0));
  const first = lines.findIndex(({ kind }) => kind !== 'blank');
  const last = lines.findLastIndex(({ kind }) => kind !== 'blank');
  const opening = lines[first];
  if (cut.before && opening !== undefined && opening.kind === 'other')
    parts[2 * first] = withoutFirstWord(opening.text, mark);
  let index = 0;
  while (index < lines.length) {
    const end = endOfRun(lines, index);
    if (end === index) {
      index = isPublicBegin(lines[index]) ? Math.max(endOfRun(lines, index + 1), index + 1) : index + 1;
      continue;
    }
    const run = lines.slice(index, end);
    const long = run.filter(({ kind }) => kind === 'long').length;
    const isPart = isKeyText(run.map(({ text, from }) => text.slice(from).trim()).join(''), partWordChars);
    const border = lines[end]?.border;
    const beside = (cut.before && index <= first) || (cut.after && end > last);
    const isPrivate =
      border?.is === 'END' ? border.isPrivate : (beside && (long > 0 || isPart)) || (anywhere && long > 1);
    if (isPrivate) {
      for (let at = index; at < end; at++) {
        const { text: line, from } = lines[at] ?? { text: '', from: 0 };
        const before = line.slice(0, from);
        const isRepeated = at > index && before.trim() === '';
        parts[2 * at] = isRepeated ? '' : `${before}${mark}`;
        if (isRepeated) parts[2 * at - 1] = '';
      }
    }
    index = end;
  }
  return parts.join('');
}

function endOfRun(lines: readonly Line[], from: number): number {
  let end = from;
  while (lines[end]?.kind === 'long' || lines[end]?.kind === 'short') end++;
  return end;
}

function isPublicBegin(line: Line | undefined): boolean {
  return line?.border?.is === 'BEGIN' && !line.border.isPrivate;
}

function readLines(texts: readonly string[]): Line[] {
  const lines: Line[] = [];
  for (const line of texts.map(readLine)) {
    const former = lines.at(-1);
    const goesOn = former !== undefined && (former.kind === 'long' || former.kind === 'short');
    // A log puts the same words in front of each line.
    const isLast =
      goesOn && line.kind === 'other' && line.border === null && line.from > 0 && line.from === former.from;
    lines.push(isLast ? { ...line, kind: 'short' } : line);
    const isBody =
      former?.kind === 'other' &&
      former.border === null &&
      lastWord(former.text).word.length >= partWordChars;
    if (isBody && line.border?.is === 'END' && line.border.isPrivate)
      lines.splice(-2, 1, { ...former, kind: 'short' });
  }
  return lines;
}

function readLine(text: string): Line {
  const [, is, label = ''] = /-{4,5} ?(BEGIN|END) ([A-Z0-9 ]{1,64}?) ?-{4,5}/.exec(text) ?? [];
  if (is !== undefined)
    return { text, kind: 'other', from: 0, border: { is, isPrivate: label.includes('PRIVATE KEY') } };
  const plain = text.trim();
  // Half a border says nothing either.
  if (plain === '' || /^-{2,5}[A-Z0-9 ]{0,64}$|^[A-Z0-9 ]{0,64}-{2,5}$/.test(plain))
    return { text, kind: 'blank', from: 0, border: null };
  const { from, word } = lastWord(text);
  const isAlone = text.slice(0, from).trim() === '' && word.length === plain.length;
  // A fingerprint says its digest before it; the public half of an SSH key stands behind its kind.
  const isPublic = /(?:\b(?:MD5|SHA\d{1,3}):|(?:^|[\s"'])(?:ssh|ecdsa|sk)-\S{1,60}\s)$/i.test(
    text.slice(Math.max(from - 64, 0), from),
  );
  const isLong = isKeyText(word, longWordChars) && !isPublic;
  return { text, kind: isLong ? 'long' : isAlone ? 'short' : 'other', from, border: null };
}

/** The run of base64 at the end of a line, past the few signs with which a text in quotes goes on. */
function lastWord(text: string): { readonly from: number; readonly word: string } {
  let end = text.length;
  while (end > 0 && end > text.length - 8 && !isBase64(text[end - 1])) end--;
  let from = end;
  while (from > 0 && isBase64(text[from - 1])) from--;
  return { from, word: text.slice(from, end) };
}

/** A line that goes on after a key that began before the cut, as in JSON on one line. */
function withoutFirstWord(text: string, mark: string): string {
  let end = 0;
  while (end < text.length && isBase64(text[end])) end++;
  return isKeyText(text.slice(0, end), longWordChars) ? mark + text.slice(end) : text;
}

/** Long, no digest or id in hex, and of letters as mixed as random bytes make them: most paths and long words are of small letters. */
function isKeyText(word: string, leastChars: number): boolean {
  if (word.length < leastChars || /^[0-9a-f]+$/i.test(word)) return false;
  return (
    (word.match(/[A-Z]/g)?.length ?? 0) >= leastChars / 10 &&
    (word.match(/[a-z]/g)?.length ?? 0) >= leastChars / 10
  );
}

function isBase64(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9+/=]/.test(character);
}
