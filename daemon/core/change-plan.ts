/**
 * What a change of declarations will do: which certificates are asked for, replaced, retired, on which hosts, with which commands, at what cost. Pure and
 * deterministic: made from two states of the repository and nothing else, so that the hash over it means the same to who approves and to who executes.
 */
import { differingFields, type FieldChange } from './certificate-difference.ts';
import type { ReachedResource } from './change-reach.ts';
import type { Certificate, Desired, Installation, Profile } from './model.ts';
import { placementOf } from './placement.ts';

/** One file before and after: ids of blobs, null where there is none. */
export interface DocumentChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface PlannedStep {
  /** `issue`: a first certificate there. `replace`: another one in place of what is there. `release`: no longer managed, left as it is. */
  readonly action: 'issue' | 'replace' | 'release';
  readonly installation: string;
  readonly endpoint: string;
  /** As people reach it: `host:port`. */
  readonly host: string;
  readonly profile: string;
  /** Whose profile it is: one of the repository is bound by the hash to its commands, one of renewd by its name. */
  readonly profileFrom: 'renewd' | 'repository';
  /** Commands that will run there, parameters filled in as written. */
  readonly commands: readonly (readonly string[])[];
  readonly serves: readonly string[];
  readonly because: string;
}

export interface CertificateChange {
  readonly certificate: string;
  readonly change: 'requested' | 'changed' | 'retired' | 'withdrawn';
  readonly file: string;
  readonly line: number;
  readonly dnsNames: readonly string[];
  readonly issuer: string;
  readonly keyAlgorithm: string;
  readonly fields: readonly FieldChange[];
  readonly steps: readonly PlannedStep[];
}

export interface ResourceChange {
  readonly kind:
    | 'Team'
    | 'Issuer'
    | 'Endpoint'
    | 'Profile'
    | 'Policy'
    | 'PolicyPack'
    | 'Rule'
    | 'Waiver'
    | 'ChangeControl'
    | 'Offer'
    | 'Program';
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly file: string;
}

export interface ChangePlan {
  readonly apiVersion: 'renewd/v1';
  readonly kind: 'ChangePlan';
  /** Every declaration file that changes. */
  readonly documents: readonly DocumentChange[];
  readonly certificates: readonly CertificateChange[];
  readonly resources: readonly ResourceChange[];
  /**
   * What decides who is reached, and as whom: SHA-256, hex, of each endpoint (with those it jumps through), issuer and profile. null: it is not there. Absent in plans
   * of earlier versions.
   */
  readonly reaches?: readonly {
    readonly kind: ReachedResource['kind'];
    readonly name: string;
    readonly digest: string | null;
  }[];
  /** Orders at each issuer. */
  readonly orders: readonly {
    readonly issuer: string;
    readonly certificates: number;
    readonly names: number;
  }[];
}

/** The commands of a profile with what endpoint and profile say filled in. Must depend on these two alone. */
export type CommandsOf = (
  profile: Profile,
  parameters: Readonly<Record<string, string>>,
) => readonly (readonly string[])[];

/**
 * Two states with every certificate that is declared, also where it cannot be used (yet): what comes in is judged by what it says, since it comes into force without
 * anybody being asked once what it refers to is there. Of what changes, what was in force counts before, and what the file says after. Pure.
 */
export function asDeclared(
  before: Desired,
  after: Desired,
): { readonly before: Desired; readonly after: Desired } {
  return {
    before: { ...before, certificates: new Map([...(before.unusable ?? []), ...before.certificates]) },
    after: { ...after, certificates: new Map([...after.certificates, ...(after.unusable ?? [])]) },
  };
}

