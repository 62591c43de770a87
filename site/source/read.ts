/** Reads from Git everything the site shows, at one commit of each branch. Read-only; it judges nothing. */
import { judgeLastCommits } from '../../daemon/records/line-of.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { signerOf } from '../../daemon/git/signature.ts';
import type { LoggedCommit, Repository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { changesAt } from '../../daemon/records/past.ts';
import { emptyRecords, loadRecords, type RecordSet } from '../../daemon/records/read.ts';

import { certificateFacts } from '../../daemon/x509/facts.ts';
import { pemToDer } from '../../daemon/x509/pem.ts';
import { detailed, redactSources } from '../facts/redact.ts';
import type { SiteSettings, SiteSources } from '../facts/sources.ts';
import type { AuthorityFacts, LogEntry } from '../src/lib/model.ts';
import { documentsOf, readDesired, readTexts } from './declared.ts';
import { readEvidence } from './evidence.ts';
import { readHistory, type KnownHistory } from './history.ts';

export interface ReadRequest {
  readonly repository: Repository;
  /** Tip of the state branch; null: there are no records yet. */
  readonly state: string | null;
  /** Tip of the intent branch, used where the records do not say by which commit they were judged; null: it is not there. */
  readonly intent: string | null;
  readonly statePrefix: string;
  /** The instant of the build, UTC epoch ms. */
  readonly now: number;
  readonly label: string | null;
  readonly settings: SiteSettings;
  /** Text of an allowed-signers file that the log is verified with; null: the key of its oldest known commit is taken on trust, and said to be. */
  readonly allowedSigners: string | null;
  /** What an earlier build knew of the history; null: nothing. */
  readonly known: KnownHistory | null;
  /** Told about records that cannot be read; they are left out. */
  readonly onBad: (path: string, reason: string) => void;
}

export interface ReadResult {
  /** Redacted to the level of the settings. */
  readonly sources: SiteSources;
  /** To be kept for the next build; null where there is no history. */
  readonly history: KnownHistory | null;
}

/** Everything. IO: Git, read-only. A repository without records gives sources that say so. @throws OperationError `git-*` */
export async function readSources(request: ReadRequest): Promise<ReadResult> {
  const { repository, state, statePrefix, now, settings } = request;
  const records =
    state === null
      ? emptyRecords()
      : await loadRecords(repository, state, statePrefix, { now, onBad: request.onBad });
  const certificates = [...records.certificates.values()];
  const intent = await judgedBy(request, records);
  const desired = intent === null ? null : await readDesired(repository, intent, certificates);
  const history = state === null ? null : await historyOf(request, state, records);
  const changes = await changesAt(repository, state, statePrefix);
  const nothingKnown = { transitions: [], knownSince: null, begun: null, commits: [] };
  const detail = detailed(certificates, settings);
  const log = state === null ? [] : await readLog(request, state);
  const sources: SiteSources = {
    at: timestamp(now),
    state: state ?? '',
    intent: intent ?? '',
    statePrefix,
    repository: request.label,
    settings,
    records: {
      certificates,
      endpoints: [...records.endpoints.values()],
      repository: records.repository,
      heartbeat: records.heartbeat,
    },
    declared: documentsOf(desired),
    history: history ?? nothingKnown,
    log: log.slice(0, limits.site.logEntriesMax),
    logTruncated: log.length > limits.site.logEntriesMax,
    recordSigner: request.allowedSigners === null ? 'first-commit' : 'configured',
    changes,
    evidence:
      state === null
        ? []
        : await readEvidence({
            repository,
            state,
            intent: intent ?? '',
            prefix: statePrefix,
            now,
            records,
            desired,
            history: history ?? nothingKnown,
            changes,
            // For the public the figures of the running quarter are enough.
            past: settings.redaction !== 'public',
          }),
    authorities: state === null ? [] : await readAuthorities(repository, state, statePrefix, request.onBad),
    texts:
      settings.redaction === 'full' && intent !== null ? await readTexts(repository, intent, detail) : {},
    chains: state === null ? {} : await readChains(repository, state, statePrefix, detail),
  };
  return { sources: redactSources(sources), history };
}

/** The commit the records were judged by; one that is gone falls back to the head. */
async function judgedBy({ repository, intent }: ReadRequest, records: RecordSet): Promise<string | null> {
  const source = records.heartbeat?.source ?? null;
  if (source === null || !/^[0-9a-f]{40}$/.test(source)) return intent;
  return repository.commit(source).then(
    () => source,
    () => intent,
  );
}

async function historyOf(request: ReadRequest, tip: string, records: RecordSet): Promise<KnownHistory> {
  const { repository, known, statePrefix, now } = request;
  return readHistory({
    repository,
    tip,
    prefix: statePrefix,
    certificates: records.certificates.values(),
    endpoints: records.endpoints.values(),
    since: now - limits.site.historyWindowMs,
    known: known !== null && (await repository.isAncestor(known.tip, tip)) ? known : null,
  });
}

async function readLog(
  { repository, statePrefix: prefix, allowedSigners, now }: ReadRequest,
  tip: string,
): Promise<readonly LogEntry[]> {
  const maxCount = limits.site.logEntriesMax + 1;
  const all = await repository.log(tip, { maxCount });
  // Beside declarations on one branch, people's commits stand between the daemon's.
  const commits =
    prefix === '' ? all : all.filter((each) => each.trailers.some(([key]) => key === 'Renewd-Instance'));
  const oldest = commits.at(-1);
  const shared =
    allowedSigners ?? (oldest === undefined ? null : signerOf(await repository.rawCommit(oldest.oid)));
  const signers = allowedSigners === null ? (shared === null ? null : `renewd ${shared}`) : allowedSigners;
  if (signers === null)
    return commits.map((commit) => logEntry(commit, commit.signature === null ? false : null));
  const judged = await judgeLastCommits(repository, tip, maxCount, { signers, now, believed: null });
  const good = new Set(judged.flatMap(({ commit, verdict }) => (verdict === 'good' ? [commit.oid] : [])));
  return commits.map((commit) => logEntry(commit, good.has(commit.oid)));
}

/** `signed`: whether the line of records stands behind the commit; null when there is no list to compare with. */
function logEntry(commit: LoggedCommit, signed: boolean | null): LogEntry {
  return {
    oid: commit.oid,
    at: timestamp(commit.committer.at),
    author: commit.author.name,
    subject: commit.message.split('\n')[0] ?? '',
    trailers: commit.trailers.map(([key, value]) => ({ key, value })),
    signed,
  };
}

/** Chain text by installation id, of the certificates given. */
async function readChains(
  repository: Repository,
  tip: string,
  prefix: string,
  certificates: readonly CertificateRecord[],
): Promise<Readonly<Record<string, string>>> {
  const wanted = new Set(
    certificates.flatMap(({ metadata, installations }) =>
      installations.map((each) => `${metadata.team}/${metadata.name}@${each.endpoint}`),
    ),
  );
  const paths = new Map<string, string[]>();
  for (const { path, oid } of await repository.changes(null, tip, [`${prefix}certificates`])) {
    if (oid === null || !path.endsWith('.pem')) continue;
    const installation = path.slice(`${prefix}certificates/`.length, -'.pem'.length);
    if (wanted.has(installation)) paths.set(oid, [...(paths.get(oid) ?? []), installation]);
  }
  const chains: Record<string, string> = {};
  await repository.readBlobs([...paths.keys()], (oid, bytes) => {
    for (const installation of paths.get(oid) ?? [])
      chains[installation] = Buffer.from(bytes).toString('utf8');
  });
  return chains;
}

/** Certificates of the CAs that renewd runs itself. One that cannot be read is told and left out. */
async function readAuthorities(
  repository: Repository,
  tip: string,
  prefix: string,
  onBad: ReadRequest['onBad'],
): Promise<readonly AuthorityFacts[]> {
  const authorities: AuthorityFacts[] = [];
  for (const { path, oid } of await repository.changes(null, tip, [`${prefix}issuers`])) {
    const match = /^issuers\/([^/]+)\/(root|intermediate)\.pem$/.exec(path.slice(prefix.length));
    if (match === null || oid === null) continue;
    try {
      const bytes = await repository.readFile(tip, path);
      const [der] = pemToDer(Buffer.from(bytes ?? []).toString('utf8'));
      if (der === undefined) continue;
      const facts = certificateFacts(der);
      authorities.push({
        issuer: match[1] ?? '',
        role: match[2] === 'root' ? 'root' : 'intermediate',
        subject: facts.subject,
        notBefore: timestamp(facts.notBefore),
        notAfter: timestamp(facts.notAfter),
        fingerprint: facts.fingerprint,
        keyAlgorithm: facts.keyAlgorithm,
        signatureAlgorithm: facts.signatureAlgorithm,
      });
    } catch (error) {
      onBad(path, String(error));
    }
  }
  return authorities;
}
