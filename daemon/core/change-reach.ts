/**
 * What decides who is reached by what a change asks for, and as whom: the endpoints with those on the way to them, the profiles and the issuers. An approval is bound
 * to it by the hash of the plan, so that nobody alters it between the approval and its use. Pure.
 */
import type { DocumentChange } from './change-plan.ts';
import type { Certificate, Declared, Desired } from './model.ts';

/** One of them: `content` is what the hash is bound to, null where it is not there. */
export interface ReachedResource {
  readonly kind: 'Endpoint' | 'Profile' | 'Issuer';
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>> | null;
}

const declared = {
  labels:
    'They choose among rules; which rules hold is judged anew each time, and bound by the documents that judge.',
  source: 'Where it stands in the repository says nothing of what it is.',
  blob: 'Comments and layout may change.',
} as const;

/** Fields an approval is not bound to, each with the reason. Every other field of these kinds is bound, also one that is added later. */
export const unboundFields: Readonly<Record<ReachedResource['kind'], Readonly<Record<string, string>>>> = {
  Endpoint: {
    ...declared,
    machine: 'Made from config, which is bound.',
    networks: 'Made from config, which is bound.',
    profiles: 'Made from config, which is bound; it holds where each stands in the file.',
  },
  Profile: { ...declared, description: 'Words for people.' },
  Issuer: declared,
};

/** A profile that comes with renewd is bound by its name: an approval, and an audit years later, must not depend on the version. */
function contentOf(
  kind: ReachedResource['kind'],
  resource: Declared | undefined,
): ReachedResource['content'] {
  if (resource === undefined) return null;
  if (resource.source.file.startsWith('built-in/')) return { from: 'renewd' };
  return Object.fromEntries(
    Object.entries(resource).filter(([field]) => !Object.hasOwn(unboundFields[kind], field)),
  );
}

/** Everything the certificates and the endpoints that a change touches reach, as it will be after it. In order, each once. */
export function reachedBy(
  after: Desired,
  certificates: readonly Certificate[],
  documents: readonly DocumentChange[],
): readonly ReachedResource[] {
  const files = new Set(documents.map((each) => each.path));
  const [endpoints, profiles, issuers] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const { issuer, installations, state } of certificates) {
    if (state === 'retired') continue;
    issuers.add(issuer);
    for (const { endpoint, profile } of installations) {
      endpoints.add(endpoint);
      profiles.add(profile);
    }
  }
  for (const [name, { source }] of after.endpoints) if (files.has(source.file)) endpoints.add(name);
  // A set goes on over what is added to it, and takes each once: a circle ends.
  for (const name of endpoints) {
    const jump = after.endpoints.get(name)?.config['jump'];
    if (typeof jump === 'string') endpoints.add(jump);
  }
  const all = (
    kind: ReachedResource['kind'],
    names: ReadonlySet<string>,
    of: ReadonlyMap<string, Declared>,
  ): ReachedResource[] =>
    [...names].sort().map((name) => ({ kind, name, content: contentOf(kind, of.get(name)) }));
  return [
    ...all('Endpoint', endpoints, after.endpoints),
    ...all('Issuer', issuers, after.issuers),
    ...all('Profile', profiles, after.profiles),
  ];
}
