/** The lines that the list of a helper (docs/endpoint-helper.md) needs for what is declared. Pure but for the cache of templates. */
import type { Certificate, Desired, Endpoint, Profile } from '../../core/model.ts';
import { OperationError } from '../../ports/failure.ts';
import type { AllowLine } from '../../ports/target.ts';
import { placementOf, storeRootOf, type Placement } from '../../core/placement.ts';
import { keyOf } from '../../core/same.ts';
import { renderWords } from '../../templates/render.ts';

/** A certificate that is declared at the endpoint, and whose lines cannot be said. */
export interface LeftOut {
  readonly certificate: string;
  readonly message: string;
}

export interface NeededLines {
  readonly lines: readonly AllowLine[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Every line without which an installation declared at `endpoint` fails, each once, in the order of the list's documentation, and each certificate for which
 * that cannot be said: nothing is left out in silence, for a list written without its lines takes them away. `webroots`: where issuers put answers on
 * the machines of a certificate, by name of the issuer.
 */
export function neededLines(
  desired: Pick<Desired, 'certificates' | 'profiles' | 'unusable'>,
  endpoint: Endpoint,
  webroots: ReadonlyMap<string, string>,
): NeededLines {
  const lines: AllowLine[] = [{ kind: 'directory', text: storeRootOf(endpoint) }];
  const leftOut: LeftOut[] = [];
  for (const certificate of desired.certificates.values()) {
    if (certificate.state === 'retired') continue;
    for (const each of linesFor(certificate, desired.profiles, endpoint)) {
      if ('message' in each) leftOut.push(each);
      else lines.push(...each.lines);
      const webroot = webroots.get(certificate.issuer);
      if (webroot !== undefined) lines.push({ kind: 'webroot', text: webroot });
    }
  }
  for (const certificate of desired.unusable?.values() ?? []) {
    const isHere = certificate.installations.some((each) => each.endpoint === endpoint.name);
    // What was in force of it before is in the list.
    if (isHere && certificate.state !== 'retired' && !desired.certificates.has(certificate.id))
      leftOut.push({ certificate: certificate.id, message: 'is declared and cannot be used' });
  }
  const order = ['directory', 'link', 'command', 'webroot', 'owner', 'key-group'];
  const once = new Map(lines.map((each) => [keyOf(each.kind, each.text), each]));
  const sorted = [...once.values()].sort(
    (left, right) =>
      order.indexOf(left.kind) - order.indexOf(right.kind) || (left.text < right.text ? -1 : 1),
  );
  return { lines: sorted, leftOut };
}

function* linesFor(
  certificate: Certificate,
  profiles: Desired['profiles'],
  endpoint: Endpoint,
): Generator<{ readonly lines: readonly AllowLine[] } | LeftOut> {
  for (const installation of certificate.installations) {
    if (installation.endpoint !== endpoint.name) continue;
    const profile = profiles.get(installation.profile);
    const left = (message: string): LeftOut => ({ certificate: certificate.id, message });
    if (profile === undefined) {
      yield left(`there is no profile ${JSON.stringify(installation.profile)} that can be used`);
      continue;
    }
    const placed = placementOf({ certificate, installation, endpoint, profile });
    if ('faults' in placed) {
      yield left(placed.faults.map((fault) => fault.message).join('; '));
      continue;
    }
    try {
      const lines = linesOf(placed.placement, profile);
      const odd = lines.find(({ text }) => /\p{Cc}/u.test(text));
      yield odd === undefined
        ? { lines }
        : left(
            `a ${odd.kind} of profile ${profile.name} holds a control character, so it can stand in no list: ${JSON.stringify(odd.text)}`,
          );
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      yield left(error.message);
    }
  }
}

/** @throws OperationError `unsupported` where a command cannot be filled in, or could not be told from another one in the list */
function linesOf(placement: Placement, profile: Profile): AllowLine[] {
  const values = { ...placement.words, store: placement.store };
  const owners = profile.files.flatMap((file) =>
    file.owner == null ? [] : [{ ...file, owner: file.owner }],
  );
  return [
    ...placement.links.map(({ path }): AllowLine => ({ kind: 'link', text: path })),
    ...[...profile.test, ...profile.reload].map((templates): AllowLine => ({
      kind: 'command',
      text: commandOf(renderWords(templates, values), profile),
    })),
    ...owners.map(({ owner }): AllowLine => ({ kind: 'owner', text: owner })),
    ...owners.flatMap(({ owner, content, mode }): AllowLine[] => {
      const group = owner.split(':')[1] ?? '';
      const holdsKey = content === 'key' || content === 'combined';
      return holdsKey && /^0[46]40$/.test(mode) && group !== '' ? [{ kind: 'key-group', text: group }] : [];
    }),
  ];
}

/** A command as the list names it: words with one blank between, so no word may hold one. The script runs none that does. */
function commandOf(words: readonly string[], profile: Profile): string {
  for (const word of words)
    if (/[\s\p{Cc}]/u.test(word))
      throw new OperationError(
        'unsupported',
        `a word of a command of profile ${profile.name} holds a blank or a control character, which mode helper does not run: ${JSON.stringify(word)}. Put it into a script of root's on the machine, and name that`,
        { disposition: 'stall', endsWhen: ['declaration'] },
      );
  return words.join(' ');
}
