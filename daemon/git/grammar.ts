/**
 * The grammar of commits and trees, as `git fsck --strict` holds it, and stricter where a reader could be led astray. Faults carry the ids of
 * git-fsck(1), or names of our own where Git has none. Pure.
 */
import { instantWithin } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { dotGitSpelling } from './dot-git.ts';

/** What is wrong with an object, by the id of git-fsck(1); null: nothing. */
export type Fault = string | null;

/**
 * The first fault of a raw commit. Headers must stand in the order and number in which Git writes them: tree, parents, author, committer, then others;
 * of those `encoding`, `gpgsig` and `gpgsig-sha256` at most once, and none that belongs above.
 */
export function commitFault(raw: Buffer): Fault {
  if (isHeadTooLong(raw)) return 'tooManyHeaders';
  const blank = raw.indexOf('\n\n');
  const head = raw.subarray(0, blank < 0 ? raw.length : blank + 1);
  if (head.includes(0)) return 'nulInHeader';
  if (blank < 0 && raw.at(-1) !== 0x0a) return 'unterminatedHeader';
  if (raw.includes(0)) return 'nulInCommit';
  const headers = readHeaders(head.toString('latin1').split('\n').slice(0, -1));
  if (typeof headers === 'string') return headers;
  if (!isId(headers.tree)) return 'badTreeSha1';
  if (headers.parents.length > limits.git.parentsMax) return 'tooManyParents';
  if (!headers.parents.every(isId)) return 'badParentSha1';
  return personFault(headers.author) ?? personFault(headers.committer) ?? furtherFault(headers.further);
}

/** Whether more lines than the bound stand above the message: each costs several readers. Pure; ends at the bound. */
export function isHeadTooLong(raw: Buffer): boolean {
  let at = 0;
  for (let lines = 0; lines <= limits.git.commitHeadLinesMax; lines++) {
    const newline = raw.indexOf(0x0a, at);
    if (newline < 0 || newline === at) return false;
    at = newline + 1;
  }
  return true;
}

/** Headers of a commit, each as the text behind its key. */
export interface Headers {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly committer: string;
  /** Lines below the committer. */
  readonly further: readonly string[];
}

/**
 * The four headers of a commit where Git believes them (commit.c, parse_commit_buffer), and nowhere else: a parent written further down is none to Git, and
 * would be one to us. Else the fault. The one reading of both the grammar and `parseCommit`. Pure.
 */
export function readHeaders(lines: readonly string[]): Headers | string {
  let at = 0;
  const take = (key: string): string | null => {
    const line = lines[at];
    if (line?.startsWith(`${key} `) !== true) return null;
    at++;
    return line.slice(key.length + 1);
  };
  const tree = take('tree');
  if (tree === null) return 'missingTree';
  const parents: string[] = [];
  for (let parent = take('parent'); parent !== null; parent = take('parent')) parents.push(parent);
  const author = take('author');
  if (author === null) return 'missingAuthor';
  if (take('author') !== null) return 'multipleAuthors';
  const committer = take('committer');
  if (committer === null) return 'missingCommitter';
  const further = lines.slice(at);
  if (further.some((line) => /^(?:tree|parent|author|committer) /.test(line))) return 'misplacedHeader';
  return { tree, parents, author, committer, further };
}

function isId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Headers below the committer. Git and its kin write them in several orders, but each of these at most once. */
function furtherFault(lines: readonly string[]): Fault {
  const seen = new Set<string>();
  for (const [position, line] of lines.entries()) {
    // A line that goes on the header before it.
    if (line.startsWith(' ')) {
      if (position === 0) return 'badHeader';
      continue;
    }
    const key = /^([!-~]+) /.exec(line)?.[1] ?? '';
    if (key === '') return 'badHeader';
    if (!['encoding', 'gpgsig', 'gpgsig-sha256'].includes(key.toLowerCase())) continue;
    if (seen.has(key.toLowerCase())) return 'multipleHeaders';
    seen.add(key.toLowerCase());
  }
  return null;
}

/** `Name <address> seconds zone`, byte by byte as fsck reads it. */
function personFault(text: string): Fault {
  if (text.startsWith('<')) return 'missingNameBeforeEmail';
  const open = text.search(/[<>]/);
  if (open < 0) return 'missingEmail';
  if (text[open] === '>') return 'badName';
  if (text[open - 1] !== ' ') return 'missingSpaceBeforeEmail';
  const rest = text.slice(open + 1);
  const close = rest.search(/[<>]/);
  if (close < 0 || rest[close] !== '>') return 'badEmail';
  const time = rest.slice(close + 1);
  if (!time.startsWith(' ')) return 'missingSpaceBeforeDate';
  const match = /^ (\d+) ([+-]\d{4})$/.exec(time);
  const seconds = /^ (\d+)/.exec(time)?.[1];
  if (seconds === undefined) return 'badDate';
  if (seconds.length > 1 && seconds.startsWith('0')) return 'zeroPaddedDate';
  // Git stops at 2^63; what no record can say is refused here.
  const at = Number(seconds) * 1000;
  if (instantWithin(at) !== at) return 'badDateOverflow';
  return match === null ? (/^ \d+ /.test(time) ? 'badTimezone' : 'badDate') : null;
}

const nullId = Buffer.alloc(20);

const fileModes = new Set(['100644', '100755', '120000', '160000', '40000']);

/** The first fault of a tree. Git only warns of modes it does not know; here they are a fault, since nobody can say what such an entry is. */
export function treeFault(bytes: Buffer): Fault {
  const names = new Set<string>();
  let before = '';
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const zero = bytes.indexOf(0, at);
    if (space < 0 || zero < space || zero + 21 > bytes.length) return 'badTree';
    const mode = bytes.toString('latin1', at, space);
    if (!/^[0-7]{1,7}$/.test(mode)) return 'badTree';
    if (mode.startsWith('0')) return 'zeroPaddedFilemode';
    if (!fileModes.has(mode)) return 'badFilemode';
    const name = bytes.toString('latin1', space + 1, zero);
    const fault = nameFault(name);
    if (fault !== null) return fault;
    if (bytes.compare(nullId, 0, 20, zero + 1, zero + 21) === 0) return 'nullSha1';
    if (names.has(name)) return 'duplicateEntries';
    names.add(name);
    // Git compares a folder as if its name ended in a slash.
    const key = mode === '40000' ? `${name}/` : name;
    if (key <= before && before !== '') return 'treeNotSorted';
    before = key;
    at = zero + 21;
  }
  return null;
}

function nameFault(name: string): Fault {
  // Most names, and none that any rule below is about.
  if (/^[\w-][\w.-]*$/.test(name)) return null;
  if (name === '') return 'emptyName';
  if (name.includes('/')) return 'fullPathname';
  if (name === '.') return 'hasDot';
  if (name === '..') return 'hasDotdot';
  return dotGitSpelling(name) ? 'hasDotgit' : null;
}
