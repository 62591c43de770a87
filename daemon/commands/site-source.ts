/** Makes the site's model from a repository: records and log of the state branch, teams and policies of the commit they were judged by. */
import { documentReader, builtIns } from '../reader.ts';
import type { Config } from '../config.ts';
import { buildDesired } from '../core/desired.ts';
import type { Desired } from '../core/model.ts';
import { rules } from '../core/rules/index.ts';
import { timestamp } from '../core/timestamp.ts';
import type { ParsedFile } from '../documents/read.ts';
import type { LoggedCommit, Repository } from '../git/repository.ts';
import { verifyCommitSignature } from '../git/signature.ts';
import { limits } from '../limits.ts';
import type { Log } from '../ports/plugin.ts';
import { declaredPrefixes } from '../shell/in-force.ts';
import { loadRecords } from '../shell/records.ts';
import type { LogEntry, RuleEntry, SiteModel, TeamEntry } from '../../site/src/lib/model.ts';

/**
 * Reads everything the site shows. IO: Git, read-only. A repository without records gives a model that says so.
 * `allowedSigners` is the text of an allowed-signers file that the log's signatures are verified with; null: they are not looked at.
 * @throws OperationError `git-*`
 */
export async function readSiteModel(
  repository: Repository,
  config: Config,
  log: Log,
  signal: AbortSignal,
  allowedSigners: string | null,
): Promise<SiteModel> {
  const refs = await repository.advertise(signal);
  const intentRef = `refs/heads/${config.branch}`;
  const stateRef = `refs/heads/${config.state.branch}`;
  const present = [intentRef, stateRef].filter((ref) => refs.has(ref));
  await repository.fetch(present, signal);
  const tip = refs.get(stateRef) ?? null;
  const records =
    tip === null
      ? null
      : await loadRecords(repository, tip, config.state.prefix, (path, reason) => {
          log.warn({ path, reason }, 'a record could not be read and is not shown');
        });
  // The commit the records were judged by; a heartbeat of a commit that is gone falls back to the head.
  const judgedBy = records?.heartbeat?.source ?? refs.get(intentRef) ?? null;
  const desired = judgedBy === null ? null : await desiredAt(repository, judgedBy);
  const commits = tip === null ? [] : await repository.log(tip, { maxCount: limits.site.logEntriesMax + 1 });
  return {
    generatedFrom: { state: tip ?? '', intent: judgedBy ?? '', at: timestamp(Date.now()) },
    dataAge: { at: records?.heartbeat?.at ?? null, staleAfterMs: limits.site.staleAfterMs },
    heartbeat: records?.heartbeat ?? null,
    certificates: [...(records?.certificates.values() ?? [])],
    endpoints: [...(records?.endpoints.values() ?? [])],
    teams: teamsOf(desired),
    rules: rulesOf(desired),
    thresholds: thresholds(config),
    repositoryFindings: records?.repository?.findings ?? [],
    log: await Promise.all(
      commits
        .slice(0, limits.site.logEntriesMax)
        .map((commit) => logEntry(repository, commit, allowedSigners)),
    ),
    logTruncated: commits.length > limits.site.logEntriesMax,
    pem: tip === null ? {} : await chainsAt(repository, tip, config.state.prefix),
  };
}

async function desiredAt(repository: Repository, commit: string): Promise<Desired> {
  const reader = documentReader();
  const files: ParsedFile[] = [];
  const paths = new Map<string, string>();
  for (const change of await repository.changes(null, commit, declaredPrefixes)) {
    if (change.oid !== null && /\.ya?ml$/.test(change.path) && change.mode.startsWith('100'))
      paths.set(change.oid, change.path);
  }
  await repository.readBlobs([...paths.keys()], (oid, bytes) => {
    files.push(reader.parseFile({ path: paths.get(oid) ?? '', oid, bytes }));
  });
  return buildDesired(commit, files, builtIns(reader));
}

function teamsOf(desired: Desired | null): TeamEntry[] {
  return [...(desired?.teams.values() ?? [])].map(({ name, displayName, owners, contacts }) => ({
    name,
    displayName,
    owners,
    contacts,
  }));
}

function rulesOf(desired: Desired | null): RuleEntry[] {
  return (desired?.policies ?? []).flatMap((policy) =>
    [
      ...policy.rules.map((entry) => ({ ...entry, policy: policy.name })),
      ...policy.packs.flatMap(({ pack, action }) =>
        (desired?.packs.get(pack)?.rules ?? []).map((entry) => ({
          ...entry,
          action: action ?? entry.action,
          policy: `${policy.name}/${pack}`,
        })),
      ),
    ].flatMap((entry) => {
      const known = rules.get(entry.rule) ?? desired?.customRules.get(entry.rule);
      if (known === undefined) return [];
      const { title, explanation } = known;
      const citation = entry.citation ?? known.citation;
      return [{ policy: entry.policy, rule: entry.id, title, explanation, action: entry.action, citation }];
    }),
  );
}

function thresholds(config: Config): SiteModel['thresholds'] {
  const minutes = (ms: number): string => `${String(Math.round(ms / 60_000))} minutes`;
  return [
    {
      label: 'Repository',
      value: minutes(config.turn.pollIntervalMs),
      meaning: 'how often new commits are looked for; a webhook makes it sooner',
    },
    {
      label: 'Endpoints',
      value: minutes(config.turn.observeIntervalMs),
      meaning: 'how often an installation that gives no cause for worry is looked at',
    },
    {
      label: 'Endpoints with a finding',
      value: minutes(config.turn.observeAgainMs),
      meaning: 'how often an installation with an open finding is looked at',
    },
  ];
}

async function logEntry(
  repository: Repository,
  commit: LoggedCommit,
  allowedSigners: string | null,
): Promise<LogEntry> {
  return {
    oid: commit.oid,
    at: timestamp(commit.author.at),
    author: commit.author.name,
    subject: commit.message.split('\n')[0] ?? '',
    trailers: commit.trailers.map(([key, value]) => ({ key, value })),
    signed: await isSigned(repository, commit, allowedSigners),
  };
}

/** Whether the signature is one of the allowed signers'; null when there is no list to compare with. */
async function isSigned(
  repository: Repository,
  commit: LoggedCommit,
  allowedSigners: string | null,
): Promise<boolean | null> {
  if (commit.signature === null) return false;
  if (allowedSigners === null) return null;
  const { verdict } = verifyCommitSignature(
    await repository.rawCommit(commit.oid),
    allowedSigners,
    commit.author.at,
  );
  return verdict === 'good';
}

/** Chain text by installation id. */
async function chainsAt(
  repository: Repository,
  tip: string,
  prefix: string,
): Promise<Readonly<Record<string, string>>> {
  const paths = new Map<string, string[]>();
  for (const { path, oid } of await repository.changes(null, tip, [`${prefix}certificates`])) {
    if (oid === null || !path.endsWith('.pem')) continue;
    const installation = path.slice(`${prefix}certificates/`.length, -'.pem'.length);
    paths.set(oid, [...(paths.get(oid) ?? []), installation]);
  }
  const chains: Record<string, string> = {};
  await repository.readBlobs([...paths.keys()], (oid, bytes) => {
    for (const installation of paths.get(oid) ?? [])
      chains[installation] = Buffer.from(bytes).toString('utf8');
  });
  return chains;
}
