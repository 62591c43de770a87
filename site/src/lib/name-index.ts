/** Who has a certificate for a name already: asked of the columns of all certificates while somebody types. Runs in the browser; pure. */
import { limits } from '../../../daemon/limits.ts';
import type { InventoryColumns } from './columns.ts';

export interface Holder {
  /** `team/name`. */
  readonly id: string;
  readonly status: string;
  /** Names of those asked for that it holds, or a wildcard of it covers. */
  readonly names: readonly string[];
  /** Whether it has a page of its own. */
  readonly page: boolean;
}

export interface NameIndex {
  /** Certificates that hold any of these names, or cover it by a wildcard; in the order of need. */
  readonly holders: (dnsNames: readonly string[]) => readonly Holder[];
  /** The certificate of this id; null: there is none. */
  readonly byId: (id: string) => Holder | null;
  /** Certificates in which all words occur (id, names): the first of them, and how many in all. */
  readonly search: (
    words: string,
    max: number,
  ) => { readonly shown: readonly Holder[]; readonly total: number };
  /** Certificates of which only the first names are known here. */
  readonly cut: number;
}

/** Reads the columns once; a question then costs a look-up, a search one pass. */
export function nameIndex({ columns, dictionaries, total }: InventoryColumns): NameIndex {
  const rows = new Map<string, number[]>();
  const ids = new Map<string, number>();
  let cut = 0;
  const idOf = (row: number): string =>
    `${dictionaries.team[columns.team[row] ?? -1] ?? ''}/${columns.name[row] ?? ''}`;
  for (let row = 0; row < total; row++) {
    ids.set(idOf(row), row);
    if ((columns.nameCount[row] ?? 0) > limits.site.searchNamesMax) cut++;
    for (const name of (columns.names[row] ?? '').toLowerCase().split(' ')) {
      if (name === '') continue;
      const there = rows.get(name);
      if (there === undefined) rows.set(name, [row]);
      else there.push(row);
    }
  }
  const holder = (row: number, names: readonly string[]): Holder => ({
    id: idOf(row),
    status: dictionaries.status[columns.status[row] ?? -1] ?? '',
    names,
    page: columns.page[row] === 1,
  });
  return {
    cut,
    holders: (dnsNames) => {
      const found = new Map<number, Set<string>>();
      for (const name of dnsNames.map((each) => each.toLowerCase()))
        for (const held of [name, wildcardOver(name)])
          for (const row of rows.get(held) ?? []) found.set(row, (found.get(row) ?? new Set()).add(name));
      return [...found].sort(([a], [b]) => a - b).map(([row, names]) => holder(row, [...names]));
    },
    byId: (id) => {
      const row = ids.get(id);
      return row === undefined ? null : holder(row, []);
    },
    search: (text, max) => {
      const words = text
        .toLowerCase()
        .split(/\s+/)
        .filter((each) => each !== '');
      const shown: Holder[] = [];
      let count = 0;
      for (let row = 0; words.length > 0 && row < total; row++) {
        const names = (columns.names[row] ?? '').toLowerCase();
        const id = idOf(row).toLowerCase();
        if (!words.every((word) => names.includes(word) || id.includes(word))) continue;
        if (count++ < max) shown.push(holder(row, names.split(' ').slice(0, 3)));
      }
      return { shown, total: count };
    },
  };
}

/** The wildcard that stands for this name: one label (RFC 9525). */
function wildcardOver(name: string): string {
  const dot = name.indexOf('.');
  return dot < 1 || name.startsWith('*.') ? '' : `*${name.slice(dot)}`;
}
