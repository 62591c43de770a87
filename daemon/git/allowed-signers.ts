/** Reads allowed_signers (ssh-keygen(1), "ALLOWED SIGNERS"): who may sign with which key, for what and when. A line it cannot read allows nobody. */
import { matchesGlob } from '../core/glob.ts';
import { limits } from '../limits.ts';

export interface AllowedSigner {
  readonly principals: string;
  /** Key type and base64 as one text, as in the file. */
  readonly keyType: string;
  readonly key: string;
  readonly certAuthority: boolean;
  /** Patterns; null: any namespace. */
  readonly namespaces: readonly string[] | null;
  /** UTC epoch ms; null: no bound. */
  readonly validAfter: number | null;
  readonly validBefore: number | null;
}

/** Every readable line. Pure but for the time zone: times without `Z` are local, as ssh-keygen reads them. Text over the bound allows nobody. */
export function parseAllowedSigners(text: string): AllowedSigner[] {
  if (text.length > limits.git.allowedSignersMaxChars) return [];
  return text.split(/\r?\n/).flatMap((line) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const parsed = parseLine(line.trim());
    return parsed === null ? [] : [parsed];
  });
}

function parseLine(line: string): AllowedSigner | null {
  const words = line.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  const [principals = ''] = words;
  let rest = words.slice(1);
  const options = new Map<string, string>();
  if (!isKeyType(rest[0])) {
    for (const option of (rest[0] ?? '').match(/(?:"[^"]*"|[^,"])+/g) ?? []) {
      const equals = option.indexOf('=');
      const name = (equals < 0 ? option : option.slice(0, equals)).toLowerCase();
      // Said twice, one might restrict and the other not: such a line allows nobody.
      if (options.has(name)) return null;
      options.set(name, equals < 0 ? '' : option.slice(equals + 1).replaceAll('"', ''));
    }
    rest = rest.slice(1);
  }
  const [keyType, key] = rest;
  if (!isKeyType(keyType) || key === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return null;
  const known = ['cert-authority', 'namespaces', 'valid-after', 'valid-before'];
  // An option we do not know may restrict: such a line allows nobody (ssh-keygen refuses it too).
  if ([...options.keys()].some((name) => !known.includes(name))) return null;
  const validAfter = readTime(options.get('valid-after'));
  const validBefore = readTime(options.get('valid-before'));
  if (validAfter === 'wrong' || validBefore === 'wrong') return null;
  return {
    principals: principals.replaceAll('"', ''),
    keyType,
    key,
    certAuthority: options.has('cert-authority'),
    namespaces: options.get('namespaces')?.split(',') ?? null,
    validAfter,
    validBefore,
  };
}

function isKeyType(word: string | undefined): word is string {
  return word !== undefined && /^(ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)/.test(word);
}

/** `YYYYMMDD[HHMM[SS]][Z]`. */
function readTime(text: string | undefined): number | null | 'wrong' {
  if (text === undefined) return null;
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z)?$/.exec(text);
  if (match === null) return 'wrong';
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((each) => Number(each ?? 0));
  const parts = [year ?? 0, (month ?? 0) - 1, day ?? 0, hour ?? 0, minute ?? 0, second ?? 0] as const;
  // ssh-keygen refuses a month 13; JavaScript would make the next year of it. What does not come back as it was written is no date.
  const again = new Date(Date.UTC(...parts));
  const same = [
    again.getUTCFullYear(),
    again.getUTCMonth(),
    again.getUTCDate(),
    again.getUTCHours(),
    again.getUTCMinutes(),
    again.getUTCSeconds(),
  ].every((each, index) => each === parts[index]);
  if (!same) return 'wrong';
  return match[7] === 'Z' ? again.getTime() : new Date(...parts).getTime();
}

/** True when the line lets its key sign in this namespace at this time (UTC epoch ms). Pure. */
export function allows(signer: AllowedSigner, namespace: string, at: number): boolean {
  return (
    !signer.certAuthority &&
    (signer.namespaces === null || matchesList(signer.namespaces.join(','), namespace)) &&
    (signer.validAfter === null || at >= signer.validAfter) &&
    (signer.validBefore === null || at < signer.validBefore)
  );
}

/** A list of patterns with commas between them: one must match, and none that is negated (`!x`) may. Pure. */
export function matchesList(patterns: string, text: string): boolean {
  let found = false;
  const list = patterns.split(',');
  // Beyond the bound nothing matches: what was cut off might have been an exclusion.
  if (list.length > limits.git.patternsMax) return false;
  for (const each of list) {
    if (each.startsWith('!')) {
      if (matchesGlob(each.slice(1), text)) return false;
    } else if (matchesGlob(each, text)) found = true;
  }
  return found;
}
