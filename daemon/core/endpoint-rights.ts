/**
 * What a declaration of an endpoint takes from others. Its file belongs to whoever may change it; the machine it reaches belongs to whoever declared it first, and its
 * name to the certificates and teams that refer to it. Judged by what was in force before. Pure.
 */
import type { DocumentChange } from './change-plan.ts';
import type { ChangeInput, ChangeReason } from './change.ts';
import { marksOf, sameMachine } from './endpoint-machine.ts';
import type { Certificate, Desired, Endpoint, SourcePosition } from './model.ts';
import { isListed } from './rules/allowed-endpoints.ts';
import { sameValue } from './same.ts';

/** Why nobody behind `document` may change `path` too; null: somebody may. */
export type Against = (
  document: DocumentChange,
  path: string,
) => { readonly who: string; readonly may: string } | null;

/** Endpoints of a change that are somebody else's machine, or have a name that somebody else refers to. */
export function endpointReasons(input: ChangeInput, against: Against): ChangeReason[] {
  const { before, after, plan } = input;
  const documents = new Map(plan.documents.map((each) => [each.path, each]));
  const touched = everyEndpoint(after).filter((each) => documents.has(each.source.file));
  if (touched.length === 0) return [];
  const old = everyEndpoint(before);
  const alike = [before, after].map((state) => sameMachine(everyEndpoint(state), state.endpoints));
  return touched.flatMap((endpoint) => {
    const document = documents.get(endpoint.source.file);
    if (document === undefined || old.some((each) => isAsBefore(endpoint, each))) return [];
    const others = [before, after].flatMap(
      ({ endpoints }, at) => alike[at]?.(marksOf(endpoint, endpoints)) ?? [],
    );
    const subject = { input, endpoint, document, against };
    return [...machineReasons(subject, others), ...nameReasons(subject)];
  });
}

interface Subject {
  readonly input: ChangeInput;
  readonly endpoint: Endpoint;
  readonly document: DocumentChange;
  readonly against: Against;
}

/** Also those that cannot be used yet: they come into force with what they refer to, and nobody is asked then. */
function everyEndpoint({ endpoints, leftOut }: Desired): Endpoint[] {
  return [...(leftOut?.values() ?? []), ...endpoints.values()];
}

/** Labels and comments take nothing from anybody. */
function isAsBefore({ name, team, source, config }: Endpoint, old: Endpoint): boolean {
  const inPlace = old.name === name && old.source.file === source.file;
  return inPlace && old.team === team && sameValue(old.config, config);
}

/** Whoever may declare an endpoint decides what its programs are: on a machine of somebody else's that takes who may change theirs, too. */
function machineReasons(subject: Subject, others: readonly Endpoint[]): ChangeReason[] {
  const { endpoint, document, against } = subject;
  const asked = new Set<string>();
  return others.flatMap(({ name, source }): ChangeReason[] => {
    if (name === endpoint.name || asked.has(source.file)) return [];
    asked.add(source.file);
    const refused = against(document, source.file);
    if (refused === null) return [];
    const why = `endpoint ${endpoint.name} is the machine of endpoint ${name} (same address or host key; ${placeOf(source)}), and ${refused.who} may not change that; ${refused.may} may`;
    return [reasonOf(subject, why, `Install through endpoint ${name}, whose owner lists it for the team`)];
  });
}

/** A name that nobody has is not free while somebody refers to it: what they ask for would go to the machine of whoever declares it. */
function nameReasons(subject: Subject): ChangeReason[] {
  const { input, endpoint, document, against } = subject;
  const { name, source } = endpoint;
  const old = everyEndpoint(input.before).find((each) => each.name === name);
  if (old?.source.file === source.file) return [];
  // Who could change the endpoint of that name could have moved it.
  if (old !== undefined && against(document, old.source.file) === null) return [];
  const fix = 'Give the endpoint another name';
  // What policy does not let be installed there gives nothing away, and must not stop whoever adds the endpoint.
  const certificates = referring(input, name).flatMap((each): ChangeReason[] => {
    if (input.isPlaceAllowed?.(each) === false) return [];
    const refused = against(document, each.source.file);
    if (refused === null) return [];
    const why = `endpoint ${name} is what certificate ${each.id} is asked for at (${placeOf(each.source)}), and ${refused.who} may not change that; ${refused.may} may`;
    return [reasonOf(subject, why, fix)];
  });
  return [...certificates, ...listReasons(subject, fix)];
}

/** Certificates at an endpoint: in force, accepted and asleep, or brought by the same change. */
function referring({ before, after }: ChangeInput, name: string): Certificate[] {
  const found = new Map<string, Certificate>();
  for (const { certificates, unusable } of [after, before]) {
    for (const each of [...certificates.values(), ...(unusable?.values() ?? [])]) {
      if (each.state === 'retired' || found.has(each.id)) continue;
      if (each.installations.some((one) => one.endpoint === name)) found.set(each.id, each);
    }
  }
  return [...found.values()];
}

/**
 * Teams that list the name, alone or among others, and would install there. Whoever holds an endpoint that the same entry lists may add another: the team lists theirs.
 */
function listReasons(subject: Subject, fix: string): ChangeReason[] {
  const { input, endpoint, document, against } = subject;
  const { endpoints, teams } = input.before;
  return [...teams.values()].flatMap((team): ChangeReason[] => {
    const refused = team.endpoints
      .filter((pattern) => isListed([pattern], endpoint.name))
      .map((pattern) => {
        const held = [...endpoints.values()].filter((each) => isListed([pattern], each.name));
        const files = [
          team.source.file,
          anyCertificateOf(team.name),
          ...held.map((each) => each.source.file),
        ];
        const each = new Set(files).values().map((file) => against(document, file));
        return each.some((one) => one === null) ? null : against(document, team.source.file);
      })
      .find((each) => each !== null);
    if (refused === undefined) return [];
    const why = `endpoint ${endpoint.name} is listed under endpoints of team ${team.name} (${placeOf(team.source)}), which would install there, and ${refused.who} may not change that; ${refused.may} may`;
    return [reasonOf(subject, why, fix)];
  });
}

/** As good as any other file of the team's certificates. */
function anyCertificateOf(team: string): string {
  return `inventory/certificates/${team}/any new document.yaml`;
}

function reasonOf({ input, endpoint }: Subject, message: string, instead: string): ChangeReason {
  return {
    code: 'path-not-permitted',
    message: `${placeOf(endpoint.source)}: ${message}`,
    fix: `${instead}, or have one of them make the change, sign the merge, or vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
    commit: input.tip.oid,
    source: endpoint.source,
  };
}

function placeOf({ file, line }: SourcePosition): string {
  return `${file}:${String(line)}`;
}
