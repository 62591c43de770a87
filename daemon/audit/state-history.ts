/** The history of the records: one line of commits, each signed by the daemon's key, each made from a commit of the intent branch; what it first said of each certificate. */
import { counted } from '../core/count.ts';
import { changeRecordKey, type ChangeRecord } from '../core/change-record.ts';
import { lineTimes } from '../core/line-time.ts';
import type { CertificateRecord, IssuedRecord } from '../core/record-format.ts';
import { keyOf } from '../core/same.ts';
import { signerOf } from '../git/signature.ts';
import type { Commit, Repository } from '../git/repository.ts';
import { lostTrailer, placeOf } from '../records/paths.ts';
import { recordsLine } from '../records/line-of.ts';
import { judgeLine, wordsOf, type RecordTrust } from '../records/signed-line.ts';
import { parseRecord, recordReader } from '../records/read.ts';
import { pathsByObject } from '../records/by-object.ts';
import { limits } from '../limits.ts';
import { firstOfLine } from '../said-text.ts';
import type { Claims } from './claim.ts';

export interface FirstSeen {
  readonly installation: string;
  /** Commit of the state branch. */
  readonly commit: string;
  /** Commit of the intent branch it was made from. */
  readonly source: string | null;
  readonly at: number;
  /** As it was first said. */
  readonly issued: IssuedRecord;
}

export interface StateHistory {
  readonly tip: string;
  /** Commits of the line, oldest first. */
  readonly line: readonly string[];
  readonly certificates: ReadonlyMap<string, CertificateRecord>;
  readonly changes: ReadonlyMap<string, ChangeRecord>;
  /** Other files at the tip, as text: chains, roots, the log of issuance. */
  readonly files: ReadonlyMap<string, string>;
  /** Installation and fingerprint (`keyOf`) to the commit that first recorded it as issued. */
  readonly issuedIn: ReadonlyMap<string, FirstSeen>;
  /** Commit of the intent branch to the time at which a commit of records first was made from it, UTC epoch ms. */
  readonly seenBy: ReadonlyMap<string, number>;
}

/** Reads and checks the whole line. IO: reads Git. `allowedSigners`: who may sign records; null: the key of the first commit is taken on trust. `now`: when it is audited, UTC epoch ms. */
export async function readStateHistory(
  repository: Repository,
  tip: string,
  prefix: string,
  allowedSigners: string | null,
  claims: Claims,
  now: number,
): Promise<StateHistory> {
  const line =
    (await recordsLine(repository, { from: null, tip, trust: trustOf(allowedSigners, now) })) ?? [];
  await checkLine(repository, line, { allowedSigners, now }, prefix, claims);
  const times = lineTimes(line.map((each) => each.committer.at));
  const issuedIn = new Map<string, FirstSeen>();
  const seenBy = new Map<string, number>();
  let previous: string | null = null;
  for (const [index, commit] of line.entries()) {
    const at = times[index] ?? 0;
    const source = commit.trailers.find(([key]) => key === 'Renewd-Source')?.[1] ?? null;
    if (source !== null && !seenBy.has(source)) seenBy.set(source, at);
    await noteIssued(repository, previous, { oid: commit.oid, source, at }, prefix, issuedIn);
    previous = commit.oid;
  }
  return {
    tip,
    line: line.map(({ oid }) => oid),
    issuedIn,
    seenBy,
    ...(await readTip(repository, tip, prefix, claims)),
  };
}

function trustOf(signers: string | null, now: number): RecordTrust | null {
  return signers === null ? null : { signers, now, believed: null };
}

