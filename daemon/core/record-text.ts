/** Text as it may stand in a record: the brand that every sink asks for, and how control characters become visible. Pure. */

declare const clean: unique symbol;

/**
 * Text that went through `daemon/record-text.ts`: it holds no secret that can be recognised and no control character but line feeds.
 * Whatever leaves the process for a record, a commit or a page is of this type, so that nothing can be written past it.
 */
export type RecordText = string & { readonly [clean]: true };

declare const said: unique symbol;

/**
 * Text from outside that went through `daemon/said-text.ts`: it holds no secret that can be recognised, so it may be cut anywhere. Control characters
 * may be in it.
 */
export type SaidText = string & { readonly [said]: true };

/**
 * Characters that move a cursor, start an escape sequence or reorder text: controls (C0, DEL, C1), format characters (bidirectional
 * controls of UAX #9, zero-width characters, byte order mark), line and paragraph separators, lone surrogates.
 */
const hostile = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Makes every hostile character visible (`\x1b`, `\u202e`), line ends too. Printable Unicode passes unchanged. Doing it twice changes nothing more. */
export function visibleLine(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replace(hostile, visibleCharacter);
}

/** As `visibleLine`, but line feeds stay, and a carriage return before one goes. */
export function visibleText(text: string): string {
  if (/^[\x20-\x7e\n]*$/.test(text)) return text;
  return text
    .replaceAll('\r\n', '\n')
    .replace(hostile, (character) => (character === '\n' ? character : visibleCharacter(character)));
}

function visibleCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}
