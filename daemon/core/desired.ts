/**
 * From parsed files to what is wanted: references resolved, duplicates refused, places and parameters judged. Pure. A certificate that refers to nothing is left out
 * and said so; the others stay.
 */
import { claimConflicts, conflictText } from './claims.ts';
import { sharedMachineProblems } from './endpoint-machine.ts';
import { findJumpFaults } from './jump-hosts.ts';
import { issuerLimitCode, limitFaults } from './issuer-limits.ts';
import { labelProblems } from './label-problems.ts';
import { checkGovernance } from './governance-references.ts';
import type {
  Certificate,
  ChangeControl,
  CustomRule,
  Desired,
  DocumentProblem,
  Endpoint,
  Installation,
  Issuer,
  Offer,
  Policy,
  PolicyPack,
  Profile,
  Program,
  SourcePosition,
  Team,
  Waiver,
} from './model.ts';
import { didYouMean } from './nearest.ts';
import { endpointParameterFaults, placementOf, strictFaults } from './placement.ts';
import { reachOf, refuseWritten } from './reach.ts';
import { keyOf } from './same.ts';
import { isIpAddress } from './server-name.ts';
import type { ParsedFile, Resource } from './parsed-document.ts';

interface Register {
  readonly teams: Map<string, Team>;
  readonly issuers: Map<string, Issuer>;
  readonly endpoints: Map<string, Endpoint>;
  readonly profiles: Map<string, Profile>;
  readonly policies: Map<string, Policy>;
  readonly packs: Map<string, PolicyPack>;
  readonly customRules: Map<string, CustomRule>;
  readonly waivers: Map<string, Waiver>;
  readonly offers: Map<string, Offer>;
  readonly programs: Map<string, Program>;
  readonly changeControls: Map<string, ChangeControl>;
  readonly certificates: Map<string, Certificate>;
  readonly problems: DocumentProblem[];
  /** Endpoints that are declared and left out because of a mistake of their own. */
  readonly leftOut: Map<string, Endpoint>;
  /** `kind id` of what is declared more than once. */
  readonly twice: Map<string, { readonly kind: Resource['kind']; readonly id: string }>;
  /** Files with a mistake: what refers into one is told where to look, not that nothing is there. */
  readonly broken: ReadonlySet<string>;
  /** A hint looks at every known name: the first mistakes get one, a flood of them does not. */
  hintsLeft: number;
}

/** As many as anybody reads in one go. */
const hintsMax = 20;

/** What a state before says of who came first on a path. */
export type InForce = Pick<Desired, 'certificates'> & Partial<Pick<Desired, 'endpoints' | 'pathless'>>;

/**
 * Everything declared at `commit`. The order of `files` does not matter: of two resources with one name neither counts.
 * A profile, pack or policy of the repository takes the place of a built-in one of the same name. `inForce`: what was in force before; of
 * two that claim one path the one in force keeps it.
 */
