/** From judgements to one commit: makes the records that changed, says why, publishes. */
import { commitMessage, describeChange } from '../core/audit-line.ts';
import type { FindingDraft } from '../core/assess.ts';
import { findingCodes } from '../core/finding-codes.ts';
import { findingDraft } from '../core/finding-draft.ts';
import { changePath } from '../core/change-record.ts';
import type { Installed } from '../core/installation-state.ts';
import type { CertificateRecord, EndpointRecord, RepositoryFindings } from '../core/record-format.ts';
import { certificateRecord, documentFinding, endpointRecord, repositoryFindings } from '../core/record.ts';
import { chainPath } from '../records/paths.ts';
import { recordJson, recordLine, recordText, type RecordText } from '../record-text.ts';
import type { Outcome } from './apply.ts';
import type { Estate } from './estate.ts';
import { saveHeld } from './hold.ts';
import { inOneWrite } from './kept-lists.ts';
import { nextHeartbeat, noteBeat, type Beat } from './beats.ts';
import { changeFindings } from './change-findings.ts';
import { clockFindings } from './clock.ts';
import { instanceFindings, standingOf } from './instances.ts';
import { historyFindings } from './lagging.ts';
import type { Memory } from './memory.ts';
import { issuerEndFindings } from './issuer-ends.ts';
import { journalFindings } from './journal-anchor.ts';
import { takenBackFindings } from './taken-back.ts';
import { askPublications, notePublications } from './publications.ts';
import { incidentFindings } from './record-incidents.ts';
import { publishRecords } from './records.ts';
import { unreadFindings } from './unread.ts';
import { noteWithheldChanges, withheldChangeFindings, withWithheldNamed } from './withheld.ts';
import { watchedOf } from './left.ts';
import { clearReleased, type Releases } from './withdrawn.ts';
import { apart, type Witness } from './unexpected.ts';
import type { World } from './world.ts';

/** Makes and publishes the records of `touched` certificates. Returns the commit, null when nothing changed. IO through Git. */
export async function recordAndPublish(
  world: World,
  estate: Estate,
  memory: Memory,
  touched: ReadonlySet<string>,
  outcomes: readonly Outcome[],
  heartbeat: Beat,
  signal: AbortSignal,
  releases: Releases = new Map(),
): Promise<string | null> {
  const now = world.now();
  noteWithheldChanges(world, memory);
  const files = new Map<string, RecordText>();
  const phrases: string[] = [];
  const judged: string[] = [];
  const certificates = changedCertificates(world, memory, touched, now, files, phrases);
  for (const [id, because] of releases)
    if (!certificates.some((each) => `${each.metadata.team}/${each.metadata.name}` === id))
      phrases.push(`certificate ${id}: no longer watched, ${because}`);
  const endpoints = changedEndpoints(world, memory, touched, now);
  for (const record of memory.changeRecords.values()) {
    files.set(changePath(record), recordJson(record));
    judged.push(`change ${record.commit.slice(0, 10)}: ${record.outcome}, ${record.subject}`);
  }
  const asked = await askPublications(world, estate, memory, outcomes, signal);
  for (const [path, text] of asked.changed) files.set(path, recordText(text));
  const repository = changedRepository(world, estate, memory, now);
  const changed =
    certificates.length +
    endpoints.length +
    (repository === null ? 0 : 1) +
    files.size +
    memory.putBack.size +
    memory.released.size;
  const beat = nextHeartbeat(world, estate, memory, heartbeat, changed > 0);
  if (changed === 0 && beat === null) {
    notePublications(memory, asked);
    return null;
  }
  const because = reasons(outcomes, memory);
  const { outcome, beats } = await publishRecords(
    world,
    estate.state,
    memory,
    { certificates, endpoints, repository, heartbeat: beat, files },
    {
      message: recordText(
        changed === 0
          ? 'heartbeat\n'
          : commitMessage(phrases.map(recordLine), judged.map(recordLine), changed),
      ),
      because,
      trust: estate.intent.trust,
    },
    signal,
  );
  notePublications(memory, asked);
  for (const record of certificates) {
    memory.certificateRecords.set(`${record.metadata.team}/${record.metadata.name}`, record);
  }
  for (const record of endpoints) memory.endpointRecords.set(record.metadata.name, record);
  if (repository !== null) memory.repositoryRecord = repository;
  if (beat !== null && beats) noteBeat(world, memory, beat);
  clearReleased(world, memory);
  memory.rewrite.clear();
  if (memory.changeRecords.size > 0) {
    memory.changeRecords.clear();
    inOneWrite(world.journal, () => {
      saveHeld(world, memory);
    });
  }
  memory.endpointsDirty = false;
  if (outcome.state === 'unchanged') return null;
  world.progress({ kind: 'published', commit: outcome.commit, files: changed });
  return outcome.commit;
}

function changedCertificates(
  world: Witness,
  memory: Memory,
  touched: ReadonlySet<string>,
  now: number,
  files: Map<string, RecordText>,
  phrases: string[],
): CertificateRecord[] {
  return [...touched].flatMap((id) =>
    apart(
      world,
      `the record of ${id}`,
      () => changedCertificate(memory, id, now, files, phrases),
      // The record stays as it is.
      () => [],
    ),
  );
}

