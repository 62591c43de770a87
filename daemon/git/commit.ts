/** Commits as bytes: reads headers, trailers and signature exactly, and writes new ones as git would. */
import { instantWithin } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { commitFault, isHeadTooLong, readHeaders } from './grammar.ts';
import { isOid, malformed } from './object.ts';

export interface Person {
  readonly name: string;
  readonly email: string;
  /** UTC epoch ms. */
  readonly at: number;
}

export interface Commit {
  readonly oid: string;
  /** Each once, in order. */
  readonly parents: readonly string[];
  readonly tree: string;
  readonly author: Person;
  readonly committer: Person;
  /** Whole message, trailers included. */
  readonly message: string;
  /** In order, keys as written. */
  readonly trailers: readonly (readonly [key: string, value: string])[];
  /** Armored; null when the commit is not signed. */
  readonly signature: string | null;
}

/** Bytes of a commit taken apart for its signature: byte-exact, never by way of text. */
export interface SignedParts {
  /** The commit without its signature headers: what was signed. */
  readonly payload: Buffer;
  readonly signature: string | null;
}

/**
 * Separates `gpgsig` (and drops `gpgsig-sha256`, as git does) from a raw commit. Pure.
 * @throws OperationError `git-malformed` when a commit carries two signatures: which one counts would be a guess.
 */
export function separateSignature(raw: Buffer): SignedParts {
  if (isHeadTooLong(raw))
    throw malformed(
      `a commit has more than ${String(limits.git.commitHeadLinesMax)} lines of headers (tooManyHeaders)`,
    );
  const kept: Buffer[] = [];
  const signature: string[] = [];
  let signatures = 0;
  let current: 'kept' | 'signature' | 'dropped' = 'kept';
  let at = 0;
  while (at < raw.length) {
    const newline = raw.indexOf(0x0a, at);
    const end = newline < 0 ? raw.length : newline + 1;
    if (end === at + 1) {
      kept.push(raw.subarray(at));
      break;
    }
    const line = raw.subarray(at, end);
    at = end;
    if (line[0] !== 0x20) {
      const text = line.toString('latin1', 0, 14);
      current = text.startsWith('gpgsig ')
        ? 'signature'
        : text.startsWith('gpgsig-sha256 ')
          ? 'dropped'
          : 'kept';
      if (current === 'signature') signatures++;
    }
    if (current === 'kept') kept.push(line);
    else if (current === 'signature') {
      signature.push(line.toString('latin1', line[0] === 0x20 ? 1 : 'gpgsig '.length));
    }
  }
  if (signatures > 1) throw malformed('a commit carries two signatures');
  return { payload: Buffer.concat(kept), signature: signatures === 0 ? null : signature.join('') };
}

/**
 * The parts of a commit whose signature may count: within the bound and by the grammar of Git. Else what is wrong, as one phrase. Every judge of
 * signatures goes through here, so that nothing malformed vouches for anything. Pure; never throws.
 */
export function soundParts(rawCommit: Uint8Array): SignedParts | string {
  if (rawCommit.length > limits.git.commitMaxBytes) return 'the commit is larger than the bound';
  const raw = Buffer.from(rawCommit);
  const fault = commitFault(raw);
  return fault === null ? separateSignature(raw) : `the commit breaks the grammar of Git (${fault})`;
}

/** Reads a raw commit. Headers count in the place where Git writes them. Pure. @throws OperationError `git-malformed` */
export function parseCommit(oid: string, raw: Buffer): Commit {
  if (isHeadTooLong(raw))
    throw malformed(
      `commit ${oid} has more than ${String(limits.git.commitHeadLinesMax)} lines of headers (tooManyHeaders)`,
    );
  const { payload, signature } = separateSignature(raw);
  const blank = payload.indexOf('\n\n');
  const head = payload.toString('utf8', 0, blank < 0 ? payload.length : blank);
  const message = blank < 0 ? '' : payload.toString('utf8', blank + 2);
  const headers = readHeaders(head.split('\n'));
  if (typeof headers === 'string')
    throw malformed(`commit ${oid} has not the headers that Git knows (${headers})`);
  if (headers.parents.length > limits.git.parentsMax)
    throw malformed(`commit ${oid} has more than ${String(limits.git.parentsMax)} parents`);
  if (!headers.parents.every(isOid)) throw malformed(`commit ${oid} names a parent that is no id`);
  return {
    oid,
    parents: [...new Set(headers.parents)],
    tree: headers.tree,
    author: parsePerson(headers.author),
    committer: parsePerson(headers.committer),
    message,
    trailers: parseTrailers(message),
    signature,
  };
}

