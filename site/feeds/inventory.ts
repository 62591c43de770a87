/**
 * All certificates as columns with dictionaries: what the search of `/certificates/` loads. A third of the same rows as objects, and 100,000 of them
 * are filtered in 20 ms (measured). Read by `site/src/client/inventory.ts`; the version changes when the form does.
 */
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { compareText } from '../facts/order.ts';
import { environmentOf, firstEnd, firstRenewal, servedSummary } from '../facts/row.ts';
import { clean } from '../src/lib/clean.ts';
import type { InventoryColumns } from '../src/lib/columns.ts';
import { certificateId } from '../src/lib/model.ts';
import type { DataFile, FeedInput } from './feed.ts';

/** The columns, in the order of need. */
export function inventoryColumns({ estate, model }: FeedInput, pages: ReadonlySet<string>): InventoryColumns {
  const dictionaries = {
    status: dictionary(),
    team: dictionary(),
    environment: dictionary(),
    issuer: dictionary(),
    algorithm: dictionary(),
    endpoint: dictionary(),
    served: dictionary(),
    code: dictionary(),
    policy: dictionary(),
    origin: dictionary(),
  };
  const columns: Record<string, unknown[]> = {
    name: [],
    team: [],
    status: [],
    since: [],
    environment: [],
    issuer: [],
    algorithm: [],
    expires: [],
    renews: [],
    names: [],
    nameCount: [],
    endpointCount: [],
    withdrawn: [],
    endpoints: [],
    served: [],
    codes: [],
    policies: [],
    origin: [],
    page: [],
  };
  const put = (column: string, value: unknown): void => {
    columns[column]?.push(value);
  };
  for (const record of estate.certificates) {
    const names = [...record.declaration.dnsNames, ...record.declaration.ipAddresses];
    put('name', clean(record.metadata.name));
    put('team', dictionaries.team.of(record.metadata.team));
    put('status', dictionaries.status.of(record.status));
    put('since', dayOf(record.since));
    put('environment', dictionaries.environment.of(environmentOf(record)));
    put('issuer', dictionaries.issuer.of(record.declaration.issuer));
    put('algorithm', dictionaries.algorithm.of(record.declaration.keyAlgorithm));
    put('expires', dayOf(firstEnd(record)));
    put('renews', dayOf(firstRenewal(record)));
    put(
      'names',
      names
        .slice(0, limits.site.searchNamesMax)
        .map((name) => clean(name))
        .join(' '),
    );
    put('nameCount', names.length);
    put('endpointCount', record.installations.length);
    put('withdrawn', record.declaration.withdrawn ? 1 : 0);
    put(
      'endpoints',
      record.installations
        .slice(0, limits.site.searchNamesMax)
        .map((each) => dictionaries.endpoint.of(each.endpoint)),
    );
    put('served', dictionaries.served.of(servedSummary(record)));
    put('codes', codesOf(record).map(dictionaries.code.of));
    put('policies', policiesOf(record).map(dictionaries.policy.of));
    put('origin', dictionaries.origin.of(originOf(record)));
    put('page', pages.has(certificateId(record)) ? 1 : 0);
  }
  return {
    version: 1,
    state: model.generatedFrom.state,
    at: model.generatedFrom.at,
    total: estate.certificates.length,
    dictionaries: Object.fromEntries(
      Object.entries(dictionaries).map(([name, each]) => [name, each.words]),
    ) as unknown as InventoryColumns['dictionaries'],
    columns: columns as unknown as InventoryColumns['columns'],
  };
}

interface Dictionary {
  readonly words: string[];
  readonly of: (word: string) => number;
}

function dictionary(): Dictionary {
  const words: string[] = [];
  const numbers = new Map<string, number>();
  return {
    words,
    of: (word) => {
      const known = numbers.get(word);
      if (known !== undefined) return known;
      numbers.set(word, words.length);
      return words.push(clean(word)) - 1;
    },
  };
}

/** Days since 1970-01-01 UTC; null for none. */
function dayOf(at: string | null): number | null {
  const ms = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(ms) ? null : Math.floor(ms / 86_400_000);
}

function codesOf({ findings }: CertificateRecord): string[] {
  return [...new Set(findings.map((each) => each.code))].sort(compareText);
}

/** Policies whose rules it breaks or is excepted from. */
function policiesOf({ findings }: CertificateRecord): string[] {
  return [...new Set(findings.flatMap((each) => each.rule?.policy.split('/')[0] ?? []))].sort(compareText);
}

/** Whether renewd issued what is installed. */
function originOf({ installations }: CertificateRecord): string {
  const issued = installations.flatMap((each) => each.issued ?? []);
  if (issued.length === 0) return 'not issued';
  return issued.every((each) => each.issuedBy !== null) ? 'issued by renewd' : 'found in place';
}

/** The file. Nothing for the public. */
export function* inventoryFile(input: FeedInput, pages: ReadonlySet<string>): Generator<DataFile> {
  if (input.model.redaction === 'public') return;
  const text = JSON.stringify(inventoryColumns(input, pages));
  yield { path: 'data/inventory.json', text, feed: null };
}