async function checkLine(
  repository: Repository,
  line: readonly Commit[],
  { allowedSigners, now }: { readonly allowedSigners: string | null; readonly now: number },
  prefix: string,
  claims: Claims,
): Promise<void> {
  const own =
    prefix === '' ? line : line.filter((each) => each.trailers.some(([key]) => key === 'Renewd-Instance'));
  const [first] = own;
  if (first === undefined) return;
  const shared = signerOf(await repository.rawCommit(first.oid));
  const signers = allowedSigners ?? (shared === null ? '' : `records ${shared}`);
  if (allowedSigners === null) {
    claims.add(
      'records',
      'the key that signs records is the daemon’s',
      shared === null ? 'unproven' : 'assumed',
      shared === null
        ? 'the first commit of records is not signed'
        : `${shared}: the key of the first commit; compare it with what renewd doctor shows, or list it in policies/allowed_signers`,
    );
  }
  const mine = new Set(own);
  const wrong = (await judgeLine(repository, line, { signers, now, believed: null }))
    .filter(({ commit, verdict }) => verdict !== 'good' && mine.has(commit))
    .map(({ commit, verdict }) => `${commit.oid.slice(0, 10)} ${wordsOf(verdict)}`);
  claims.prove(
    'records',
    `${counted(own.length, 'commit of records is', 'commits of records are')} signed by the daemon’s key`,
    wrong.length === 0,
    wrong.length === 0 ? firstOfLine(signers.trim(), 120) : wrong.slice(0, 10).join(', '),
  );
  // On a branch shared with people theirs may stand between ours, as long as they leave the records alone.
  const others = prefix === '' ? [] : line.filter((each) => !own.includes(each));
  const touching: string[] = [];
  for (const each of others) {
    const changed = await repository.changes(each.parents[0] ?? null, each.oid, [prefix]);
    if (changed.length > 0) touching.push(`${each.oid.slice(0, 10)} ${changed[0]?.path ?? ''}`);
  }
  const lost = own.flatMap((each) =>
    each.trailers
      .filter(([key]) => key === lostTrailer)
      .map(([, tip]) => `${tip.slice(0, 10)}, found gone by ${each.oid.slice(0, 10)}`),
  );
  claims.prove(
    'records',
    'nobody else changed them, and none of their history was lost',
    touching.length + lost.length === 0,
    [...touching, ...lost].slice(0, 10).join('; ') || 'every change of them is the daemon’s',
  );
  const merges = own.filter((each) => each.parents.length > 1);
  claims.prove(
    'records',
    'their history is one line: nothing was rewritten or merged in',
    merges.length === 0,
    merges.length === 0
      ? `${first.oid.slice(0, 10)} to ${own.at(-1)?.oid.slice(0, 10) ?? ''}`
      : merges.map((each) => each.oid.slice(0, 10)).join(', '),
  );
}

async function noteIssued(
  repository: Repository,
  previous: string | null,
  { oid: commit, source, at }: { readonly oid: string; readonly source: string | null; readonly at: number },
  prefix: string,
  issuedIn: Map<string, FirstSeen>,
): Promise<void> {
  const changes = await repository.changes(previous, commit, [`${prefix}certificates`]);
  const wanted = new Map(
    changes.flatMap(({ path, oid }) =>
      oid !== null && path.endsWith('.json') ? [[oid, path.slice(prefix.length)] as const] : [],
    ),
  );
  await repository.readBlobs([...wanted.keys()], (oid, bytes) => {
    const { record } = parseRecord(wanted.get(oid) ?? '', bytes, Number.POSITIVE_INFINITY);
    if (record?.kind !== 'CertificateRecord') return;
    for (const { endpoint, issued } of record.installations) {
      if (issued === null) continue;
      const installation = `${record.metadata.team}/${record.metadata.name}@${endpoint}`;
      const key = keyOf(installation, issued.fingerprint);
      if (!issuedIn.has(key)) issuedIn.set(key, { installation, commit, source, at, issued });
    }
  });
}

async function readTip(
  repository: Repository,
  tip: string,
  prefix: string,
  claims: Claims,
): Promise<Pick<StateHistory, 'certificates' | 'changes' | 'files'>> {
  const certificates = new Map<string, CertificateRecord>();
  const changes = new Map<string, ChangeRecord>();
  const files = new Map<string, string>();
  const paths = pathsByObject();
  const folders = ['certificates', 'changes', 'issuers', 'issuance'].map((name) => prefix + name);
  for (const { path, oid } of await repository.changes(null, tip, folders)) {
    if (oid !== null) paths.add(oid, path.slice(prefix.length));
  }
  let bad = 0;
  await repository.readBlobs(paths.objects(), (oid, bytes) => {
    const read = recordReader(bytes, Number.POSITIVE_INFINITY);
    let text: string | null = null;
    for (const path of paths.pathsOf(oid)) {
      const kind = placeOf(path)?.kind;
      if (kind !== 'CertificateRecord' && kind !== 'ChangeRecord') {
        text ??= Buffer.from(bytes).toString('utf8');
        files.set(path, text);
        continue;
      }
      const { record, problem } = read(path);
      if (record === null) {
        if (++bad <= limits.records.badRecordsNamed)
          claims.add('records', `${path} is a record`, 'failed', problem);
      } else if (record.kind === 'CertificateRecord')
        certificates.set(`${record.metadata.team}/${record.metadata.name}`, record);
      else if (record.kind === 'ChangeRecord') changes.set(changeRecordKey(record), record);
    }
  });
  if (bad > limits.records.badRecordsNamed)
    claims.add(
      'records',
      `${counted(bad, 'file that should be a record is', 'files that should be records are')} none`,
      'failed',
      'the first are named',
    );
  return { certificates, changes, files };
}
