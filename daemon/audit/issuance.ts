/** The logs of issuance of embedded CAs: each entry says what its certificate says, a CA of ours signed it, and no entry ever changed or vanished. */
import { counted } from '../core/count.ts';
import { issuanceDifferences } from '../core/issuance.ts';
import type { Repository } from '../git/repository.ts';
import { parseRecord } from '../records/read.ts';
import { certificateFacts } from '../x509/facts.ts';
import { pemToDer } from '../x509/pem.ts';
import { isSignedBy } from '../x509/signed-by.ts';
import type { Claims } from './claim.ts';
import type { StateHistory } from './state-history.ts';

/** Every claim about issuance. IO: reads Git along the line of the records, oldest first. */
export async function auditIssuance(
  repository: Repository,
  state: StateHistory,
  prefix: string,
  claims: Claims,
): Promise<void> {
  const authorities = await everyAuthority(repository, state, prefix, claims);
  const wrong = new Map<string, string[]>();
  for (const [path, text] of state.files) {
    const [folder, issuer = ''] = path.split('/');
    if (folder !== 'issuance') continue;
    const found = wrong.get(issuer) ?? [];
    wrong.set(issuer, found);
    const problem = entryProblem(path, text, authorities.get(issuer) ?? []);
    if (problem !== null) found.push(`${path} ${problem}`);
  }
  for (const [issuer, found] of wrong) {
    claims.prove(
      `issuer ${issuer}`,
      'every entry of its log of issuance says what its certificate says, and this CA signed it',
      found.length === 0,
      found.length === 0 ? 'each compared' : found.slice(0, 10).join('; '),
    );
  }
}

function entryProblem(path: string, text: string, authorities: readonly Uint8Array[]): string | null {
  const { record, problem } = parseRecord(path, Buffer.from(text), Number.POSITIVE_INFINITY);
  if (record?.kind !== 'IssuanceRecord') return problem ?? 'is no entry of a log';
  try {
    const [der, ...more] = pemToDer(record.pem);
    if (der === undefined || more.length > 0) return 'holds not exactly one certificate';
    const differences = issuanceDifferences(record, certificateFacts(der));
    if (differences.length > 0) return differences.join(', ');
    return authorities.some((each) => isSignedBy(der, each)) ? null : 'is signed by none of its CAs';
  } catch {
    return 'holds a certificate that cannot be read';
  }
}

/** Every intermediate that was ever published, by issuer; on the way, whether an entry that stood there ever changed or vanished. */
async function everyAuthority(
  repository: Repository,
  { line }: StateHistory,
  prefix: string,
  claims: Claims,
): Promise<ReadonlyMap<string, Uint8Array[]>> {
  const authorities = new Map<string, Uint8Array[]>();
  const first = new Map<string, string>();
  const broken: string[] = [];
  let previous: string | null = null;
  for (const commit of line) {
    const changes = await repository.changes(previous, commit, [`${prefix}issuance`, `${prefix}issuers`]);
    const certificates = new Map<string, string>();
    for (const { path, oid } of changes) {
      const below = path.slice(prefix.length);
      const [folder = '', issuer = '', file] = below.split('/');
      if (folder === 'issuers' && file === 'intermediate.pem' && oid !== null) certificates.set(oid, issuer);
      if (folder !== 'issuance') continue;
      const before = first.get(below);
      if (before === undefined && oid !== null) first.set(below, oid);
      else if (before !== undefined && before !== oid)
        broken.push(`${below} ${oid === null ? 'vanished' : 'was changed'} in ${commit.slice(0, 10)}`);
    }
    await repository.readBlobs([...certificates.keys()], (oid, bytes) => {
      const issuer = certificates.get(oid) ?? '';
      authorities.set(issuer, [...(authorities.get(issuer) ?? []), ...readPem(bytes)]);
    });
    previous = commit;
  }
  if (first.size > 0) {
    claims.prove(
      'records',
      'no entry of a log of issuance was ever changed or taken away',
      broken.length === 0,
      broken.length === 0 ? counted(first.size, 'entry') : broken.slice(0, 10).join('; '),
    );
  }
  return authorities;
}

function readPem(bytes: Uint8Array): Uint8Array[] {
  try {
    return pemToDer(Buffer.from(bytes).toString('utf8'));
  } catch {
    return [];
  }
}
