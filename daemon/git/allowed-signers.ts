/** Reads allowed_signers (ssh-keygen(1), "ALLOWED SIGNERS"): who may sign with which key, for what and when. A line it cannot read allows nobody. */
import { matchesGlob } from '../core/glob.ts';
import { timestamp } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { sshString } from './sshsig.ts';

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

/** A line that is meant to say something. */
export interface SignerLine {
  /** From 1. */
  readonly line: number;
  /** null: it cannot be read, and allows nobody. */
  readonly signer: AllowedSigner | null;
}

/**
 * Every line but comments and empty ones, by the grammar of OpenSSH (sshsig.c): what ssh-keygen reads otherwise or not at all allows nobody. Pure but for the time
 * zone: times without `Z` are local, as ssh-keygen reads them. Text over the bound allows nobody.
 */
export function readSignerLines(text: string): SignerLine[] {
  if (text.length > limits.git.allowedSignersMaxChars) return [{ line: 1, signer: null }];
  return text.split('\n').flatMap((whole, index) => {
    const line = whole.replace(/^[ \t\r]+/, '');
    return line === '' || line.startsWith('#') ? [] : [{ line: index + 1, signer: parseLine(line) }];
  });
}

let newest: {
  readonly text: string;
  readonly zone: number;
  readonly signers: readonly AllowedSigner[];
} | null = null;

/** Every readable line (`readSignerLines`). The last text is kept: each commit of a line asks for the same one. */
export function parseAllowedSigners(text: string): readonly AllowedSigner[] {
  const zone = new Date(0).getTimezoneOffset();
  if (newest === null || newest.text !== text || newest.zone !== zone) {
    const signers = readSignerLines(text).flatMap(({ signer }) => (signer === null ? [] : [signer]));
    newest = { text, zone, signers };
  }
  return newest.signers;
}

function parseLine(line: string): AllowedSigner | null {
  // C ends a text at NUL: what stands behind it would be seen by some readers only.
  if (line.includes('\0')) return null;
  const [principals, rest] = readPrincipals(line) ?? [null, ''];
  if (principals === null) return null;
  const plain = readKey(rest);
  if (plain !== null) return { principals, ...plain, ...noOptions };
  const end = endOfOptions(rest);
  const options = readOptions(rest.slice(0, end));
  const key = readKey(rest.slice(end).replace(/^[ \t]+/, ''));
  return options === null || key === null ? null : { principals, ...key, ...options };
}

