/** Reads the few settings of a repository's own `config` that bind a writer (git-config, "Syntax"). Includes are not followed. */
import { readFileSync } from 'node:fs';
import { isMissing } from './object-store.ts';

/** `section.key` or `section.subsection.key`, section and key in lower case, to the last value. IO. A missing file is empty. */
export function readLocalConfig(path: string): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.replaceAll(/\\\r?\n/g, '').split(/\r?\n/)) {
    const header = /^\s*\[([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\]/.exec(line);
    if (header !== null) {
      const name = (header[1] ?? '').toLowerCase();
      section = header[2] === undefined ? name : `${name}.${header[2].replaceAll(/\\(.)/g, '$1')}`;
    }
    const setting = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$/.exec(
      header === null ? line : line.slice(header[0].length),
    );
    if (setting !== null) {
      const value = (setting[2] ?? 'true').replace(/\s+[#;].*$/, '').trim();
      values.set(`${section}.${(setting[1] ?? '').toLowerCase()}`, value.replaceAll(/^"|"$/g, ''));
    }
  }
  return values;
}
