/**
 * What people see on a terminal: status marks, tables, wrapped text, colour only where it is wanted.
 * It decides nothing about certificates and refuses to pass control characters from the world through to the screen.
 */
import { stripVTControlCharacters } from 'node:util';
import type { CertificateStatus } from './core/record-format.ts';
import { visibleLine } from './core/record-text.ts';
import { limits } from './limits.ts';

/** Makes text from the world safe to print on one line: every hostile character becomes visible (`\x1b`, `\u202e`). Pure. Printable Unicode passes unchanged. */
export function escapeControls(text: string): string {
  return visibleLine(text);
}

/** What `openTerminal` needs to know of a stream: a subset of `tty.WriteStream`. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

/** SGR parameters by purpose (ECMA-48 section 8.3.117). The eight basic colours, so that the user's palette decides. */
const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

export type Style = keyof typeof styles;

/** How text reaches one stream: its width, whether colour is wanted, and how to style. */
export interface Terminal {
  /** A person is watching: lines may be redrawn in place. */
  readonly interactive: boolean;
  readonly colour: boolean;
  /** Columns available; the default of `limits.terminal` where the stream has none. */
  readonly widthColumns: number;
  /** Wraps `text` in a style where colour is on. Never escapes: give it safe text. */
  readonly style: (style: Style, text: string) => string;
  readonly write: (text: string) => void;
}

/**
 * Looks at a stream and the environment. FORCE_COLOR (not `0`) turns colour on, NO_COLOR (not empty, no-color.org) or
 * `TERM=dumb` turns it off, else a terminal decides; when both are set NO_COLOR wins. No IO until `write`.
 */
export function openTerminal(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const isTerminal = stream.isTTY === true;
  const dumb = environment['TERM'] === 'dumb';
  const refused = (environment['NO_COLOR'] ?? '') !== '';
  const force = environment['FORCE_COLOR'];
  const forced = force !== undefined && force !== '0' && force !== 'false';
  const colour = !refused && force !== '0' && force !== 'false' && (forced || (isTerminal && !dumb));
  const columns = stream.columns ?? 0;
  return {
    interactive: isTerminal && !dumb,
    colour,
    widthColumns: columns > 0 ? columns : limits.terminal.defaultWidthColumns,
    style: (style, text) => (colour ? `\u001b[${styles[style]}m${text}\u001b[0m` : text),
    write: (text) => {
      stream.write(text);
    },
  };
}

interface Mark {
  /** A shape, so that the status is told without colour; ASCII beside it is the word. */
  readonly shape: string;
  readonly style: Style;
}

/** Shape and colour by status; the word is always printed too (WCAG 2.2, 1.4.1: colour is never the only means). */
const marks: Readonly<Record<CertificateStatus, Mark>> = {
  ok: { shape: '✓', style: 'green' },
  'renewal-due': { shape: '↻', style: 'blue' },
  pending: { shape: '…', style: 'blue' },
  retired: { shape: '–', style: 'dim' },
  unknown: { shape: '?', style: 'magenta' },
  'non-compliant': { shape: '▲', style: 'yellow' },
  overdue: { shape: '▲', style: 'yellow' },
  drift: { shape: '≠', style: 'yellow' },
  blocked: { shape: '■', style: 'red' },
  failing: { shape: '✗', style: 'red' },
  expired: { shape: '✗', style: 'red' },
};

/** `✓ ok`, `≠ drift`: a shape and the word, coloured where wanted. Pure. */
export function statusMark(status: CertificateStatus, terminal: Pick<Terminal, 'style'>): string {
  const mark = marks[status];
  return terminal.style(mark.style, `${mark.shape} ${status}`);
}

/** The same mark as a cell of a table: the table escapes text, so colour is told apart from it. Pure. */
export function statusCell(status: CertificateStatus): Cell {
  const mark = marks[status];
  return { text: `${mark.shape} ${status}`, style: mark.style };
}

/** Ranges that East Asian Width (UAX #11) calls wide or that terminals draw as emoji: two columns each. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns a text takes on a terminal, styles not counted. Pure. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (/\p{M}/u.test(character)) continue;
    columns += wide.test(character) ? 2 : 1;
  }
  return columns;
}

/** Cuts plain text (no styles) to at most `widthColumns`, the last column an ellipsis where something was cut. Pure. */
export function truncate(text: string, widthColumns: number): string {
  if (columnsOf(text) <= widthColumns) return text;
  let kept = '';
  let columns = 0;
  for (const character of text) {
    const next = columnsOf(character);
    if (columns + next > widthColumns - 1) break;
    kept += character;
    columns += next;
  }
  return `${kept}…`;
}

/** Pads styled or plain text with spaces to `widthColumns`; longer text stays as it is. Pure. */
export function pad(text: string, widthColumns: number): string {
  return text + ' '.repeat(Math.max(0, widthColumns - columnsOf(text)));
}

/**
 * Breaks plain text at spaces into lines of at most `widthColumns`, each after `indent`. A longer word (a path, a
 * fingerprint) keeps a line of its own uncut, so that it can be copied. Line breaks in the text stay. Pure.
 */
export function wrap(text: string, widthColumns: number, indent = ''): string {
  const room = Math.max(1, widthColumns - columnsOf(indent));
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ').filter((each) => each !== '')) {
      if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > room) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines.map((line) => (line === '' ? '' : indent + line)).join('\n');
}

/** One cell: plain text from anywhere, with an optional style put on after escaping and cutting. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/**
 * A table: a header row, then rows, columns two spaces apart. Cells are escaped. Where the stream is a terminal and
 * the table is wider, the widest columns are cut until it fits; elsewhere nothing is cut, so that pipes get everything.
 * Pure; ends with a line break, and is empty for no rows.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (Cell | string)[])[],
  terminal: Pick<Terminal, 'style' | 'interactive' | 'widthColumns'>,
): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) =>
    header.map((_, index) => {
      const cell = row[index] ?? '';
      const { text, style } = typeof cell === 'string' ? { text: cell, style: undefined } : cell;
      return { text: escapeControls(text), style };
    }),
  );
  const widths = header.map((title, index) =>
    Math.max(columnsOf(title), ...cells.map((row) => columnsOf(row[index]?.text ?? ''))),
  );
  if (terminal.interactive) shrink(widths, terminal.widthColumns - 2 * (header.length - 1));
  const line = (row: readonly string[]): string => `${row.join('  ').trimEnd()}\n`;
  const head = header.map((title, index) =>
    terminal.style('bold', pad(truncate(title, widths[index] ?? 0), widths[index] ?? 0)),
  );
  const body = cells.map((row) =>
    row.map(({ text, style }, index) => {
      const width = widths[index] ?? 0;
      const cut = truncate(text, width);
      const shown = style === undefined ? cut : terminal.style(style, cut);
      return index === header.length - 1 ? shown : pad(shown, width);
    }),
  );
  return [head, ...body].map(line).join('');
}

/** Takes columns from the widest until the sum fits or every column is at its least. Changes `widths`. */
function shrink(widths: number[], room: number): void {
  let excess = widths.reduce((sum, each) => sum + each, 0) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= limits.terminal.columnMinColumns) return;
    widths[widest] = width - 1;
    excess--;
  }
}
