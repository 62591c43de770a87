/** The line a message is about, with a caret under its column. Pure. */
import { limits } from '../limits.ts';
import { saidText } from '../said-text.ts';

/** The line with a caret below the column, cut around it where it is long. What may be a line of a private key is withheld: its neighbours are not shown. */
export function excerptOf(written: string, column: number): string {
  const line = saidText(written, { before: true, after: true });
  const max = limits.documents.excerptMaxChars;
  const from = line.length <= max ? 0 : Math.max(0, Math.min(column - 1 - max / 2, line.length - max));
  // A tab stays one column wide, so that the caret stands below its character.
  return `${line.slice(from, from + max).replaceAll('\t', ' ')}\n${' '.repeat(Math.max(0, column - 1 - from))}^`;
}

/** The excerpt for a place in a text, line and column from 1; null when the text has no such line. Pure. */
export function excerptAt(text: string, line: number, column: number): string | null {
  const found = text.split('\n')[line - 1]?.replace(/\r$/, '');
  return found === undefined ? null : excerptOf(found, column);
}
