/** Rows of the columns as the table and a spreadsheet want them. Runs in the browser; pure. */
import { timestamp } from '../../../daemon/core/timestamp.ts';
import { csvTable } from '../../../daemon/commands/evidence/csv.ts';
import { limits } from '../../../daemon/limits.ts';
import type { InventoryView } from './inventory-view.ts';
import type { CertificateRow } from './model.ts';

const dayMs = 86_400_000;

const instants = new Map<number, string>();

/** Days as an instant of a record: the columns know days only. There are few different ones, so each is written once. */
function instant(day: number | null | undefined): string | null {
  if (typeof day !== 'number') return null;
  const known = instants.get(day) ?? `${timestamp(day * dayMs).slice(0, 10)}T00:00:00Z`;
  instants.set(day, known);
  return known;
}

/** A row as the table shows it. `max`: names and endpoints listed. */
export function rowAt(
  { columns: { columns, dictionaries } }: InventoryView,
  row: number,
  max: number = limits.site.rowNamesMax,
): CertificateRow {
  const team = dictionaries.team[columns.team[row] ?? -1] ?? '';
  const name = columns.name[row] ?? '';
  const names = (columns.names[row] ?? '').split(' ').filter((each) => each !== '');
  const endpoints = (columns.endpoints[row] ?? []).map((number) => dictionaries.endpoint[number] ?? '');
  return {
    id: `${team}/${name}`,
    team,
    name,
    status: (dictionaries.status[columns.status[row] ?? -1] ?? 'unknown') as CertificateRow['status'],
    since: instant(columns.since[row]) ?? '',
    withdrawn: columns.withdrawn[row] === 1,
    names: names.slice(0, max),
    nameCount: columns.nameCount[row] ?? names.length,
    issuer: dictionaries.issuer[columns.issuer[row] ?? -1] ?? '',
    environment: dictionaries.environment[columns.environment[row] ?? -1] ?? '',
    keyAlgorithm: dictionaries.algorithm[columns.algorithm[row] ?? -1] ?? '',
    expires: instant(columns.expires[row]),
    renews: instant(columns.renews[row]),
    endpoints: endpoints.slice(0, max),
    endpointCount: columns.endpointCount[row] ?? endpoints.length,
    served: dictionaries.served[columns.served[row] ?? -1] ?? '',
  };
}

/** Named as in `certificates.csv`, where they are there too; ends and renewals are days here. */
const heads = [
  ...[
    'certificate',
    'team',
    'status',
    'since',
    'names',
    'nameCount',
    'issuer',
    'environment',
    'keyAlgorithm',
  ],
  ...['notAfter', 'renewAt', 'endpoints', 'endpointCount', 'served', 'origin', 'findings', 'policies'],
];

/** The rows of a view as CSV that a spreadsheet shows and never executes. */
export function csvOfView(view: InventoryView, rows: Uint32Array): string {
  const { columns, dictionaries } = view.columns;
  const words = (list: readonly string[], numbers: readonly number[] | undefined): string =>
    (numbers ?? []).map((number) => list[number] ?? '').join(' ');
  const day = (at: string | null): string => at?.slice(0, 10) ?? '';
  const lines = Array.from(rows, (number) => {
    const row = rowAt(view, number, Infinity);
    return [
      ...[row.id, row.team, row.status, day(row.since), row.names.join(' '), String(row.nameCount)],
      ...[row.issuer, row.environment, row.keyAlgorithm, day(row.expires), day(row.renews)],
      ...[row.endpoints.join(' '), String(row.endpointCount), row.served],
      dictionaries.origin[columns.origin[number] ?? -1] ?? '',
      words(dictionaries.code, columns.codes[number]),
      words(dictionaries.policy, columns.policies[number]),
    ];
  });
  return csvTable(heads, lines);
}
