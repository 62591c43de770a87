/** Objects no git writes, made with `git hash-object --literally`: where `git fsck --strict` finds fault, so do we. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { commitFault, treeFault } from '../../daemon/git/grammar.ts';
import { parseCommit } from '../../daemon/git/commit.ts';
import { workshop, type Workshop } from './git-server.ts';

const who = 'A <a@example.com> 1700000000 +0000';
const empty = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const commit = (
  changes: {
    tree?: string;
    parents?: string;
    author?: string;
    committer?: string;
    more?: string;
    body?: string;
  } = {},
): string =>
  [
    changes.tree ?? `tree ${empty}\n`,
    changes.parents ?? '',
    changes.author ?? `author ${who}\n`,
    changes.committer ?? `committer ${who}\n`,
    changes.more ?? '',
    changes.body ?? '\nSubject\n',
  ].join('');
const author = (text: string): string => commit({ author: `author ${text}\n` });

/** Name to bytes. Those in the second list git lets pass: each says why we do not. */
const commits: Readonly<Record<string, string>> = {
  sound: commit(),
  'sound, with a signature and an encoding': commit({
    more: 'encoding ISO-8859-1\ngpgsig -----BEGIN\n x\n -----END\n',
  }),
  'sound, a header of Mercurial': commit({ more: 'HG:extra rebase_source:abc\nHG:rename-source hg\n' }),
  'no tree': commit({ tree: '' }),
  'tree that is no id': commit({ tree: 'tree 1234\n' }),
  'parent that is no id': commit({ parents: 'parent 1234\n' }),
  'parent with more behind': commit({ parents: `parent ${empty} x\n` }),
  'parent below the author': commit({ author: `author ${who}\nparent ${empty}\n` }),
  'no author': commit({ author: '' }),
  'two authors': commit({ author: `author ${who}\nauthor ${who}\n` }),
  'no committer': commit({ committer: '' }),
  'committer first': commit({ author: `committer ${who}\n`, committer: `author ${who}\n` }),
  'no name': author('<a@example.com> 1700000000 +0000'),
  'no space before the address': author('A<a@example.com> 1700000000 +0000'),
  'no address': author('A 1700000000 +0000'),
  'address open': author('A <a@example.com 1700000000 +0000'),
  'address in address': author('A <a@<example.com> 1700000000 +0000'),
  'name with an end': author('A> <a@example.com> 1700000000 +0000'),
  'no date': author('A <a@example.com>'),
  'no space before the date': author('A <a@example.com>1700000000 +0000'),
  'date of letters': author('A <a@example.com> yesterday +0000'),
  'date below zero': author('A <a@example.com> -1 +0000'),
  'date with zeros in front': author('A <a@example.com> 01700000000 +0000'),
  'date beyond 64 bits': author('A <a@example.com> 99999999999999999999 +0000'),
  'no zone': author('A <a@example.com> 1700000000'),
  'zone without sign': author('A <a@example.com> 1700000000 0000'),
  'zone too long': author('A <a@example.com> 1700000000 +00000'),
  'zone of letters': author('A <a@example.com> 1700000000 +UTC0'),
  'more behind the zone': author('A <a@example.com> 1700000000 +0000 x'),
  'committer without date': commit({ committer: 'committer A <a@example.com>\n' }),
  'NUL in a header': commit({ more: 'encoding a\0b\n' }),
  'NUL in the author': author('A\0 <a@example.com> 1700000000 +0000'),
  'NUL in the message': commit({ body: '\nSub\0ject\n' }),
  'headers that do not end': commit({ body: '' }).slice(0, -1),
  nothing: '',
};
const stricter: Readonly<Record<string, string>> = {
  'tree in capitals': commit({ tree: `tree ${empty.toUpperCase()}\n` }),
  'author again below the committer': commit({ more: `author ${who}\n` }),
  'committer again': commit({ more: `committer ${who}\n` }),
  'tree again': commit({ more: `tree ${empty}\n` }),
  'parent at the end': commit({ more: `parent ${empty}\n` }),
  'two signatures': commit({ more: 'gpgsig a\n b\ngpgsig c\n d\n' }),
  'two encodings': commit({ more: 'encoding UTF-8\nencoding ISO-8859-1\n' }),
  'a line that is no header': commit({ more: 'nonsense\n' }),
  'a date beyond the year 9999': author('A <a@example.com> 8640000000001 +0000'),
};

/** The verdict of stock git on one object: what it complains of. */
function fsck(shop: Workshop, type: 'commit' | 'tree', bytes: Uint8Array): string {
  const oid = shop
    .gitWith(bytes, '-C', 'r', 'hash-object', '--literally', '-t', type, '-w', '--stdin')
    .trim();
  const { stdout, stderr } = spawnSync(
    'git',
    ['-C', `${shop.directory}/r`, 'fsck', '--strict', '--no-dangling', '--no-progress'],
    { encoding: 'utf8' },
  );
  const said = `${stdout}${stderr}`
    .split('\n')
    .filter(
      (line) =>
        new RegExp(`^(error|warning) in ${type} ${oid}`).test(line) ||
        (line.includes(oid) && line.startsWith('error:')),
    );
  // One object at a time: the next must not be judged with it.
  shop.git('-C', 'r', 'prune', '--expire=now');
  return said.join('; ');
}

