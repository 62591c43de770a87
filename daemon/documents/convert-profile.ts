/** Kind Profile: from checked plain values to how one kind of server takes certificates. */
import { parseDuration } from '../core/duration.ts';
import type { Declared, Profile, ProfileParameter } from '../core/model.ts';
import { readPathTemplate } from '../core/path-template.ts';
import { readTextPattern } from '../core/text-pattern.ts';
import { placementIn, type CheckedDocument, type Place } from './convert.ts';
import { plainPaths } from './convert-endpoint.ts';
import { list, map, text, texts } from './plain.ts';

const defaultSettleMs = 10_000;

/** A Profile. Complains of paths that are none, and of commands into which a certificate could put a word. */
export function toProfile(declared: Declared, spec: CheckedDocument['spec'], place: Place): Profile {
  const files = list(spec['files']).map((each, index) => {
    const file = map(each);
    const content = text(file['content']) as Profile['files'][number]['content'];
    const secret = content === 'key' || content === 'combined';
    const wrong = secret ? keyModeDefect(text(file['mode']), text(file['owner'])) : null;
    if (wrong !== null) place.complain(wrong, ['spec', 'files', index, 'mode']);
    return {
      name: text(file['name']),
      content,
      mode: text(file['mode']) || (secret ? '0600' : '0644'),
      owner: text(file['owner']) || null,
      ...(file['mode'] === undefined && file['owner'] === undefined ? { shaped: true } : {}),
    };
  });
  const links = list(spec['links']).map((each, index) => {
    const link = { path: text(map(each)['path']), file: text(map(each)['file']) };
    const template = readPathTemplate(link.path);
    if ('wrong' in template) place.complain(template.wrong, ['spec', 'links', index, 'path']);
    if (!files.some((file) => file.name === link.file)) {
      place.complain(`${JSON.stringify(link.file)} is none of the files`, ['spec', 'links', index]);
    }
    return link;
  });
  const parameters = Object.entries(map(spec['parameters'])).map(([name, value]) => {
    const { description, default: preset, pattern, setBy } = map(value);
    const parameter: ProfileParameter = {
      description: text(description),
      setBy: setBy === 'certificate' ? 'certificate' : 'endpoint',
      default: typeof preset === 'string' ? preset : null,
      pattern: text(pattern) || '[^\\u0000-\\u001f]*',
    };
    const read = readTextPattern(parameter.pattern);
    if ('fault' in read)
      place.complain(`character ${String(read.fault.at)} of the pattern: ${read.fault.message}`, [
        'spec',
        'parameters',
        name,
        'pattern',
      ]);
    return [name, parameter] as const;
  });
  const declaredParameters = Object.fromEntries(parameters);
  for (const which of ['test', 'reload'] as const)
    commandsAreOwn(spec[which], which, declaredParameters, place);
  return {
    ...declared,
    kind: 'Profile',
    description: text(spec['description']),
    parameters: declaredParameters,
    paths: plainPaths(spec['paths'], ['spec', 'paths'], place),
    files,
    links,
    ...placementIn(spec),
    test: list(spec['test']).map(texts),
    reload: list(spec['reload']).map(texts),
    settleMs:
      spec['settle'] === undefined
        ? defaultSettleMs
        : (parseDuration(text(spec['settle'])) ?? defaultSettleMs),
  };
}

/** The first name of each `{{...}}` that could come from a certificate: what a requester writes is never a word of a command. */
function commandsAreOwn(
  commands: unknown,
  which: string,
  parameters: Profile['parameters'],
  place: Place,
): void {
  for (const [number, command] of list(commands).entries()) {
    for (const [index, word] of texts(command).entries()) {
      const path = ['spec', which, number, index];
      for (const name of namesInWord(word)) {
        if (name === 'team' || name === 'name') {
          place.complain(
            `{{${name}}} is chosen by whoever asks for a certificate, and must not be part of a command. Use a parameter that endpoints set, or {{store}}`,
            path,
          );
        } else if (parameters[name]?.setBy === 'certificate') {
          place.complain(
            `parameter ${name} is set by certificates, and must not be part of a command. Declare it with setBy: endpoint, or use another`,
            path,
          );
        } else if (name === 'store' && index === 0) {
          place.complain('{{store}} holds keys and certificates, and no program', path);
        }
      }
    }
  }
}

function namesInWord(word: string): string[] {
  return [...word.matchAll(/\{\{([^}]*)\}\}/g)].flatMap(
    ([, inside = '']) => inside.match(/[A-Za-z][A-Za-z0-9]*/g) ?? [],
  );
}

/** Why a file with a key cannot have this mode; null when it can. The endpoint's script refuses the same: there nobody could correct it. */
function keyModeDefect(mode: string, owner: string): string | null {
  if (['', '0400', '0600'].includes(mode)) return null;
  if (!['0440', '0640'].includes(mode))
    return `a file that holds a key cannot have mode ${mode}: write 0600, or 0640 with owner: 'user:group' for a group that may read it`;
  return /.:./.test(owner)
    ? null
    : `mode ${mode} lets a group read the key: name it with owner: 'user:group', or write 0600`;
}
