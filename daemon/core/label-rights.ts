/**
 * Labels of endpoints and teams that mean something to whoever governs: selectors believe them, and who may change the file could take one off, ask, and put it back.
 * Reserved ones are set, changed and taken away by those they are reserved for. Pure.
 */
import type { DocumentChange } from './change-plan.ts';
import type { ChangeInput, ChangeReason } from './change.ts';
import { marksOf, sameMachine } from './endpoint-machine.ts';
import type { ChangeControl, Declared, Desired, Endpoint } from './model.ts';
import { signersOf } from './signers.ts';

/** One resource before and after a change; `told`: what else says which labels it has. */
interface Labelled {
  readonly what: string;
  readonly owner: string | null;
  readonly old: Declared | undefined;
  readonly next: Declared | undefined;
  readonly told: readonly Declared[];
}

/**
 * What a change does to reserved labels of endpoints and teams without the right to. One that goes takes its labels along; a new endpoint for a machine that has one
 * already has its labels. `authors`: who stands behind a file.
 */
export function resourceLabelReasons(
  control: ChangeControl,
  input: ChangeInput,
  authors: (document: DocumentChange) => readonly string[],
): ChangeReason[] {
  if (control.reservedLabels.length === 0) return [];
  const documents = new Map(input.plan.documents.map((each) => [each.path, each]));
  const { teams } = input.before;
  return touchedBy(input, documents).flatMap(({ what, owner, old, next, told }) => {
    const shown = next ?? old;
    const document = shown === undefined ? undefined : documents.get(shown.source.file);
    if (shown === undefined) return [];
    return control.reservedLabels.flatMap(({ name, signers, source }): ChangeReason[] => {
      const will = labelOf(next, name);
      const before = [labelOf(old, name), ...told.map((each) => labelOf(each, name) ?? will)];
      if (before.every((was) => was === will)) return [];
      const permitted = signersOf(signers, { teams, owner, forges: control.forges });
      if (document !== undefined && authors(document).some((each) => permitted.has(each))) return [];
      const who = [...permitted].sort();
      const done =
        next === undefined ? 'goes along' : will === undefined ? 'is not kept' : `is set to ${will}`;
      return [
        {
          code: 'label-reserved',
          message: `${what}: label ${name} ${done}; only ${who.length === 0 ? 'nobody' : who.join(', ')} may (${source.file}:${String(source.line)})`,
          fix: `Leave label ${name} as it is, or have one of them vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
          commit: input.tip.oid,
          source: shown.source,
        },
      ];
    });
  });
}

function labelOf(resource: Declared | undefined, name: string): string | undefined {
  return resource !== undefined && Object.hasOwn(resource.labels, name) ? resource.labels[name] : undefined;
}

function touchedBy(
  { before, after }: ChangeInput,
  documents: ReadonlyMap<string, DocumentChange>,
): Labelled[] {
  const isTouched = (each: Declared | undefined): boolean =>
    each !== undefined && documents.has(each.source.file);
  const [was, will] = [declaredEndpoints(before), declaredEndpoints(after)];
  let alike: ReturnType<typeof sameMachine> | null = null;
  const endpoints = namesOf(was, will).flatMap((name): Labelled[] => {
    const [old, next] = [was.get(name), will.get(name)];
    if (!isTouched(old) && !isTouched(next)) return [];
    alike ??= sameMachine(was.values(), was);
    const here = old === undefined ? new Set() : marksOf(old, was);
    const marks = next === undefined ? [] : [...marksOf(next, will)].filter((mark) => !here.has(mark));
    const told = alike(new Set(marks)).filter((each) => each.name !== name);
    return [{ what: `endpoint ${name}`, owner: (next ?? old)?.team ?? null, old, next, told }];
  });
  const teams = namesOf(before.teams, after.teams).flatMap((name): Labelled[] => {
    const [old, next] = [before.teams.get(name), after.teams.get(name)];
    return isTouched(old) || isTouched(next)
      ? [{ what: `team ${name}`, owner: name, old, next, told: [] }]
      : [];
  });
  return [...endpoints, ...teams];
}

/** As their files say, also where they cannot be used yet. */
function declaredEndpoints({ endpoints, leftOut }: Desired): ReadonlyMap<string, Endpoint> {
  return new Map([...endpoints, ...(leftOut ?? [])]);
}

function namesOf(...maps: readonly ReadonlyMap<string, unknown>[]): string[] {
  return [...new Set(maps.flatMap((each) => [...each.keys()]))];
}