export function buildDesired(
  commit: string,
  files: readonly ParsedFile[],
  builtIns: readonly ParsedFile[],
  inForce: InForce = { certificates: new Map() },
): Desired {
  const register: Register = {
    teams: new Map(),
    issuers: new Map(),
    endpoints: new Map(),
    profiles: new Map(),
    policies: new Map(),
    packs: new Map(),
    customRules: new Map(),
    waivers: new Map(),
    offers: new Map(),
    programs: new Map(),
    changeControls: new Map(),
    certificates: new Map(),
    problems: files.flatMap((file) => file.problems),
    leftOut: new Map(),
    twice: new Map(),
    hintsLeft: hintsMax,
    broken: new Set(files.filter((file) => file.problems.length > 0).map((file) => file.path)),
  };
  const sorted = [...files].sort((left, right) =>
    left.path < right.path ? -1 : left.path > right.path ? 1 : 0,
  );
  for (const file of sorted) for (const resource of file.documents) add(register, resource);
  dropTwice(register);
  for (const { documents } of builtIns) for (const resource of documents) addBuiltIn(register, resource);
  checkEndpoints(register);
  const certificates = new Map<string, Certificate>();
  for (const certificate of register.certificates.values()) {
    const resolved = resolve(register, certificate);
    if (resolved !== null) certificates.set(resolved.id, resolved);
  }
  const pathless = settleClaims(register, certificates, inForce);
  checkTeams(register);
  checkPolicies(register);
  register.problems.push(...labelProblems(register), ...sharedMachineProblems(register.endpoints));
  const { teams, issuers, endpoints, profiles, packs, customRules, waivers, offers, programs } = register;
  const policies = [...register.policies.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  return {
    commit,
    teams,
    issuers,
    endpoints,
    profiles,
    policies,
    packs,
    customRules,
    waivers,
    offers,
    programs,
    changeControl: onlyChangeControl(register),
    certificates,
    leftOut: register.leftOut,
    pathless,
    unusable: new Map([...register.certificates].filter(([id]) => !certificates.has(id))),
    problems: ordered(register.problems),
  };
}

function dropTwice(register: Register): void {
  const maps: Readonly<Record<Resource['kind'], Map<string, unknown>>> = {
    Team: register.teams,
    Issuer: register.issuers,
    Endpoint: register.endpoints,
    Certificate: register.certificates,
    Policy: register.policies,
    PolicyPack: register.packs,
    Rule: register.customRules,
    Waiver: register.waivers,
    ChangeControl: register.changeControls,
    Offer: register.offers,
    Program: register.programs,
    Profile: register.profiles,
  };
  for (const { kind, id } of register.twice.values()) maps[kind].delete(id);
}

/** What renewd brings counts where the repository has nothing of that name. */
function addBuiltIn({ profiles, packs, policies }: Register, resource: Resource): void {
  const { name } = resource;
  if (resource.kind === 'Profile' && !profiles.has(name)) profiles.set(name, resource);
  if (resource.kind === 'PolicyPack' && !packs.has(name)) packs.set(name, resource);
  if (resource.kind === 'Policy' && !policies.has(name)) policies.set(name, resource);
}

/** Two documents that say who may change what would leave open which one counts: neither does. */
function onlyChangeControl(register: Register): ChangeControl | null {
  const all = [...register.changeControls.values()];
  const [only] = all;
  if (all.length < 2) return only ?? null;
  for (const each of all) {
    const other = all.find((one) => one !== each) ?? each;
    complain(
      register,
      'duplicate-resource',
      `who may change what is said at ${place(other.source)} too; neither is used. Keep one ChangeControl`,
      each.source,
    );
  }
  return null;
}

function add(register: Register, resource: Resource): void {
  switch (resource.kind) {
    case 'Team':
      return put(register, register.teams, resource.name, resource);
    case 'Issuer':
      return put(register, register.issuers, resource.name, resource);
    case 'Endpoint':
      return put(register, register.endpoints, resource.name, resource);
    case 'Profile':
      return put(register, register.profiles, resource.name, resource);
    case 'Policy':
      return put(register, register.policies, resource.name, resource);
    case 'PolicyPack':
      return put(register, register.packs, resource.name, resource);
    case 'Rule':
      return put(register, register.customRules, resource.name, resource);
    case 'Waiver':
      return put(register, register.waivers, resource.name, resource);
    case 'ChangeControl':
      return put(register, register.changeControls, resource.name, resource);
    case 'Offer':
      return put(register, register.offers, resource.name, resource);
    case 'Program':
      return put(register, register.programs, resource.name, resource);
    case 'Certificate':
      return put(register, register.certificates, resource.id, resource);
  }
}

/** Two files that declare one thing: neither counts, for nobody can say which is meant. A daemon that has one in force never comes here: `shell/claims.ts`. */
function put<T extends Resource>(register: Register, map: Map<string, T>, id: string, resource: T): void {
  const first = map.get(id);
  if (first === undefined) {
    map.set(id, resource);
    return;
  }
  const twice = (here: Resource, there: Resource): void => {
    complain(
      register,
      'duplicate-resource',
      `${resource.kind} ${id} is declared at ${place(there.source)} too; neither is used. Delete one of them`,
      here.source,
    );
  };
  twice(resource, first);
  const key = keyOf(resource.kind, id);
  if (!register.twice.has(key)) twice(first, resource);
  register.twice.set(key, { kind: resource.kind, id });
}

function resolve(register: Register, certificate: Certificate): Certificate | null {
  const before = register.problems.length;
  reference(register, 'team', certificate.team, register.teams, certificate.source);
  reference(register, 'issuer', certificate.issuer, register.issuers, certificate.sourceOf.issuer);
  const installations: Installation[] = [];
  for (const installation of certificate.installations) {
    const resolved = resolveInstallation(register, certificate, installation);
    if (resolved === null) continue;
    const twin = installations.find((each) => each.endpoint === installation.endpoint);
    if (twin === undefined) installations.push(resolved);
    else {
      complain(
        register,
        'duplicate-installation',
        `${certificate.id} is installed at ${installation.endpoint} already (${place(twin.source)}); an endpoint stands once in a certificate`,
        installation.source,
      );
    }
  }
  if (register.problems.length > before) return null;
  // Said, and no reason to leave the certificate out: what it has is watched and renewed as far as its issuer goes.
  refuseBeyondLimits(register, certificate);
  return { ...certificate, installations };
}

function refuseBeyondLimits(register: Register, certificate: Certificate): void {
  const issuer = register.issuers.get(certificate.issuer);
  if (issuer?.limits === undefined || certificate.state === 'retired') return;
  for (const { field, message } of limitFaults(issuer.name, issuer.limits, certificate))
    complain(register, issuerLimitCode, message, certificate.sourceOf[field]);
}

function resolveInstallation(
  register: Register,
  certificate: Certificate,
  installation: Installation,
): Installation | null {
  const endpoint = reference(
    register,
    'endpoint',
    installation.endpoint,
    register.endpoints,
    installation.source,
  );
  const profile = reference(
    register,
    'profile',
    installation.profile,
    register.profiles,
    installation.source,
  );
  if (endpoint === null || profile === null) return null;
  const subject = { certificate, installation, endpoint, profile };
  const result = placementOf(subject);
  const faults = [...strictFaults(subject), ...('faults' in result ? result.faults : [])];
  const said = new Set<string | null>();
  for (const { message, parameter } of faults) {
    // The strict word of a parameter is enough.
    if (parameter !== null && said.has(parameter)) continue;
    said.add(parameter);
    const sources = installation.parameterSources ?? {};
    const at = parameter !== null && Object.hasOwn(sources, parameter) ? sources[parameter] : undefined;
    complain(register, 'profile-parameter', message, at ?? installation.source);
  }
  const reach = reachOf(endpoint, register.teams.get(certificate.team) ?? null);
  let refused = 0;
  for (const [index, { host }] of installation.serves.entries()) {
    const wrong = isIpAddress(host) ? refuseWritten(host, reach) : null;
    if (wrong === null) continue;
    refused++;
    const at = installation.servesSources?.[index] ?? installation.source;
    complain(register, 'address-refused', `${host} ${wrong}`, at);
  }
  return faults.length + refused === 0 ? installation : null;
}

/**
 * Two installations that claim one path on one machine: the first in force has it, and the certificate of the other is left out, with what it claimed
 * elsewhere. Which is first is told by `inForce`, and by the order of files where neither was. Returns the ids of the installations that are refused.
 */
function settleClaims(
  register: Register,
  certificates: Map<string, Certificate>,
  inForce: InForce,
): ReadonlySet<string> {
  const { endpoints, profiles } = register;
  const before = { ...inForce, certificates: inForce.certificates.values() };
  const conflicts = claimConflicts({ certificates, endpoints, profiles }, before);
  for (const conflict of conflicts.values()) {
    complain(register, 'path-claimed', conflictText(conflict), conflict.loser.source);
    certificates.delete(conflict.loser.certificate);
  }
  return new Set(conflicts.keys());
}

/** An endpoint that cannot be reached or used, by its own mistake or by one further on, is left out. */
function checkEndpoints(register: Register): void {
  const { endpoints, leftOut, teams } = register;
  const faults = findJumpFaults(endpoints);
  for (const endpoint of endpoints.values()) {
    const { name, source, team } = endpoint;
    if (team !== null) reference(register, 'team', team, teams, source);
    if (!checkEndpointProfiles(register, endpoint)) leftOut.set(name, endpoint);
    const fault = faults.get(name);
    if (fault === undefined) continue;
    leftOut.set(name, endpoint);
    if (fault.fault === 'missing') reference(register, 'endpoint', fault.jump, endpoints, source);
    else if (fault.fault === 'circle') {
      complain(register, 'jump-circle', `endpoint ${name} jumps through itself`, source);
    } else {
      const said = `endpoint ${name} jumps through ${fault.culprit}, which is left out because of its own mistake`;
      complain(register, 'reference-dangling', said, source);
    }
  }
  for (const name of leftOut.keys()) endpoints.delete(name);
}

/** What an endpoint says of profiles must fit them: programs and services are run as they stand there. */
function checkEndpointProfiles(register: Register, endpoint: Endpoint): boolean {
  const before = register.problems.length;
  for (const [name, { source }] of Object.entries(endpoint.profiles ?? {})) {
    const profile = reference(register, 'profile', name, register.profiles, source);
    for (const fault of profile === null ? [] : endpointParameterFaults(endpoint, profile))
      complain(register, 'profile-parameter', `endpoint ${endpoint.name}: ${fault}`, source);
  }
  return register.problems.length === before;
}

/** A team that may use an issuer nobody declared may use less than its document says. */
function checkTeams(register: Register): void {
  for (const team of register.teams.values()) {
    for (const issuer of team.issuers) reference(register, 'issuer', issuer, register.issuers, team.source);
  }
}

/** What governs and refers to nothing governs nothing, which is worse than an error. */
function checkPolicies(register: Register): void {
  checkGovernance(
    register,
    (what, name, source) => {
      const known: ReadonlyMap<string, unknown> = what === 'team' ? register.teams : register.issuers;
      reference(register, what, name, known, source);
    },
    (message, source) => {
      complain(register, 'reference-dangling', message, source);
    },
  );
}

/** Where a thing that is named would stand: for the hint that its file is broken. */
const folders = {
  team: 'inventory/teams/',
  issuer: 'inventory/issuers/',
  endpoint: 'inventory/endpoints/',
  profile: 'policies/',
} as const;
type Kind = keyof typeof folders;

function reference<T>(
  register: Register,
  what: Kind,
  name: string,
  known: ReadonlyMap<string, T>,
  source: SourcePosition,
): T | null {
  const found = known.get(name);
  if (found !== undefined) return found;
  complain(register, 'reference-dangling', whyDangling(register, what, name, known.keys()), source);
  return null;
}

function whyDangling(register: Register, what: Kind, name: string, known: Iterable<string>): string {
  const leftOut = what === 'endpoint' ? register.leftOut.get(name) : undefined;
  const folder = folders[what];
  const file = leftOut?.source.file ?? `${folder}${name}.yaml`;
  if (leftOut !== undefined || register.broken.has(file)) {
    return `${what} ${name} is left out because of its own mistake; see ${file}`;
  }
  const hint = register.hintsLeft-- > 0 ? didYouMean(name, known) : '';
  return `there is no ${what} ${JSON.stringify(name)}.${hint}`;
}

function complain(register: Register, code: string, message: string, source: SourcePosition): void {
  const slash = source.file.lastIndexOf('/');
  const scope = slash < 0 ? '.' : source.file.slice(0, slash);
  register.problems.push({ code, message, source, excerpt: null, severity: 'error', scope });
}

function place({ file, line }: SourcePosition): string {
  return `${file}:${String(line)}`;
}

function ordered(problems: readonly DocumentProblem[]): DocumentProblem[] {
  return [...problems].sort(
    (left, right) =>
      (left.source.file < right.source.file ? -1 : left.source.file > right.source.file ? 1 : 0) ||
      left.source.line - right.source.line ||
      left.source.column - right.source.column,
  );
}