/** The record of one, where it changed; with its phrase and the files beside it. */
function changedCertificate(
  memory: Memory,
  id: string,
  now: number,
  files: Map<string, RecordText>,
  phrases: string[],
): CertificateRecord[] {
  const certificate = watchedOf(memory, id);
  if (certificate === null) return [];
  const previous = memory.certificateRecords.get(id) ?? null;
  const installed = new Map<string, Installed | null>(
    certificate.installations.map((each) => [each.id, memory.installations.get(each.id)?.installed ?? null]),
  );
  const next = withWithheldNamed(
    certificateRecord({
      certificate,
      withdrawn: memory.withdrawn.has(id),
      assessments: certificate.installations.flatMap((each) => memory.assessments.get(each.id) ?? []),
      installed,
      previous,
      now,
    }),
    previous?.findings ?? [],
    now,
  );
  if (!memory.rewrite.has(id) && previous !== null && recordJson(previous) === recordJson(next)) return [];
  const phrase = describeChange(previous, next);
  if (phrase !== null) phrases.push(phrase);
  for (const each of certificate.installations) {
    const chain = memory.installations.get(each.id)?.chain;
    if (chain != null) files.set(chainPath(each.id), recordText(chain.join('')));
  }
  return [next];
}

function changedEndpoints(
  world: Witness,
  memory: Memory,
  touched: ReadonlySet<string>,
  now: number,
): EndpointRecord[] {
  const names = new Set<string>();
  if (memory.endpointsDirty) for (const name of memory.desired?.endpoints.keys() ?? []) names.add(name);
  for (const id of touched)
    for (const each of watchedOf(memory, id)?.installations ?? []) names.add(each.endpoint);
  return [...names].flatMap((name) =>
    apart(
      world,
      `the record of endpoint ${name}`,
      () => changedEndpoint(memory, name, now),
      () => [],
    ),
  );
}

function changedEndpoint(memory: Memory, name: string, now: number): EndpointRecord[] {
  const endpoint = memory.desired?.endpoints.get(name);
  if (endpoint === undefined) return [];
  const previous = memory.endpointRecords.get(name) ?? null;
  const facts = endpointFacts(memory, name, endpoint.config);
  const made = endpointRecord({ endpoint, ...facts, previous, now });
  const next = withWithheldNamed(made, previous?.findings ?? [], now);
  return previous === null || recordJson(previous) !== recordJson(next) ? [next] : [];
}

function endpointFacts(
  memory: Memory,
  name: string,
  config: Readonly<Record<string, unknown>>,
): { location: string; certificates: string[]; reachable: boolean | null; findings: FindingDraft[] } {
  const certificates = [...(memory.byEndpoint.get(name) ?? [])];
  const looks = certificates.flatMap((id) =>
    (watchedOf(memory, id)?.installations ?? [])
      .filter((each) => each.endpoint === name)
      .flatMap((each) => memory.observations.get(each.id) ?? []),
  );
  const newest = looks.sort((left, right) => right.at - left.at)[0];
  const findings: FindingDraft[] = [];
  if (newest?.storeFailure != null) {
    const code = newest.storeFailure.code === 'ssh-host-key' ? 'host-key-changed' : 'endpoint-unreachable';
    findings.push(
      findingDraft(code, {
        id: `${name} ${code}`,
        endpoint: name,
        message: newest.storeFailure.message,
        observed: newest.storeFailure.code,
        source: memory.desired?.endpoints.get(name)?.source ?? null,
      }),
    );
  }
  const host = typeof config['host'] === 'string' ? config['host'] : name;
  const port = typeof config['port'] === 'number' ? config['port'] : 22;
  const reachable = newest === undefined ? null : newest.store !== null;
  return { location: `${host}:${String(port)}`, certificates, reachable, findings };
}

function changedRepository(
  world: Pick<World, 'journal' | 'now'>,
  { intent, state }: Estate,
  memory: Memory,
  now: number,
): RepositoryFindings | null {
  const drafts = (memory.desired?.problems ?? []).map((problem) =>
    documentFinding(problem, findingCodes['document-invalid'].remedy),
  );
  drafts.push(...historyFindings(memory, now));
  drafts.push(...takenBackFindings(world.journal, memory, now));
  for (const [issuer, { code, message }] of memory.logTroubles)
    drafts.push(findingDraft(code, { id: `issuer ${issuer} ${code}`, message }));
  drafts.push(
    ...changeFindings(memory, now),
    ...issuerEndFindings(memory, now),
    ...journalFindings(memory, now),
    ...incidentFindings(world.journal, now),
    ...clockFindings(memory.clock),
    ...instanceFindings(world, memory, standingOf(world, memory, intent.trust), state.instance),
  );
  drafts.push(...withheldChangeFindings(memory), ...unreadFindings(memory, now));
  const previous = memory.repositoryRecord;
  const next = withWithheldNamed(repositoryFindings(drafts, previous, now), previous?.findings ?? [], now);
  if (previous === null && next.findings.length === 0) return null;
  return !memory.rewriteFindings && previous !== null && recordJson(previous) === recordJson(next)
    ? null
    : next;
}

function reasons(outcomes: readonly Outcome[], memory: Memory): string {
  const because = [...new Set(outcomes.map((outcome) => outcome.action.because))];
  if (memory.rewritten?.goneAt === null) because.unshift('history of the intent branch was rewritten');
  if (because.length === 0) return 'observation';
  return because.length <= 3
    ? because.join('; ')
    : `${because.slice(0, 3).join('; ')} and ${String(because.length - 3)} more`;
}