test('commits: wherever git fsck --strict complains we do, and where we alone do it is on purpose', (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', 'r');
  for (const [name, text] of Object.entries(commits)) {
    const bytes = Buffer.from(text, 'latin1');
    const theirs = fsck(shop, 'commit', bytes);
    const ours = commitFault(bytes);
    assert.equal(
      ours !== null,
      theirs !== '',
      `${name}: git says ${theirs || 'nothing'}, we say ${ours ?? 'nothing'}`,
    );
    assert.equal(ours === null, name.startsWith('sound'), name);
  }
  for (const [name, text] of Object.entries(stricter)) {
    const bytes = Buffer.from(text, 'latin1');
    assert.equal(fsck(shop, 'commit', bytes), '', name);
    assert.notEqual(commitFault(bytes), null, name);
  }
});

const entry = (mode: string, name: string, oid = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'): Buffer =>
  Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]);

test('trees: names, order and modes as git fsck --strict wants them', (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', 'r');
  shop.gitWith('', '-C', 'r', 'hash-object', '-w', '--stdin');
  const names = [
    ...[
      'a',
      '.',
      '..',
      '',
      'a/b',
      '/a',
      '.git',
      '.GIT',
      '.gIt',
      'git~1',
      'GIT~1',
      'git~2',
      '.git.',
      '.git ',
      '.git. .',
      '.git...',
      ' .git',
      '.git\t',
    ],
    ...[
      '.git::$INDEX_ALLOCATION',
      '.git:x',
      'git~1:x',
      '.git \u00a0',
      'a\\.git',
      '.git\\a',
      'a\\b',
      '\\.git',
      '.git\u200c',
      '.g\u200cit',
      '\u200e.git',
      '.gi\u206at',
      '.g\ufeffit',
      '.gitx',
      'x.git',
      '.gi',
    ],
    ...['.\u202egit', '.git\u200b', '\\', '..\\a', '.gitmodules~1', 'CON', 'a:b', 'ä', 'a b'],
  ];
  for (const name of names) {
    const bytes = entry('100644', name);
    const theirs = fsck(shop, 'tree', bytes);
    assert.equal(
      treeFault(bytes) !== null,
      theirs !== '',
      `${JSON.stringify(name)}: git says ${theirs || 'nothing'}, we say ${treeFault(bytes) ?? 'nothing'}`,
    );
  }
  const shapes: Readonly<Record<string, Buffer>> = {
    empty: Buffer.alloc(0),
    order: Buffer.concat([entry('100644', 'b'), entry('100644', 'a')]),
    twice: Buffer.concat([entry('100644', 'a'), entry('100644', 'a')]),
    'file and folder': Buffer.concat([entry('100644', 'a'), entry('40000', 'a', empty)]),
    'file and folder, one between': Buffer.concat([
      entry('100644', 'a'),
      entry('100644', 'a.b'),
      entry('40000', 'a', empty),
    ]),
    'folder where a file would stand': Buffer.concat([entry('40000', 'a', empty), entry('100644', 'a.b')]),
    'zeros before a mode': entry('0100644', 'a'),
    'zero before a folder': entry('040000', 'a', empty),
    'mode of nothing': entry('100600', 'a'),
    'mode of old': entry('100664', 'a'),
    'mode of letters': entry('rwx', 'a'),
    'no mode': entry('', 'a'),
    'id of zeros': entry('100644', 'a', '0'.repeat(40)),
    'cut short': entry('100644', 'a').subarray(0, -1),
    'no name end': Buffer.from('100644 a'),
    link: entry('120000', 'a'),
    submodule: entry('160000', 'a', '1'.repeat(40)),
    executable: entry('100755', 'a'),
  };
  for (const [name, bytes] of Object.entries(shapes)) {
    const theirs = fsck(shop, 'tree', bytes);
    assert.equal(
      treeFault(bytes) !== null,
      theirs !== '',
      `${name}: git says ${theirs || 'nothing'}, we say ${treeFault(bytes) ?? 'nothing'}`,
    );
  }
});

test('trees at random: no order and no name that git refuses passes', (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', 'r');
  shop.gitWith('', '-C', 'r', 'hash-object', '-w', '--stdin');
  const name = fc.constantFrom('a', 'a.b', 'a-b', 'ab', 'a0', 'b', 'A', 'git~1', '.git', '.g\u200dit');
  const mode = fc.constantFrom('100644', '40000', '100755', '120000');
  fc.assert(
    fc.property(fc.array(fc.tuple(mode, name), { maxLength: 5 }), (entries) => {
      const bytes = Buffer.concat(
        entries.map(([each, called]) => entry(each, called, each === '40000' ? empty : undefined)),
      );
      assert.equal(treeFault(bytes) !== null, fsck(shop, 'tree', bytes) !== '');
    }),
    { numRuns: 60 },
  );
});

test('whatever stands in a commit, reading it gives dates a record can say, or a fault by name', () => {
  const piece = fc.constantFrom(
    'tree ',
    'parent ',
    'author ',
    'committer ',
    'gpgsig ',
    ' ',
    '\n',
    '\n\n',
    empty,
    who,
    '8640000000001 +0000',
    '-1',
    '<',
    '>',
    '\0',
    'x',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1');
      commitFault(bytes);
      try {
        const { author: one, committer: other } = parseCommit('1'.repeat(40), bytes);
        for (const { at } of [one, other]) assert.match(new Date(at).toISOString(), /^\d{4}-/);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'git-malformed');
      }
    }),
  );
});
