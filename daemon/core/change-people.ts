/** Who is behind the signatures of a change. A person is known by every name and every key they signed with: the key inside an SSH certificate is the plain key. Pure. */
import type { DocumentChange } from './change-plan.ts';
import type { NewCommit, SignatureFinding } from './change.ts';
import type { ChangeControl } from './model.ts';
import { decidersIn, replacedOf } from './change-writers.ts';
import { personBehind } from './signers.ts';

/** Some people, by all their names and keys. */
export interface People {
  readonly principals: Set<string>;
  /** Fingerprints. */
  readonly keys: Set<string>;
}

type Signer = Pick<SignatureFinding, 'principals' | 'key'>;

/** Nobody yet. */
export function noPeople(): People {
  return { principals: new Set(), keys: new Set() };
}

/** Adds whoever made a signature. Changes `people`. */
export function addPerson(people: People, { principals, key }: Signer): void {
  for (const each of principals) people.principals.add(each);
  if (key !== null) people.keys.add(key);
}

/** Whether a signature is by one of them: the same key under another name, or the same name with another key. Pure. */
export function isOneOf(people: People, { principals, key }: Signer): boolean {
  return principals.some((each) => people.principals.has(each)) || (key !== null && people.keys.has(key));
}

/**
 * Every known signer of a commit that wrote one of these files, replaced since or not, or wrote what stands in one of them under another path; and who decided what else
 * such a commit wrote, since whoever leaves out a part of it makes what is left. What else came along in the same push makes nobody a maker, and a forge is nobody. Pure.
 */
export function peopleWhoMade(
  control: Pick<ChangeControl, 'forges'>,
  commits: readonly NewCommit[],
  documents: readonly Pick<DocumentChange, 'path' | 'after'>[],
): People {
  const people = noPeople();
  const files = new Set(documents.map((each) => each.path));
  const contents = new Set(documents.flatMap(({ after }) => after ?? []));
  for (const commit of commits) {
    const wrote = commit.paths.some(
      ({ path, after }) => files.has(path) || (after !== null && contents.has(after)),
    );
    if (!wrote) continue;
    const deciders = replacedOf(commit).flatMap((path) => decidersIn(commits, path));
    for (const each of new Set([commit, ...deciders])) {
      const person = personBehind(control, each);
      if (person !== null) addPerson(people, person);
    }
  }
  return people;
}
