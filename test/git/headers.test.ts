/** Headers of commits are believed where Git believes them and nowhere else: one parse, one truth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommit } from '../../daemon/git/commit.ts';
import { OperationError } from '../../daemon/ports/failure.ts';

const tree = `tree ${'a'.repeat(40)}`;
const parent = (digit: string): string => `parent ${digit.repeat(40)}`;
const author = 'author Ada <ada@example.com> 1790000000 +0000';
const committer = 'committer Ada <ada@example.com> 1790000000 +0000';
const parse = (lines: readonly string[]): ReturnType<typeof parseCommit> =>
  parseCommit('c'.repeat(40), Buffer.from(`${lines.join('\n')}\n\nSubject\n`));

test('headers in the order in which Git writes them', () => {
  const commit = parse([tree, parent('1'), parent('2'), author, committer, 'encoding UTF-8', 'HG:extra x']);
  assert.deepEqual(commit.parents, ['1'.repeat(40), '2'.repeat(40)]);
  assert.equal(commit.author.name, 'Ada');
  assert.deepEqual(parse([tree, author, committer]).parents, []);
});

test('a header that Git would not see there is refused, so that no parent, author or tree is ours alone', () => {
  for (const lines of [
    [tree, parent('1'), author, committer, parent('2')],
    [tree, author, parent('1'), committer],
    [parent('1'), tree, author, committer],
    [tree, tree, author, committer],
    [tree, author, author, committer],
    [tree, author, committer, committer],
    [tree, committer, author],
    [tree, author, committer, 'encoding UTF-8', author],
    [tree, author, committer, 'x y', tree],
  ])
    assert.throws(
      () => parse(lines),
      (error) => error instanceof OperationError && error.code === 'git-malformed',
      lines.join('; '),
    );
});
