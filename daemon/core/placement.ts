/**
 * Where an installation's files stand and which values its commands get: worked out from what three people say. The profile says who may set what, the
 * endpoint's owner sets programs, services and bounds, the certificate at most where its files stand. The only maker of a `Placement`, and targets take
 * nothing else, so that no text of a requester becomes a word of a command. Pure.
 */
import { wantedForm } from './wanted-form.ts';
import type { Certificate, Endpoint, Installation, Profile, ProfileParameter } from './model.ts';
import { didYouMean } from './nearest.ts';
import { fillPath, namesInPath, readPathTemplate } from './path-template.ts';
import { isAtOrBelow, plainPathFault } from './plain-path.ts';
import { readTextPattern } from './text-pattern.ts';

declare const judged: unique symbol;

export interface Placement {
  /** Only `placementOf` makes one. */
  readonly [judged]: true;
  /** The directory of the store on the endpoint. */
  readonly store: string;
  /** Paths outside the store, and the file of the profile each leads to, or holds a copy of. */
  readonly links: readonly { readonly path: string; readonly file: string }[];
  /** The paths hold copies instead of links. */
  readonly copied: boolean;
  /** For templates of commands: what profile and endpoint say. Nothing of the certificate is here. */
  readonly words: Readonly<Record<string, string>>;
}

/** What is wrong, and with which parameter; null: with the installation as a whole. */
export interface PlacementFault {
  readonly message: string;
  readonly parameter: string | null;
}

export type PlacementResult =
  | { readonly placement: Placement }
  | { readonly faults: readonly [PlacementFault, ...PlacementFault[]] };

/** What a placement is worked out from. */
export interface PlacementSubject {
  readonly certificate: Pick<Certificate, 'id' | 'team' | 'name'>;
  readonly installation: Pick<Installation, 'parameters' | 'placement'>;
  readonly endpoint: Endpoint;
  readonly profile: Profile;
}

/** Where stores are when an endpoint does not say. */
export const defaultStoreDirectory = '/var/lib/renewd';

/** The directory below which an endpoint keeps its stores. */
export function storeRootOf({ config }: Pick<Endpoint, 'config'>): string {
  const { directory } = config;
  return typeof directory === 'string' ? directory.replace(/\/+$/, '') : defaultStoreDirectory;
}

/** The values an endpoint's owner sets for a profile, and those of the profile; null where nobody does. */
function endpointValue(
  { endpoint, profile }: Pick<PlacementSubject, 'endpoint' | 'profile'>,
  name: string,
): string | null {
  const own = endpoint.profiles?.[profile.name]?.parameters ?? {};
  return Object.hasOwn(own, name) ? (own[name] ?? null) : (profile.parameters[name]?.default ?? null);
}

/**
 * Judges one installation by the endpoint and the profile given. A value that a certificate repeats from the endpoint is no fault here: what was accepted
 * before parameters had owners may hold it. `strictFaults` says that, too.
 */
export function placementOf(subject: PlacementSubject): PlacementResult {
  const { certificate, endpoint, profile, installation } = subject;
  const faults: PlacementFault[] = [];
  const fault = (message: string, parameter: string | null = null): void => {
    faults.push({ message, parameter });
  };
  if (endpoint.profiles !== null && !Object.hasOwn(endpoint.profiles, profile.name)) {
    fault(
      `endpoint ${endpoint.name} takes certificates by ${Object.keys(endpoint.profiles).join(', ') || 'no profile'}, not by ${profile.name}. Choose one of these, or have its owner add ${profile.name} under spec.profiles of ${endpoint.source.file}`,
    );
  }
  for (const name of Object.keys(installation.parameters)) {
    if (!Object.hasOwn(profile.parameters, name)) fault(unknownParameter(profile, name), name);
  }
  const words: Record<string, string> = {};
  const values: Record<string, string> = { team: certificate.team, name: certificate.name };
  for (const [name, parameter] of Object.entries(profile.parameters)) {
    const value = valueOf(subject, name, parameter, fault);
    if (value === null) continue;
    values[name] = value;
    if (parameter.setBy === 'endpoint') words[name] = value;
  }
  const store = `${storeRootOf(endpoint)}/${certificate.id}`;
  const links = faults.length > 0 ? [] : linksOf(subject, { ...values, store }, store, fault);
  const [first, ...more] = faults;
  if (first !== undefined) return { faults: [first, ...more] };
  const copied = (installation.placement ?? profile.placement) === 'copy';
  const result: Omit<Placement, typeof judged> = { store, links, copied, words };
  return { placement: result as Placement };
}

