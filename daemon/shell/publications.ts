/** What issuers publish among the records: when they are asked for it, what of it is new, and that it stands there once the push succeeded. */
import { counted } from '../core/count.ts';
import type { Issuer as IssuerSpec } from '../core/model.ts';
import { limits } from '../limits.ts';
import { placeOf } from '../records/paths.ts';
import type { Outcome } from './apply.ts';
import type { Estate } from './estate.ts';
import type { Memory } from './memory.ts';
import { contradiction } from './published-log.ts';
import { recordTrust } from './record-trust.ts';
import { noteTakenBack, takeBackMissing } from './taken-back.ts';
import { failureOf } from './unexpected.ts';
import type { World } from './world.ts';

/** What was asked for in one turn. Nothing of it counts as published before `notePublications`. */
export interface AskedPublications {
  /** Texts by path that do not stand on the branch yet. */
  readonly changed: ReadonlyMap<string, string>;
  /** When each issuer that was asked is to be asked again. */
  readonly again: Memory['publicationsDue'];
}

/**
 * Asks every issuer that is due for what it publishes: one that was not asked yet or whose declaration changed, each after an issuance, and otherwise once a
 * day, because a CRL runs out while nothing is issued (RFC 5280 section 5.1.2.5). An issuer in trouble is asked again within the hour, and its trouble kept in
 * mind as a finding. IO: the issuer, Git. Safe to repeat: until the push succeeded the same texts come again.
 */
export async function askPublications(
  world: World,
  estate: Estate,
  memory: Memory,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<AskedPublications> {
  const now = world.now();
  const changed = new Map<string, string>();
  const again: Memory['publicationsDue'] = new Map();
  if (memory.desired !== null)
    for (const issuer of memory.logTroubles.keys())
      if (!memory.desired.issuers.has(issuer)) memory.logTroubles.delete(issuer);
  for (const spec of memory.desired?.issuers.values() ?? []) {
    if (!isDue(memory, spec, outcomes, now)) continue;
    const texts = await publicationsOf(world, estate, memory, spec, signal);
    const pauseMs = texts === null ? limits.ca.publishAgainMs : limits.ca.publishIntervalMs;
    again.set(spec.name, { blob: spec.blob, at: now + pauseMs });
    for (const [path, text] of texts ?? [])
      if (memory.publications.get(path) !== text) changed.set(path, text);
  }
  return { changed, again };
}

/** That what was asked for stands on the branch now. Only after the push: what failed to go out comes again with the next turn. */
export function notePublications(memory: Memory, { changed, again }: AskedPublications): void {
  for (const [path, text] of changed) memory.publications.set(path, text);
  for (const [issuer, due] of again) memory.publicationsDue.set(issuer, due);
}

function isDue(memory: Memory, spec: IssuerSpec, outcomes: readonly Outcome[], now: number): boolean {
  const due = memory.publicationsDue.get(spec.name);
  if (due === undefined || due.blob !== spec.blob || memory.stateTip === null) return true;
  // Further ahead than the longest pause nothing was ever due: the clock was ahead when it was set.
  if (due.at <= now || due.at > now + limits.ca.publishIntervalMs) return true;
  return outcomes.some(
    ({ action }) => action.issuer === spec.name && (action.kind === 'issue' || action.kind === 'continue'),
  );
}

/** Null when it publishes nothing just now: trouble, which is logged, and kept in mind where a person has to end it. */
async function publicationsOf(
  world: World,
  estate: Estate,
  memory: Memory,
  spec: IssuerSpec,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | null> {
  try {
    const issuer = world.issuer(spec);
    if (issuer.publications === undefined) return new Map();
    const publications = await issuer.publications(signal);
    const foreign = [...publications.keys()].find((path) => !isPublicationOf(spec.name, path));
    const wrong =
      (foreign === undefined ? null : { message: foreign, missing: [] }) ??
      (await contradiction(
        estate.state,
        memory.stateTip,
        spec.name,
        publications,
        recordTrust(world, estate.state, memory, estate.intent.trust),
      ));
    if (wrong === null) {
      memory.logTroubles.delete(spec.name);
      return publications;
    }
    const taken = await takeBackMissing(estate.state.repository, issuer, wrong.missing, signal);
    const message = `the log of issuance of ${spec.name} contradicts what was published: ${wrong.message}`;
    const after =
      taken === 0
        ? ''
        : `. ${counted(taken, 'entry was', 'entries were')} taken back from the records: where a backup was restored, nothing is left to do`;
    memory.logTroubles.set(spec.name, { code: 'issuance-log-changed', message: `${message}${after}` });
    if (taken > 0) noteTakenBack(world.journal, spec.name, `${message}${after}`, world.now());
    return null;
  } catch (error) {
    const { code, message, disposition } = failureOf(world, `issuer ${spec.name}`, error, signal);
    if (disposition === 'stall')
      memory.logTroubles.set(spec.name, {
        code: code === 'ca-lost' ? 'ca-lost' : 'issuance-log-changed',
        message,
      });
    world.log.warn({ issuer: spec.name, code }, `publications of issuer ${spec.name}: ${message}`);
    return null;
  }
}

/** An issuer publishes below its own folders only. */
function isPublicationOf(issuer: string, path: string): boolean {
  return (
    (path.startsWith(`issuers/${issuer}/`) || path.startsWith(`issuance/${issuer}/`)) &&
    placeOf(path) !== null
  );
}
