/** Text that leaves the program: records in their canonical form, and problems as people read them. Pure. */
import type { DocumentProblem } from '../core/model.ts';
import { visibleLine } from '../core/record-text.ts';

/** A record as it is committed: JSON, two spaces, keys in the order of the value, a final newline. Equal values give equal bytes. */
export function renderRecord(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `file:line:column: message`, then the line with a caret where there is one. Control characters are made visible. */
export function renderProblem({ source, message, excerpt, severity }: DocumentProblem): string {
  const word = severity === 'warning' ? 'warning: ' : '';
  const first = `${source.file}:${String(source.line)}:${String(source.column)}: ${word}${message}`;
  return [first, ...(excerpt === null ? [] : excerpt.split('\n').map((line) => `  ${line}`))]
    .map(visibleLine)
    .join('\n');
}