/** Faults of what a certificate writes, whether or not it changes anything: a certificate sets only what the profile leaves to it. */
export function strictFaults({
  installation,
  endpoint,
  profile,
}: Omit<PlacementSubject, 'certificate'>): PlacementFault[] {
  return Object.keys(installation.parameters)
    .filter((name) => profile.parameters[name]?.setBy === 'endpoint')
    .map((name) => ({
      message: notTheirs({ endpoint, profile }, name, installation.parameters[name] ?? ''),
      parameter: name,
    }));
}

/** What is wrong with the values an endpoint sets for a profile. */
export function endpointParameterFaults(endpoint: Endpoint, profile: Profile): string[] {
  const said = endpoint.profiles?.[profile.name]?.parameters ?? {};
  return Object.entries(said).flatMap(([name, value]) => {
    const parameter = Object.hasOwn(profile.parameters, name) ? profile.parameters[name] : undefined;
    if (parameter === undefined) return [unknownParameter(profile, name)];
    if (parameter.setBy === 'certificate')
      return [
        `parameter ${name} of profile ${profile.name} is set by each certificate: remove it here. Where files may stand is said under paths`,
      ];
    const wrong = valueFault(value, parameter);
    return wrong === null ? [] : [`parameter ${name}: ${JSON.stringify(value)} ${wrong}`];
  });
}

function unknownParameter(profile: Profile, name: string): string {
  const known = Object.keys(profile.parameters);
  const all = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  return `profile ${profile.name} has no parameter ${JSON.stringify(name)}; ${all}.${didYouMean(name, known)}`;
}

function notTheirs(
  { endpoint, profile }: Pick<PlacementSubject, 'endpoint' | 'profile'>,
  name: string,
  value: string,
): string {
  const text = `profiles: { ${profile.name}: { parameters: { ${name}: ${JSON.stringify(value)} } } }`;
  return `parameter ${name} of profile ${profile.name} is set by the owner of endpoint ${endpoint.name}, not by a certificate. Remove it here; where it is right, it is written under spec of ${endpoint.source.file}: ${text}`;
}

/** The value that counts, or null after `fault` was told why there is none. */
function valueOf(
  subject: PlacementSubject,
  name: string,
  parameter: ProfileParameter,
  fault: (message: string, parameter: string) => void,
): string | null {
  const { installation, profile, endpoint, certificate } = subject;
  const written = Object.hasOwn(installation.parameters, name) ? installation.parameters[name] : undefined;
  const theirs = parameter.setBy === 'endpoint';
  const value = theirs ? endpointValue(subject, name) : (written ?? parameter.default);
  if (theirs && written !== undefined && written !== value) {
    fault(notTheirs(subject, name, written), name);
    return null;
  }
  if (value === null) {
    const where = theirs
      ? `; the owner of endpoint ${endpoint.name} sets it under spec of ${endpoint.source.file}: profiles: { ${profile.name}: { parameters: { ${name}: ... } } }`
      : '';
    fault(
      `profile ${profile.name} needs parameter ${name} (${parameter.description}) for ${certificate.id}${where}`,
      name,
    );
    return null;
  }
  const wrong = valueFault(value, parameter);
  if (wrong !== null) fault(`parameter ${name}: ${JSON.stringify(value)} ${wrong}`, name);
  return wrong === null ? value : null;
}

/** What a value may look like, whoever sets it: one line that no program takes for an option, and nothing that shows other than it is. */
function valueFault(value: string, { pattern, setBy, description }: ProfileParameter): string | null {
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value)) return 'holds a control or an invisible character';
  if (value.startsWith('-')) return 'begins with a dash: programs would read it as an option';
  if (value !== value.trim()) return 'begins or ends with a blank';
  if (/(^|\/)\.\.(\/|$)/.test(value)) return 'leads upwards (..): write the path itself';
  // Every value of a certificate becomes a part of a path, and a path of certificates needs no more than this.
  if (setBy === 'certificate' && !/^[A-Za-z0-9._@+=,:/-]*$/.test(value))
    return 'holds a character that is not used in paths of certificates: letters, digits and . _ @ + = , : / - are';
  const read = readTextPattern(pattern);
  // Who owns the profile is told where it is read.
  if ('fault' in read) return `cannot be compared with the pattern of its profile: ${read.fault.message}`;
  if (read.matches(value)) return null;
  const wanted = wantedForm(read.matches, value) ?? 'is not written as its profile asks';
  return `${wanted}${description === '' ? '' : ` (${description})`}`;
}

