/** Keeps when the certificates of issuers end that stand above what is installed, so that people hear of it before everything ends at once. */
import type { FindingDraft } from '../core/assess.ts';
import { issuerEndDraft, type IssuerEnd } from '../core/issuer-end.ts';
import type { Anchors, Certificate, Issuer } from '../core/model.ts';
import type { IssuedRecord } from '../core/record-format.ts';
import { spanOf } from '../core/renewal.ts';
import { limits } from '../limits.ts';
import { certificateFacts } from '../x509/facts.ts';
import { firstToEnd, type Above } from '../x509/chain-end.ts';
import { MalformedInput } from '../x509/malformed.ts';
import { pemToDer } from '../x509/pem.ts';
import { anchorsReader } from './jobs.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

/** What an issuer issued that is installed where it is declared. */
interface Use {
  readonly certificate: Certificate;
  readonly issued: IssuedRecord;
  readonly chain: readonly string[];
}

/**
 * Looks up when the certificates of the issuers in use end: after something was judged, and hourly. Of an issuer that cannot say its roots what was known stays. IO: asks issuers
 * for their roots. Safe to repeat.
 */
export async function noteIssuerEnds(
  world: World,
  memory: Memory,
  judged: boolean,
  signal: AbortSignal,
): Promise<void> {
  const now = world.now();
  const { issuerEnds: known } = memory;
  if (known !== null && !judged && Math.abs(now - known.at) < limits.ca.endsLookMs) return;
  const anchorsOf = anchorsReader(world, memory, signal);
  const ends: IssuerEnd[] = [];
  for (const [name, uses] of usesByIssuer(memory)) {
    const spec = memory.desired?.issuers.get(name);
    if (spec === undefined) continue;
    const anchors = await anchorsOf(name);
    const own = world.issuer(spec).renewsIntermediates === true;
    const end = anchors === 'unknown' ? null : endOf(spec, uses, anchors, own);
    ends.push(...(end === null ? [] : [end]));
    if (anchors === 'unknown') ends.push(...(known?.ends.filter((each) => each.issuer === name) ?? []));
  }
  memory.issuerEnds = { at: now, ends };
}

/** What is to be said of them now. Pure. */
export function issuerEndFindings({ issuerEnds }: Pick<Memory, 'issuerEnds'>, now: number): FindingDraft[] {
  return (issuerEnds?.ends ?? []).flatMap((each) => issuerEndDraft(each, now) ?? []);
}

/** By issuer that certificates name and that issued what they have: one that was left, or has issued nothing yet, concerns nobody. */
function usesByIssuer({ desired, installations }: Memory): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  for (const certificate of desired?.certificates.values() ?? []) {
    if (certificate.state === 'retired') continue;
    for (const { id } of certificate.installations) {
      const stored = installations.get(id);
      if (stored?.installed?.issued.issuedBy !== certificate.issuer) continue;
      const use = { certificate, issued: stored.installed.issued, chain: stored.chain ?? [] };
      const known = uses.get(certificate.issuer);
      if (known === undefined) uses.set(certificate.issuer, [use]);
      else known.push(use);
    }
  }
  return uses;
}

/** By the newest chain: it shows under what the issuer issues now. null where nobody can say. */
function endOf(
  spec: Issuer,
  uses: readonly Use[],
  anchors: Exclude<Anchors, 'unknown'>,
  own: boolean,
): IssuerEnd | null {
  let newest: Use | null = null;
  let lifetimeMs = 0;
  for (const use of uses) {
    // Timestamps of records sort as texts.
    if (newest === null || use.issued.notBefore > newest.issued.notBefore) newest = use;
    lifetimeMs = Math.max(lifetimeMs, lifetimeOf(use, spec));
  }
  const above = newest === null ? null : readAbove(own ? null : newest.chain, anchors);
  if (above === null) return null;
  const { subject, notBefore, notAfter, isAnchor } = above;
  return {
    issuer: spec.name,
    source: spec.source,
    which: own ? 'own-root' : isAnchor ? 'root' : 'intermediate',
    subject,
    notBefore,
    notAfter,
    lifetimeMs,
  };
}

/** `chain` null: only the anchors count. null also for what cannot be read: what was installed was read before. */
function readAbove(chain: readonly string[] | null, anchors: readonly string[] | null): Above | null {
  const der = (pems: readonly string[]): Uint8Array[] => pems.flatMap((pem) => pemToDer(pem));
  try {
    if (chain !== null) return firstToEnd(der(chain), anchors === null ? null : der(anchors));
    const [last] = der(anchors ?? [])
      .map((each) => certificateFacts(each))
      .sort((left, right) => right.notAfter - left.notAfter);
    return last === undefined ? null : { ...last, isAnchor: true };
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return null;
  }
}

/** How long it is meant to live. What was cut lives shorter than that, so what was asked for counts before what was given. */
function lifetimeOf({ certificate, issued }: Use, { limits: declared }: Issuer): number {
  const longest = declared?.lifetimeMaxMs ?? null;
  const { notBefore, notAfter } = spanOf(issued);
  const given = notAfter - notBefore;
  const asked = certificate.lifetimeMs ?? longest ?? given;
  return Math.max(given, longest === null ? asked : Math.min(asked, longest));
}