function parsePerson(text: string): Person {
  const match = /^(.*?) ?<([^<>]*)> (-?\d{1,15})(?: [+-]\d{1,6})?$/.exec(text);
  if (match === null) return { name: text, email: '', at: 0 };
  // Whoever makes a commit writes any number there: what no calendar has becomes the nearest one that it has.
  const at = Math.max(0, instantWithin(Number(match[3]) * 1000));
  return { name: match[1] ?? '', email: match[2] ?? '', at };
}

/**
 * git-interpret-trailers: the last paragraph, when it is not the subject and every line of it is `Key: value` or a continuation. One of more than
 * `limits.git.trailerLinesMax` lines says nothing: whoever may push chooses how many there are, and nobody approves a thousand things at once.
 */
export function parseTrailers(message: string): (readonly [string, string])[] {
  const text = withoutLastNewlines(message);
  const begin = text.lastIndexOf('\n\n');
  if (begin < 0) return [];
  const lines = text.slice(begin + 2).split('\n', limits.git.trailerLinesMax + 1);
  if (lines.length > limits.git.trailerLinesMax) return [];
  const trailers: [string, string][] = [];
  for (const line of lines) {
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*) ?: ?(.*)$/.exec(line);
    const before = trailers.at(-1);
    if (match !== null) trailers.push([match[1] ?? '', (match[2] ?? '').trim()]);
    else if (/^\s/.test(line) && before !== undefined) before[1] += ` ${line.trim()}`;
    else return [];
  }
  return trailers;
}

/** The text without the line feeds at its end. By hand: `/\n+$/` tries every run of them anew from each of its places, 35 s for 200,000 (measured). */
function withoutLastNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '\n') end--;
  return text.slice(0, end);
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
  /** UTC epoch ms; written as whole seconds, UTC. */
  readonly at: number;
  readonly message: string;
  readonly trailers: readonly (readonly [key: string, value: string])[];
}

/** The raw commit without signature: what a signer signs. Pure. Newlines and NUL in names and trailers become spaces. */
export function renderCommit(commit: NewCommit): Buffer {
  const who = `${identity(commit.author.name) || 'renewd'} <${identity(commit.author.email)}> ${Math.floor(commit.at / 1000)} +0000`;
  const body = commit.message.replaceAll('\0', ' ').replaceAll('\r\n', '\n').trim();
  const trailers = commit.trailers.map(([key, value]) => `${key}: ${oneLine(value)}`).join('\n');
  return Buffer.from(
    [
      `tree ${commit.tree}`,
      ...commit.parents.map((parent) => `parent ${parent}`),
      `author ${who}`,
      `committer ${who}`,
      '',
      trailers === '' ? body : `${body}\n\n${trailers}`,
      '',
    ].join('\n'),
  );
}

/** Puts an armored signature into a raw commit, as its last header, the way git does. Pure. */
export function withSignature(raw: Buffer, armored: string): Buffer {
  const blank = raw.indexOf('\n\n');
  const lines = withoutLastNewlines(armored).replaceAll('\n', '\n ');
  return Buffer.concat([
    raw.subarray(0, blank + 1),
    Buffer.from(`gpgsig ${lines}\n`),
    raw.subarray(blank + 1),
  ]);
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

/** fsck: a name may hold neither `<`, `>` nor a newline. */
function identity(text: string): string {
  return oneLine(text).replaceAll(/[<>]/g, '').trim();
}