function linksOf(
  subject: PlacementSubject,
  values: Readonly<Record<string, string>>,
  store: string,
  fault: (message: string, parameter: string | null) => void,
): { readonly path: string; readonly file: string }[] {
  const { profile, endpoint } = subject;
  const links: { readonly path: string; readonly file: string }[] = [];
  for (const { path: template, file } of profile.links) {
    const read = readPathTemplate(template);
    const path = 'wrong' in read ? null : fillPath(read.parts, values);
    if ('wrong' in read || path === null) {
      fault(`profile ${profile.name}: the path ${JSON.stringify(template)} cannot be filled in`, null);
      continue;
    }
    if (path === '') continue;
    const names = namesInPath(read.parts);
    const parameter = [...names].find((name) => Object.hasOwn(subject.installation.parameters, name)) ?? null;
    const chosen = parameter !== null || names.has('name') || names.has('team');
    const wrong =
      plainPathFault(path) ??
      (isAtOrBelow(path, storeRootOf(endpoint)) || isAtOrBelow(store, path)
        ? `lies in the way of the directory ${storeRootOf(endpoint)}, where renewd keeps keys of endpoint ${endpoint.name}: point the server at ${store}/current/ itself`
        : null) ??
      boundsFault(subject, path, chosen) ??
      twiceFault(path, links);
    if (wrong === null) links.push({ path, file });
    else
      fault(
        `${parameter === null ? `profile ${profile.name}` : `parameter ${parameter}`}: ${path} ${wrong}`,
        parameter,
      );
  }
  return links;
}

function twiceFault(path: string, links: readonly { readonly path: string }[]): string | null {
  const lower = path.toLowerCase();
  const other = links.find((each) => overlap(each.path.toLowerCase(), lower));
  return other === undefined
    ? null
    : `and ${other.path} are in each other's way: give each file a path of its own`;
}

/** Whether two paths cannot both be files: they are one, or one lies below the other. */
export function overlap(one: string, other: string): boolean {
  return isAtOrBelow(one, other) || isAtOrBelow(other, one);
}

/** Where files of `team` may stand on this endpoint for this profile. */
export function directoriesFor(
  endpoint: Pick<Endpoint, 'profiles' | 'team'>,
  profile: Pick<Profile, 'name' | 'paths'>,
  team: string,
): readonly string[] {
  const stated = endpoint.profiles?.[profile.name]?.paths ?? null;
  const places = stated ?? profile.paths.map((path) => ({ path, teams: null }));
  return places.flatMap(({ path, teams }) => {
    if (teams !== null) return teams.includes(team) ? [path] : [];
    // What nobody else was promised is its owner's; every other team has the directory of its name in it.
    return [endpoint.team === team ? path : `${path}/${team}`];
  });
}

/** A path that profile and endpoint alone decide is the owner's own choice, and needs no bounds for the owner's own team. */
function boundsFault(
  { endpoint, profile, certificate }: PlacementSubject,
  path: string,
  chosen: boolean,
): string | null {
  const stated = (endpoint.profiles?.[profile.name]?.paths ?? null) !== null;
  if (!chosen && !stated && endpoint.team === certificate.team) return null;
  const directories = directoriesFor(endpoint, profile, certificate.team);
  if (directories.some((each) => isAtOrBelow(path, each))) return null;
  const where = directories.length === 0 ? 'nowhere is said yet' : directories.slice(0, 8).join(', ');
  const directory = path.slice(0, path.lastIndexOf('/')) || path;
  const entry =
    endpoint.team === certificate.team ? directory : `{ path: ${directory}, teams: [${certificate.team}] }`;
  return `is not where files of ${profile.name} may stand on endpoint ${endpoint.name} for team ${certificate.team} (${where}). Choose a path below that, or have its owner write under spec of ${endpoint.source.file}: profiles: { ${profile.name}: { paths: [${entry}] } }`;
}
