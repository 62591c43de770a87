/** The one style sheet of the site, put together from its parts in a fixed order: what is common comes first. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const parts = ['base', 'tables', 'charts', 'pages', 'request'] as const;

/** The text. IO: reads its own files. Comments and indentation are left out. */
export function styleSheet(): string {
  return parts
    .map((name) => readFileSync(join(import.meta.dirname, 'styles', `${name}.css`), 'utf8'))
    .join('\n')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\s*\n\s*/g, '\n');
}
