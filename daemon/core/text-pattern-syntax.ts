/** The syntax of `text-pattern.ts`: from signs to a tree, or to what is wrong with them and what to write instead. Pure. */

type Range = readonly [first: number, last: number];
export interface Characters {
  readonly ranges: readonly Range[];
  readonly others: boolean;
}
export type Node =
  | { readonly kind: 'one'; readonly characters: Characters }
  | { readonly kind: 'row'; readonly parts: readonly Node[] }
  | { readonly kind: 'either'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number | null };

/** How deep groups stand in each other, and how often one part is repeated by number: far beyond what a value of one line needs. */
const groupsMax = 20;
const repeatMax = 1000;

/** What is wrong with a pattern, and with which sign of it, from 1. */
export class WrongPattern extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const digit: Characters = { ranges: [[48, 57]], others: false };
const word: Characters = {
  ranges: [
    [48, 57],
    [65, 90],
    [95, 95],
    [97, 122],
  ],
  others: false,
};
const blanks: readonly Range[] = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const blank: Characters = { ranges: blanks, others: false };
const not = ({ ranges, others }: Characters): Characters => ({ ranges, others: !others });
const shorthands: Readonly<Record<string, Characters>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: blank,
  S: not(blank),
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };
/** `.` in JavaScript: everything but line ends. */
const anyCharacter: Characters = {
  ranges: [
    [10, 10],
    [13, 13],
    [0x2028, 0x2029],
  ],
  others: true,
};
const only = (code: number): Characters => ({ ranges: [[code, code]], others: false });

/** Whether a code point is one of these. Pure. */
export function includes({ ranges, others }: Characters, code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last) !== others;
}