/** The plan from one state to another. The order of `documents` and of declarations makes no difference. */
export function planChange(
  before: Desired,
  after: Desired,
  documents: readonly DocumentChange[],
  commandsOf: CommandsOf,
): ChangePlan {
  const files = new Set(documents.map((each) => each.path));
  const certificates = changedCertificates(before, after, files, commandsOf);
  return {
    apiVersion: 'renewd/v1',
    kind: 'ChangePlan',
    documents: [...documents].sort((left, right) => compare(left.path, right.path)),
    certificates,
    resources: changedResources(before, after),
    orders: ordersOf(certificates),
  };
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function changedCertificates(
  before: Desired,
  after: Desired,
  files: ReadonlySet<string>,
  commandsOf: CommandsOf,
): CertificateChange[] {
  const ids = new Set<string>();
  // By its own file: what somebody else's change lets come into force was judged when it was asked for, and neither stops that change nor alters its hash.
  for (const [id, each] of after.certificates)
    if (files.has(each.source.file) && isAnother(before, id, each)) ids.add(id);
  for (const [id, each] of before.certificates) {
    if (!after.certificates.has(id) && files.has(each.source.file)) ids.add(id);
  }
  return [...ids].sort(compare).flatMap((id) => {
    const old = before.certificates.get(id) ?? null;
    const next = after.certificates.get(id) ?? null;
    const change = changeOf(before, after, old, next, commandsOf);
    return change === null ? [] : [change];
  });
}

/** Than what is in force, or than what was accepted and sleeps: taking that back is a change, too. */
function isAnother({ certificates, unusable }: Desired, id: string, { blob }: Certificate): boolean {
  return certificates.get(id)?.blob !== blob || (unusable?.get(id)?.blob ?? blob) !== blob;
}

function changeOf(
  before: Desired,
  after: Desired,
  old: Certificate | null,
  next: Certificate | null,
  commandsOf: CommandsOf,
): CertificateChange | null {
  const shown = next ?? old;
  if (shown === null) return null;
  const fields = old === null || next === null ? [] : differingFields(old, next);
  const asleep = before.unusable?.get(shown.id);
  const takenBack =
    fields.length > 0 || asleep === undefined || next === null ? [] : differingFields(asleep, next);
  if (old !== null && next !== null && fields.length + takenBack.length === 0) return null;
  const retired = next?.state === 'retired' && old?.state !== 'retired';
  const change = old === null ? 'requested' : next === null ? 'withdrawn' : retired ? 'retired' : 'changed';
  return {
    certificate: shown.id,
    change,
    file: shown.source.file,
    line: shown.source.line,
    dnsNames: [...shown.dnsNames, ...shown.ipAddresses],
    issuer: shown.issuer,
    keyAlgorithm: shown.key.algorithm,
    fields: fields.length > 0 || old === null ? fields : takenBack,
    steps: stepsOf(before, after, old, next, fields, commandsOf),
  };
}

/** Fields that another certificate is needed for; the rest takes effect with the next renewal or at once without one. */
const reissuing = ['names', 'key', 'issuer', 'reissue'];

function stepsOf(
  before: Desired,
  after: Desired,
  old: Certificate | null,
  next: Certificate | null,
  fields: readonly FieldChange[],
  commandsOf: CommandsOf,
): PlannedStep[] {
  const steps: PlannedStep[] = [];
  const reasons = fields
    .filter((each) => reissuing.includes(each.field))
    // Nobody is asked for anything by a wish that is taken back.
    .filter((each) => each.field !== 'reissue' || next?.reissue !== undefined)
    .map((each) => each.field);
  for (const installation of next?.installations ?? []) {
    if (next?.state === 'retired') continue;
    const known = old?.installations.some((each) => each.endpoint === installation.endpoint) === true;
    if (!known) steps.push(step(after, installation, 'issue', 'declared and not yet installed', commandsOf));
    else if (reasons.length > 0) {
      steps.push(step(after, installation, 'replace', `${reasons.join(' and ')} changed`, commandsOf));
    }
  }
  for (const installation of old?.installations ?? []) {
    if (next?.installations.some((each) => each.endpoint === installation.endpoint) === true) continue;
    steps.push(step(before, installation, 'release', 'no longer declared: nothing is uninstalled', () => []));
  }
  return steps.sort((left, right) => compare(left.installation, right.installation));
}

function step(
  desired: Desired,
  installation: Installation,
  action: PlannedStep['action'],
  because: string,
  commandsOf: CommandsOf,
): PlannedStep {
  const profile = desired.profiles.get(installation.profile);
  const config = desired.endpoints.get(installation.endpoint)?.config ?? {};
  const host = typeof config['host'] === 'string' ? config['host'] : installation.endpoint;
  const port = typeof config['port'] === 'number' ? config['port'] : 22;
  return {
    action,
    installation: installation.id,
    endpoint: installation.endpoint,
    host: `${host}:${String(port)}`,
    profile: installation.profile,
    profileFrom: profile?.source.file.startsWith('built-in/') === false ? 'repository' : 'renewd',
    commands: profile === undefined ? [] : commandsOf(profile, wordsOf(desired, installation, profile)),
    serves: installation.serves.map((each) => `${each.host}:${String(each.port)}`),
    because,
  };
}

/** What the commands get. Nothing where the placement is refused: they are then shown as they are written. */
function wordsOf(
  { certificates, endpoints }: Desired,
  installation: Installation,
  profile: Profile,
): Readonly<Record<string, string>> {
  const certificate = certificates.get(installation.certificate);
  const endpoint = endpoints.get(installation.endpoint);
  if (certificate === undefined || endpoint === undefined) return {};
  const result = placementOf({ certificate, installation, endpoint, profile });
  return 'placement' in result ? result.placement.words : {};
}

function ordersOf(changes: readonly CertificateChange[]): ChangePlan['orders'] {
  const orders = new Map<string, { certificates: number; names: number }>();
  for (const { issuer, steps, dnsNames } of changes) {
    const count = steps.filter((each) => each.action !== 'release').length;
    if (count === 0) continue;
    const sum = orders.get(issuer) ?? { certificates: 0, names: 0 };
    orders.set(issuer, {
      certificates: sum.certificates + count,
      names: sum.names + count * dnsNames.length,
    });
  }
  return [...orders]
    .sort(([left], [right]) => compare(left, right))
    .map(([issuer, sum]) => ({ issuer, ...sum }));
}

function changedResources(before: Desired, after: Desired): ResourceChange[] {
  const changes: ResourceChange[] = [];
  const compareMaps = (
    kind: ResourceChange['kind'],
    old: ReadonlyMap<string, Known>,
    next: ReadonlyMap<string, Known>,
  ): void => {
    for (const [name, each] of next) {
      const was = old.get(name);
      if (was === undefined) changes.push({ kind, name, change: 'added', file: each.source.file });
      else if (was.blob !== each.blob)
        changes.push({ kind, name, change: 'changed', file: each.source.file });
    }
    for (const [name, each] of old) {
      if (!next.has(name)) changes.push({ kind, name, change: 'removed', file: each.source.file });
    }
  };
  compareMaps('Team', before.teams, after.teams);
  compareMaps('Issuer', before.issuers, after.issuers);
  compareMaps('Endpoint', before.endpoints, after.endpoints);
  compareMaps('Profile', before.profiles, after.profiles);
  compareMaps('Policy', named(before.policies), named(after.policies));
  compareMaps('PolicyPack', before.packs, after.packs);
  compareMaps('Rule', before.customRules, after.customRules);
  compareMaps('Waiver', before.waivers, after.waivers);
  compareMaps('ChangeControl', named(controlOf(before)), named(controlOf(after)));
  compareMaps('Offer', before.offers, after.offers);
  compareMaps('Program', before.programs, after.programs);
  return changes.sort((left, right) => compare(left.kind, right.kind) || compare(left.name, right.name));
}

type Known = Pick<Certificate, 'blob' | 'source' | 'name'>;

function controlOf(desired: Desired): readonly Known[] {
  return desired.changeControl === null ? [] : [desired.changeControl];
}

function named(list: readonly Known[]): ReadonlyMap<string, Known> {
  return new Map(list.map((each) => [each.name, each]));
}
