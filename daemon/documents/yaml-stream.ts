/**
 * Cuts a YAML text into its documents, so that a mistake in one ends where that one ends: an open quote or bracket would otherwise swallow
 * everything below it. Parses nothing twice that parses well.
 */
import { type Document, Lexer, parseAllDocuments } from 'yaml';
import { limits } from '../limits.ts';

/** One document of a stream, and where the text it was parsed from begins. */
export interface StreamDocument {
  readonly document: Document.Parsed;
  /** To be added to every offset inside `document`. */
  readonly base: number;
}

/** YAML 1.2.2 section 9.1.4: `---` at the start of a line is a marker wherever it stands, also inside quotes (c-forbidden). */
const marker = /^---(?=[ \t\r\n]|$)/gm;

/** What the lexer says beside pieces of the text: begin of a document, its sudden end, a scalar follows. */
const signs: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001F']);

/**
 * Offset at which a text has more words, signs, lines and escapes than `piecesMax`; null when it has not. Each costs the parser time, however short it is, and this look
 * ends where the bound is reached. No IO.
 */
export function tooManyPiecesAt(text: string): number | null {
  const most = limits.documents.piecesMax;
  // No piece is shorter than a character, and a scalar has a sign in front.
  if (text.length * 2 < most) return null;
  // Each alone is one piece for the lexer: many escapes in one string, many lines in one block.
  let pieces = 0;
  for (const { index } of text.matchAll(/[\\\n]/g)) if (++pieces > most) return index;
  pieces = 0;
  let at = 0;
  for (const lexeme of new Lexer().lex(text)) {
    pieces++;
    if (!signs.has(lexeme)) at += lexeme.length;
    if (pieces > most) return Math.min(at, text.length);
  }
  return null;
}

/** Every document of the text, with its errors inside. Throws RangeError when it is nested too deep for the stack. No IO. */
export function readStream(text: string): StreamDocument[] {
  const whole = parse(text);
  const starts = [...text.matchAll(marker)].map((match) => match.index);
  const expected = starts.length;
  const sound = whole.every((document) => document.errors.length === 0) && whole.length >= expected;
  if (sound || expected === 0) return whole.map((document) => ({ document, base: 0 }));
  const first = starts[0] ?? 0;
  const pieces = /^(?!#|%|\s*$)/m.test(text.slice(0, first)) ? [0, ...starts] : [0, ...starts.slice(1)];
  return pieces.flatMap((base, index) =>
    parse(text.slice(base, pieces[index + 1])).map((document) => ({ document, base })),
  );
}

function parse(text: string): Document.Parsed[] {
  // The parser makes an Error a mistake, up to one a byte, and taking its stack is three quarters of the cost of a flood (0.4 s of 60 KB, measured).
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  try {
    return parseWhole(text);
  } finally {
    Error.stackTraceLimit = frames;
  }
}

function parseWhole(text: string): Document.Parsed[] {
  const parsed = parseAllDocuments(text, {
    version: '1.2',
    schema: 'core',
    // Binary, sets, ordered maps and dates would arrive as something no schema knows: written tags are refused with the unknown ones.
    resolveKnownTags: false,
    prettyErrors: false,
    // The parser's own check for repeated keys is quadratic (98 s for 50,000 keys, measured); ours is linear.
    uniqueKeys: false,
    stringKeys: true,
  });
  return Array.isArray(parsed) ? parsed : [];
}
