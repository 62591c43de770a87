/** The certificates as rows for programs and spreadsheets. The fields and their order are a contract: docs/site-data.md. */
import { csvCell, csvTable } from '../../daemon/commands/evidence/csv.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { environmentOf, firstEnd, firstRenewal, servedSummary } from '../facts/row.ts';
import { clean } from '../src/lib/clean.ts';
import { certificateId, cleanJson } from '../src/lib/model.ts';
import type { DataFile, FeedInput } from './feed.ts';
import { scopesOf } from './scope.ts';

interface Line {
  readonly certificate: string;
  readonly team: string;
  readonly status: string;
  readonly since: string;
  readonly names: readonly string[];
  readonly issuer: string;
  readonly environment: string;
  readonly keyAlgorithm: string;
  readonly notAfter: string | null;
  readonly renewAt: string | null;
  readonly endpoints: readonly string[];
  readonly served: string;
  readonly fingerprints: readonly string[];
  readonly findings: readonly string[];
}

/** Half a megabyte of text. */
const rowsPerBlock = 1000;

const heads: readonly (keyof Line)[] = [
  ...(['certificate', 'team', 'status', 'since', 'names', 'issuer', 'environment', 'keyAlgorithm'] as const),
  ...(['notAfter', 'renewAt', 'endpoints', 'served', 'fingerprints', 'findings'] as const),
];

function lineOf(record: CertificateRecord): Line {
  const { declaration, installations } = record;
  return {
    certificate: certificateId(record),
    team: record.metadata.team,
    status: record.status,
    since: record.since,
    names: [...declaration.dnsNames, ...declaration.ipAddresses],
    issuer: declaration.issuer,
    environment: environmentOf(record),
    keyAlgorithm: declaration.keyAlgorithm,
    notAfter: firstEnd(record),
    renewAt: firstRenewal(record),
    endpoints: installations.map((each) => each.endpoint),
    served: servedSummary(record),
    fingerprints: installations.flatMap((each) => each.issued?.fingerprint ?? []),
    findings: record.findings.map((each) => each.code),
  };
}

function cellOf(value: Line[keyof Line]): string {
  if (value === null) return '';
  return typeof value === 'string' ? clean(value) : value.map((each) => clean(each)).join(' ');
}

/** `certificates.csv` and `certificates.json`, of everything and of each team. Nothing for the public. */
export function* certificateTables(input: FeedInput): Generator<DataFile> {
  if (input.model.redaction === 'public') return;
  const { state, intent, at } = input.model.generatedFrom;
  for (const { team, words, folder, certificates } of scopesOf(input)) {
    yield {
      path: `${folder}certificates.csv`,
      text: csvTable(heads, []) + joined(certificates, csvLine),
      feed: { title: `Certificates as a table: ${words}`, kind: 'csv', team },
    };
    const head = { apiVersion: 'renewd/v1', kind: 'SiteCertificates', team, state, intent, at };
    const rows = joined(
      certificates,
      (record, index) => `${index === 0 ? '' : ',\n'}${cleanJson(lineOf(record))}`,
    );
    yield {
      path: `${folder}certificates.json`,
      text: `${JSON.stringify(head).slice(0, -1)},"certificates":[\n${rows}\n]}\n`,
      feed: { title: `Certificates for programs: ${words}`, kind: 'json', team },
    };
  }
}

function csvLine(record: CertificateRecord): string {
  const line = lineOf(record);
  return `${heads.map((head) => csvCell(cellOf(line[head]))).join(',')}\r\n`;
}

/** One text of many, a block at a time: of 100,000 rows never more is held than the text and one block. */
function joined<Item>(items: readonly Item[], textOf: (item: Item, index: number) => string): string {
  const blocks: string[] = [];
  for (let from = 0; from < items.length; from += rowsPerBlock)
    blocks.push(
      items
        .slice(from, from + rowsPerBlock)
        .map((item, index) => textOf(item, from + index))
        .join(''),
    );
  return blocks.join('');
}