/** The first word and what follows. A quote, also inside the word, begins a part that ends the word with the next quote. */
function readPrincipals(line: string): readonly [string, string] | null {
  const stop = line.search(/[ \t\r"]/);
  if (stop < 0) return null;
  const skip = (from: number): string => line.slice(from).replace(/^[ \t\r]+/, '');
  if (line[stop] !== '"') return [line.slice(0, stop), skip(stop)];
  const close = line.indexOf('"', stop + 1);
  return close < 0 ? null : [line.slice(0, stop) + line.slice(stop + 1, close), skip(close + 1)];
}

const keyTypes: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/** A public key whose bytes are of the type that its first word says; null for anything else. */
function readKey(text: string): Pick<AllowedSigner, 'keyType' | 'key'> | null {
  const [, keyType = '', key = ''] = /^([^ \t\r]+)[ \t]+([^ \t\r]+)(?:[ \t\r]|$)/.exec(text) ?? [];
  if (!keyTypes.has(keyType)) return null;
  const blob = Buffer.from(key, 'base64');
  const begins = sshString(keyType).equals(blob.subarray(0, 4 + keyType.length));
  return begins && blob.toString('base64') === key ? { keyType, key } : null;
}

/** Where the options end: at a blank outside quotes. What is left open ends at the end, where no key follows. */
function endOfOptions(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const each = text[at];
    if (each === '\\' && text[at + 1] === '"') at++;
    else if (each === '"') quoted = !quoted;
    else if (!quoted && (each === ' ' || each === '\t')) return at;
  }
  return text.length;
}

type Options = Omit<AllowedSigner, 'principals' | 'keyType' | 'key'>;
const noOptions: Options = { certAuthority: false, namespaces: null, validAfter: null, validBefore: null };

/** null for an option we do not know (it may restrict), one said twice (the other might not restrict), or a value without quotes. */
function readOptions(text: string): Options | null {
  const values = new Map<string, string>();
  const one = /(cert-authority)|(namespaces|valid-after|valid-before)="((?:\\"|[^"])*)"/iy;
  for (let at = 0; at < text.length; at++) {
    one.lastIndex = at;
    const [whole = '', flag, named, value = ''] = one.exec(text) ?? [];
    const name = (flag ?? named ?? '').toLowerCase();
    if (name === '' || values.has(name)) return null;
    values.set(name, value.replaceAll('\\"', '"'));
    at += whole.length;
    const atEnd = at === text.length;
    if (!atEnd && (text[at] !== ',' || at + 1 === text.length)) return null;
  }
  const [validAfter, validBefore] = [
    readTime(values.get('valid-after')),
    readTime(values.get('valid-before')),
  ];
  if (validAfter === 'wrong' || validBefore === 'wrong') return null;
  if (validAfter !== null && validBefore !== null && validBefore <= validAfter) return null;
  return {
    certAuthority: values.has('cert-authority'),
    namespaces: values.get('namespaces')?.split(',') ?? null,
    validAfter,
    validBefore,
  };
}

/** `YYYYMMDD[HHMM[SS]]`, then `Z` or `UTC`; without either it is local time, always the standard time of the zone, as mktime(3) is told by ssh-keygen. */
function readTime(text: string | undefined): number | null | 'wrong' {
  if (text === undefined) return null;
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i.exec(text);
  if (match === null) return 'wrong';
  const [year = 0, month = 0, day = 0, ...clock] = match.slice(1, 7).map((each) => Number(each ?? 0));
  const at = Date.UTC(year, month - 1, day, clock[0], clock[1], clock[2]);
  // JavaScript makes the next year of a month 13. What does not come back as it was written is no date.
  const again = timestamp(at).replaceAll(/\D/g, '');
  if (!again.startsWith(match.slice(1, 7).join(''))) return 'wrong';
  const local = match[7] === undefined;
  const offset = Math.max(...[0, 6].map((each) => new Date(year, each, 1).getTimezoneOffset()));
  const time = local ? at + offset * 60_000 : at;
  return time > 0 ? time : 'wrong';
}

/** True when the line lets its key sign in this namespace at this time (UTC epoch ms, counted in whole seconds; both bounds are within). Pure. */
export function allows(signer: AllowedSigner, namespace: string, at: number): boolean {
  const second = Math.floor(at / 1000) * 1000;
  return (
    !signer.certAuthority &&
    (signer.namespaces === null || matchesList(signer.namespaces.join(','), namespace)) &&
    (signer.validAfter === null || second >= signer.validAfter) &&
    (signer.validBefore === null || second <= signer.validBefore)
  );
}

/** A list of patterns with commas between them: one must match, and none that is negated (`!x`) may. Compared byte by byte, as OpenSSH does. Pure. */
export function matchesList(patterns: string, text: string): boolean {
  const parts = patterns.split(',');
  if (parts.length > limits.git.patternsMax) return false;
  const list = parts.map((each) => Buffer.from(each).toString('latin1'));
  const bytes = Buffer.from(text).toString('latin1');
  if (!isBounded(list)) return false;
  let found = false;
  for (const each of list) {
    if (each.startsWith('!')) {
      if (matchesGlob(each.slice(1), bytes)) return false;
    } else if (matchesGlob(each, bytes)) found = true;
  }
  return found;
}

/** Beyond the bounds nothing matches: what was cut off might have been an exclusion. */
function isBounded(list: readonly string[]): boolean {
  return list.every((each) => each.length - (each.startsWith('!') ? 1 : 0) <= limits.git.patternMaxBytes);
}

/** Whom a line names: its patterns, as they stand there, that it does not exclude itself. Empty: it lets nobody sign. Pure. */
export function principalsOf({ principals }: AllowedSigner): string[] {
  const list = principals.split(',');
  if (list.length > limits.git.patternsMax) return [];
  const excluded = list.filter((one) => one.startsWith('!'));
  const named = list.filter((one) => one !== '' && !one.startsWith('!'));
  // Every name is one of its own patterns, so that only the bounds and the exclusions are left to ask.
  if (!isBounded(list.map((each) => Buffer.from(each).toString('latin1')))) return [];
  if (named.join('').length * excluded.join('').length > limits.git.patternWorkMax) return [];
  return named.filter((one) => matchesList([one, ...excluded].join(','), one));
}