/** Reads the tree of a pattern. Pure. @throws WrongPattern */
export function parsePattern(text: string): Node {
  const signs = Array.from(text);
  let at = 0;
  let depth = 0;
  const wrong = (message: string, where = at): WrongPattern => new WrongPattern(message, where + 1);
  const take = (sign: string): boolean => {
    if (signs[at] !== sign) return false;
    at++;
    return true;
  };

  function whole(): Node {
    // The whole value must match, so these say nothing.
    take('^');
    if (signs.at(-1) === '$' && !endsEscaped(signs)) signs.pop();
    const node = either();
    if (at < signs.length) throw wrong('a ) without its (: write \\) for the character itself');
    return node;
  }

  function either(): Node {
    const parts = [row()];
    while (take('|')) parts.push(row());
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : { kind: 'either', parts };
  }

  function row(): Node {
    const parts: Node[] = [];
    while (at < signs.length && signs[at] !== '|' && signs[at] !== ')') parts.push(repeated(single()));
    return { kind: 'row', parts };
  }

  function single(): Node {
    const sign = signs[at] ?? '';
    if (sign === '(') return group();
    if (sign === '[') return { kind: 'one', characters: list() };
    if (sign === '\\') return { kind: 'one', characters: escaped(false) };
    if (sign === '^' || sign === '$')
      throw wrong(
        `${sign} within a pattern: the whole value must match, so leave it out, or write \\${sign}`,
      );
    if ('*+?{}]'.includes(sign)) throw wrong(`${sign} with nothing before it: write \\${sign}`);
    at++;
    return { kind: 'one', characters: sign === '.' ? anyCharacter : only(sign.codePointAt(0) ?? 0) };
  }

  function group(): Node {
    const from = at++;
    if (take('?') && !take(':'))
      throw wrong('looking ahead or behind, and names of groups, are not available: write ( or (?:', from);
    if (++depth > groupsMax) throw wrong(`more than ${String(groupsMax)} groups inside one another`, from);
    const node = either();
    if (!take(')')) throw wrong('a ( without its ): write \\( for the character itself', from);
    depth--;
    return node;
  }

  function repeated(part: Node): Node {
    const from = at;
    const bounds = quantifier();
    if (bounds === null) return part;
    if ('?*+{'.includes(signs[at] ?? ' '))
      throw wrong(`${signs[at] ?? ''} after a repetition: one of * + ? {n,m} is enough`);
    const [min, max] = bounds;
    if (max !== null && max < min) throw wrong('a repetition that ends before it begins', from);
    return { kind: 'repeat', part, min, max };
  }

  function quantifier(): readonly [number, number | null] | null {
    if (take('*')) return [0, null];
    if (take('+')) return [1, null];
    if (take('?')) return [0, 1];
    if (signs[at] !== '{') return null;
    const end = signs.indexOf('}', at);
    const found = /^(\d{1,4})(,(\d{1,4})?)?$/.exec(signs.slice(at + 1, end < 0 ? at + 1 : end).join(''));
    if (found === null) throw wrong('{ that is no repetition: write {2}, {2,} or {2,5}, or \\{');
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === undefined ? null : Number(found[3]);
    if (Math.max(min, max ?? 0) > repeatMax)
      throw wrong(`a repetition of more than ${String(repeatMax)} times`);
    at = end + 1;
    return [min, max];
  }

  function list(): Characters {
    const from = at++;
    const others = take('^');
    const ranges: Range[] = [];
    let first = true;
    while (signs[at] !== ']') {
      if (at >= signs.length) throw wrong('a [ without its ]: write \\[ for the character itself', from);
      first = false;
      const start = at;
      const low = member();
      if (signs[at] !== '-' || signs[at + 1] === ']' || at + 1 >= signs.length) {
        ranges.push(...low.ranges);
        continue;
      }
      at++;
      const high = member();
      const [[begin, same] = [0, -1]] = low.ranges;
      const [[end, last] = [0, -1]] = high.ranges;
      if (begin !== same || end !== last || low.ranges.length + high.ranges.length > 2 || end < begin)
        throw wrong('a range that is none: write [a-z], or \\- for the dash', start);
      ranges.push([begin, end]);
    }
    if (first) throw wrong('a list without characters', from);
    at++;
    return { ranges, others };
  }

  function member(): Characters {
    if (signs[at] === '\\') return escaped(true);
    return only((signs[at++] ?? '').codePointAt(0) ?? 0);
  }

  /** `\d` and its like, `\n`, `\x41`, `\u0041`, `\u{1f600}`, or a sign that would mean something else. */
  function escaped(isInList: boolean): Characters {
    const from = at++;
    const sign = signs[at++] ?? '';
    const short = shorthands[sign];
    if (short !== undefined) {
      if (short.others && isInList)
        throw wrong(`\\${sign} within a list: write the list of what it leaves out`, from);
      return short;
    }
    const control = controls[sign];
    if (control !== undefined) return only(control);
    if (sign === '0' && !/\d/.test(signs[at] ?? '')) return only(0);
    if (sign === 'x' || sign === 'u') {
      const rest = signs.slice(at, at + 8).join('');
      const form = sign === 'x' ? /^([0-9a-f]{2})/i : /^(?:([0-9a-f]{4})|\{([0-9a-f]{1,6})\})/i;
      const found = form.exec(rest);
      const code = Number.parseInt(found?.[1] ?? found?.[2] ?? '', 16);
      if (found === null || code > 0x10ffff)
        throw wrong(`\\${sign} without its number: \\x2f, \\u002f or \\u{2f}`, from);
      at += found[0].length;
      return only(code);
    }
    if ('^$\\.*+?()[]{}|/'.includes(sign) && sign !== '') return only(sign.codePointAt(0) ?? 0);
    if (sign === '-' && isInList) return only(45);
    if (/[1-9k]/.test(sign))
      throw wrong('back-references are not available: write out what may stand there', from);
    if (/[bBpP]/.test(sign))
      throw wrong(`\\${sign} is not available: write a list such as [A-Za-z0-9]`, from);
    throw wrong(sign === '' ? 'a \\ at the end: write \\\\' : `\\${sign} means nothing: write ${sign}`, from);
  }

  return whole();
}

/** Whether the last sign stands behind a backslash that is none itself. */
function endsEscaped(signs: readonly string[]): boolean {
  let count = 0;
  while (signs[signs.length - 2 - count] === '\\') count++;
  return count % 2 === 1;
}
