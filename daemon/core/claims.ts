/**
 * Which paths on which machine belong to which installation. Two installations that claim one path would undo each other for ever, so the first in force
 * has it and the other is refused. The claim is per machine: two endpoints may name the same one. Pure.
 */
import type { Certificate, Endpoint, Installation, Profile } from './model.ts';
import { placementOf } from './placement.ts';
import { keyOf } from './same.ts';

export interface ClaimingEstate {
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** Two installations that cannot both be. */
export interface ClaimConflict {
  /** The one that is refused. */
  readonly loser: Installation;
  readonly path: string;
  /** The one that has the path. */
  readonly holder: Installation;
  readonly held: string;
}

interface Claimant {
  readonly installation: Installation;
  readonly machine: string;
  readonly paths: readonly string[];
}

/** What was so before, and says who came first. */
export interface ClaimsBefore {
  /** As they were in force. */
  readonly certificates: Iterable<Certificate>;
  /** As they were; absent: as they are now. */
  readonly endpoints?: ReadonlyMap<string, Pick<Endpoint, 'machine'>>;
  /** Ids of installations that were refused for a path then. */
  readonly pathless?: ReadonlySet<string>;
}

/**
 * Every installation that is refused, by id. What was in force with the same paths comes first, and of that what has not come to the machine since by another address or
 * host key of its endpoint; what was refused before goes on being so while another has the path. The order of files decides between newcomers alone. What has no placement
 * claims nothing.
 */
export function claimConflicts(
  estate: ClaimingEstate,
  before: ClaimsBefore,
): ReadonlyMap<string, ClaimConflict> {
  const machines = machinesOf(estate.endpoints.values());
  const held = new Set<string>();
  for (const certificate of before.certificates)
    for (const { installation, paths, machine } of claimantsOf(estate, certificate, machines))
      for (const path of paths) held.add(keyOf(installation.id, machine, path));
  const ranks: [stayed: Claimant[], came: Claimant[], newcomers: Claimant[]] = [[], [], []];
  for (const certificate of estate.certificates.values()) {
    for (const each of claimantsOf(estate, certificate, machines)) {
      const { installation, machine, paths } = each;
      const had = paths.every((path) => held.has(keyOf(installation.id, machine, path)));
      const isNew = !had || before.pathless?.has(installation.id) === true;
      ranks[isNew ? 2 : hasNewMarks(estate, before, installation.endpoint) ? 1 : 0].push(each);
    }
  }
  const conflicts = new Map<string, ClaimConflict>();
  const taken = new Map<string, Ground>();
  for (const each of ranks.flatMap((rank) => rank.sort(byFile))) {
    let ground = taken.get(each.machine);
    if (ground === undefined) taken.set(each.machine, (ground = { at: new Map(), below: new Map() }));
    const conflict = conflictOn(ground, each);
    if (conflict === null) occupy(ground, each);
    else conflicts.set(each.installation.id, conflict);
  }
  return conflicts;
}

/** Whether an endpoint has come by an address or a host key: whoever writes one there brings what it holds to that machine. */
function hasNewMarks({ endpoints }: ClaimingEstate, before: ClaimsBefore, name: string): boolean {
  if (before.endpoints === undefined) return false;
  const old = before.endpoints.get(name)?.machine ?? [];
  return endpoints.get(name)?.machine.some((mark) => !old.includes(mark)) === true;
}

/** The words of a conflict, for whoever is refused. */
export function conflictText({ path, holder, held, loser }: ClaimConflict): string {
  const other = held.toLowerCase() === path.toLowerCase() ? '' : ` (${held})`;
  const where =
    holder.endpoint === loser.endpoint
      ? `on endpoint ${holder.endpoint}`
      : `on the same machine by endpoint ${holder.endpoint}`;
  return `${path} belongs to ${holder.id}${other} ${where} (${holder.source.file}:${String(holder.source.line)}). Choose another path, or remove it there first`;
}

function byFile({ installation: left }: Claimant, { installation: right }: Claimant): number {
  if (left.source.file !== right.source.file) return left.source.file < right.source.file ? -1 : 1;
  return left.source.line - right.source.line || (left.id < right.id ? -1 : 1);
}

function claimantsOf(
  { endpoints, profiles }: ClaimingEstate,
  certificate: Certificate,
  machines: ReadonlyMap<string, string>,
): Claimant[] {
  // What is retired is never touched again: another certificate may take its place.
  if (certificate.state === 'retired') return [];
  return certificate.installations.flatMap((installation) => {
    const endpoint = endpoints.get(installation.endpoint);
    const profile = profiles.get(installation.profile);
    if (endpoint === undefined || profile === undefined) return [];
    const result = placementOf({ certificate, installation, endpoint, profile });
    if (!('placement' in result)) return [];
    const { store, links } = result.placement;
    const machine = machines.get(endpoint.name) ?? endpoint.name;
    return [{ installation, machine, paths: [store, ...links.map((each) => each.path)] }];
  });
}

interface Claimed {
  readonly installation: Installation;
  readonly path: string;
}

/** What is taken on one machine: by path, and by every directory above a path. In lower case: some file systems do not tell the cases apart. */
interface Ground {
  readonly at: Map<string, Claimed>;
  readonly below: Map<string, Claimed>;
}

function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    ancestors.push(path.slice(0, at));
  return ancestors;
}

function conflictOn({ at, below }: Ground, { installation, paths }: Claimant): ClaimConflict | null {
  for (const path of paths) {
    const lower = path.toLowerCase();
    const over = [lower, ...ancestorsOf(lower)].find((each) => at.has(each));
    const other = (over === undefined ? undefined : at.get(over)) ?? below.get(lower);
    if (other !== undefined)
      return { loser: installation, path, holder: other.installation, held: other.path };
  }
  return null;
}

function occupy({ at, below }: Ground, { installation, paths }: Claimant): void {
  for (const path of paths) {
    const lower = path.toLowerCase();
    at.set(lower, { installation, path });
    for (const ancestor of ancestorsOf(lower))
      if (!below.has(ancestor)) below.set(ancestor, { installation, path });
  }
}

/** Endpoint to the name of its machine: those that share an address or a pinned host key are one. */
function machinesOf(endpoints: Iterable<Endpoint>): ReadonlyMap<string, string> {
  const parent = new Map<string, string>();
  const rootOf = (name: string): string => {
    let at = name;
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up;
    return at;
  };
  const byMark = new Map<string, string>();
  for (const { name, machine } of endpoints) {
    parent.set(name, name);
    for (const mark of machine) {
      const other = byMark.get(mark);
      if (other === undefined) byMark.set(mark, name);
      else parent.set(rootOf(name), rootOf(other));
    }
  }
  return new Map([...parent.keys()].map((name) => [name, rootOf(name)]));
}
