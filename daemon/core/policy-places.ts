/**
 * What below policies/ decides for everybody, and where it may be given into other hands: each kind has a folder of its own, and who may change that folder may bring
 * that kind and no other. Elsewhere something new that decides takes those who may change policies/ as a whole. Pure.
 */
import type { DocumentChange } from './change-plan.ts';
import type { Declared, Desired } from './model.ts';

interface PolicyPlace {
  readonly kind: string;
  /** Where it may be delegated; null: nowhere, since it governs everybody. */
  readonly folder: `policies/${string}/` | null;
  /** It decides over certificates or changes, or runs commands. What does not is a text for people. */
  readonly decides: boolean;
  readonly of: (desired: Desired) => Iterable<Declared>;
}

/** Every kind that stands below policies/. */
export const policyPlaces: readonly PolicyPlace[] = [
  { kind: 'Policy', folder: null, decides: true, of: ({ policies }) => policies },
  {
    kind: 'ChangeControl',
    folder: null,
    decides: true,
    of: ({ changeControl }) => (changeControl === null ? [] : [changeControl]),
  },
  { kind: 'PolicyPack', folder: 'policies/packs/', decides: true, of: ({ packs }) => packs.values() },
  { kind: 'Rule', folder: 'policies/rules/', decides: true, of: ({ customRules }) => customRules.values() },
  { kind: 'Waiver', folder: 'policies/waivers/', decides: true, of: ({ waivers }) => waivers.values() },
  { kind: 'Profile', folder: 'policies/profiles/', decides: true, of: ({ profiles }) => profiles.values() },
  { kind: 'Offer', folder: 'policies/offers/', decides: false, of: ({ offers }) => offers.values() },
  { kind: 'Program', folder: null, decides: false, of: ({ programs }) => programs.values() },
];

/** A file as good as any other below policies/: who may change this may change policies/ as a whole. */
export const anyPolicyFile = 'policies/any new document.yaml';

/** Something new that decides and stands outside of the folder of its kind. */
export interface Newcomer {
  readonly kind: string;
  readonly name: string;
  readonly folder: string | null;
  readonly document: DocumentChange;
}

/** What a change brings new, or makes another kind of, outside of the folders of the kinds. What stood in its file before, as that kind, is not new. Pure. */
export function policyNewcomers(
  before: Desired,
  after: Desired,
  documents: readonly DocumentChange[],
): Newcomer[] {
  const files = new Map(documents.map((each) => [each.path, each]));
  return policyPlaces.flatMap(({ kind, folder, decides, of }) => {
    if (!decides) return [];
    const there = new Set([...of(before)].map((each) => each.source.file));
    return [...of(after)].flatMap(({ name, source: { file } }): Newcomer[] => {
      const document = files.get(file);
      if (document === undefined || there.has(file)) return [];
      return folder !== null && file.startsWith(folder) ? [] : [{ kind, name, folder, document }];
    });
  });
}

/** Paths at which rules of approval look for a file: its own, and where the documents in it belong that stand outside of the folder of their kind. Pure. */
export function placesOf(states: readonly Desired[], path: string): string[] {
  if (!path.startsWith('policies/')) return [path];
  const homes = policyPlaces.flatMap(({ folder, of }) => {
    if (folder === null || path.startsWith(folder)) return [];
    const here = states.flatMap((state) => [...of(state)]).filter((each) => each.source.file === path);
    return here.map(({ name }) => `${folder}${name}.yaml`);
  });
  return [path, ...new Set(homes)];
}
