/** What a merge holds that Git does not merge by itself, beside stock git over random histories: merges both ways, reverts, deletions, modes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { declaredDiff } from '../../daemon/shell/declared-changes.ts';
import { mergeContent } from '../../daemon/shell/merge-content.ts';
import { workshop, type Workshop } from './git-server.ts';

const files = ['inventory/teams/a.yaml', 'inventory/teams/b.yaml', 'policies/c.yaml'];
/** null: not there. One line each, so that Git has no lines to merge. */
type Content = string | null;
const contents: readonly Content[] = [null, '100644 one', '100644 two', '100644 three', '100755 one'];

interface Drawn {
  readonly parents: readonly number[];
  /** What it sets of each file: an index of `contents`, or nothing where it leaves the file as its first parent has it. */
  readonly sets: readonly (number | null)[];
}

/** Where a mode changes too Git merges it by itself, beside the content, and we do not: drawn now and then. */
const executable = 4;
const value = fc.oneof(
  { weight: 15, arbitrary: fc.nat(executable - 1) },
  { weight: 1, arbitrary: fc.constant(executable) },
);
const each = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: files.length, maxLength: files.length });
/** Two lines from one commit; each commit may merge the newest of the other line, or the one before, so that merges cross. */
const history = fc
  .tuple(
    each(value),
    fc.boolean(),
    fc.array(fc.tuple(fc.nat(1), fc.constantFrom(null, 0, 1), each(fc.option(value, { freq: 2 }))), {
      minLength: 4,
      maxLength: 7,
    }),
  )
  .map(([first, crossed, free]) => {
    // The first four made into the shape itself: each line one of its own, then the other's.
    const shaped: readonly (readonly [number, number | null])[] = [
      [0, null],
      [1, null],
      [0, 0],
      [1, 1],
    ];
    const steps = free.map(
      ([line, merges, sets], at) => [...((crossed ? shaped[at] : null) ?? [line, merges]), sets] as const,
    );
    const drawn: Drawn[] = [{ parents: [], sets: first }];
    // The newest commit of each line, and the one before.
    const ends = [
      [0, 0],
      [0, 0],
    ];
    for (const [line, merges, sets] of steps) {
      const [own = 0] = ends[line] ?? [];
      const other = merges === null ? own : (ends[1 - line]?.[merges] ?? own);
      ends[line] = [drawn.length, own];
      drawn.push({ parents: other === own ? [own] : [own, other], sets });
    }
    return { drawn, tips: ends.map(([newest = 0]) => newest) };
  });

const nothing = { files: new Map(), trust: new Map() };
let run = 0;

/** Writes commits with git fast-import; their ids in order. A merge begins with the files of its first parent. */
function write(shop: Workshop, drawn: readonly Drawn[]): string[] {
  const name = `r${String(run++)}`;
  const lines = drawn.flatMap(({ parents, sets }, index) => [
    `commit refs/heads/${name}-${String(index)}`,
    `mark :${String(index + 1)}`,
    'committer A <a@example.com> 1700000000 +0000',
    'data 1',
    'c',
    ...parents.map((parent, position) => `${position === 0 ? 'from' : 'merge'} :${String(parent + 1)}`),
    ...sets.flatMap((set, file) => {
      const path = files[file] ?? '';
      const content = set === null ? undefined : contents[set];
      if (content === undefined) return [];
      if (content === null) return [`D ${path}`];
      const [mode = '', text = ''] = content.split(' ');
      return [`M ${mode} inline ${path}`, `data ${String(text.length)}`, text];
    }),
  ]);
  shop.gitWith(`${lines.join('\n')}\n`, '-C', 'r.git', 'fast-import', '--quiet');
  const listed = shop.git(
    '-C',
    'r.git',
    'for-each-ref',
    '--format=%(refname:lstrip=2) %(objectname)',
    `refs/heads/${name}-*`,
  );
  const ids = new Map(
    listed
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  return drawn.map((_, index) => ids.get(`${name}-${String(index)}`) ?? '');
}

/** What the files are at each commit, as indices of `contents`. */
function states(drawn: readonly Drawn[]): (readonly number[])[] {
  const at: (readonly number[])[] = [];
  for (const { parents, sets } of drawn)
    at.push(sets.map((set, file) => set ?? at[parents[0] ?? -1]?.[file] ?? 0));
  return at;
}

const noRenames = ['-c', 'merge.renames=false', '-c', 'merge.directoryRenames=false'];

/** The tree stock git makes of both; null for a conflict. Without renames: files are compared by path. */
function merged(shop: Workshop, one: string, other: string): string | null {
  try {
    return shop.git('-C', 'r.git', ...noRenames, 'merge-tree', '--write-tree', one, other).trim();
  } catch {
    return null;
  }
}

async function made(repository: Repository, merge: string): Promise<string[]> {
  const content = await mergeContent(
    repository,
    await repository.commit(merge),
    declaredDiff(repository, nothing),
  );
  return content.made.map(({ path }) => path);
}

async function withRepository(
  shop: Workshop,
  work: (repository: Repository) => Promise<void>,
): Promise<void> {
  const url = join(shop.directory, 'r.git');
  const repository = await openRepository({ url, directory: '', now: Date.now });
  await work(repository);
  await repository.close();
}

test('a merge in which nobody decided anything is exactly the one git makes, also of sides merged both ways before', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const seen = { automatic: 0, crossed: 0, conflict: 0, 'all of git': 0 };
  const picks = fc.array(each(fc.nat(9)), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(history, picks, async ({ drawn, tips: [one = 0, other = 0] }, picked) => {
      fc.pre(one !== other);
      const at = states(drawn);
      // As one of the sides has a file, or as any commit had it.
      const merges = picked.map((pick): Drawn => ({
        parents: [one, other],
        sets: pick.map(
          (from, file) => at[from < 4 ? ([one, other][from % 2] ?? 0) : from % at.length]?.[file] ?? 0,
        ),
      }));
      const ids = write(shop, [...drawn, ...merges]);
      const [left = '', right = ''] = [ids[one], ids[other]];
      const theirs = merged(shop, left, right);
      const own =
        theirs === null
          ? null
          : shop.git('-C', 'r.git', 'commit-tree', '-p', left, '-p', right, '-m', 'm', theirs).trim();
      const trees = shop
        .git('-C', 'r.git', 'rev-parse', ...ids.slice(drawn.length).map((id) => `${id}^{tree}`))
        .trim()
        .split('\n');
      await withRepository(shop, async (repository) => {
        const bases = (await repository.mergeBases([left, right])).map((id) => at[ids.indexOf(id)]);
        for (const [index, id] of ids.slice(drawn.length).entries()) {
          if ((await made(repository, id)).length > 0) continue;
          seen.automatic++;
          assert.equal(trees[index], theirs, 'git merges it otherwise, or not at all');
        }
        if (theirs === null) seen.conflict++;
        if (bases.length > 1) seen.crossed++;
        const modes = at.some((each) => each.includes(executable));
        if (own === null || modes || bases.some((each) => String(each) !== String(bases[0]))) return;
        seen['all of git']++;
        assert.deepEqual(
          await made(repository, own),
          [],
          'git makes it by itself, and we say that somebody decided',
        );
      });
    }),
    { numRuns: 60, seed: 9 },
  );
  // Otherwise the histories drawn say nothing about what this is for.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 5, `${what}: ${String(count)}`);
});

/** One commit for each line of words: name, parents, contents of the three files (`-` where they are not there). */
async function shape(
  context: Parameters<typeof workshop>[0],
  lines: readonly string[],
  parents: string,
  tree: string,
): Promise<{ readonly decided: readonly string[]; readonly git: 'same' | 'other' | 'conflict' }> {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const names = lines.map((line) => line.split(' ')[0] ?? '');
  const drawn = lines.map((line): Drawn => {
    const [, from = '', ...values] = line.split(' ');
    const index = (text: string): number => (text === '-' ? 0 : contents.indexOf(`100644 ${text}`));
    return {
      parents: from === '.' ? [] : from.split(',').map((each) => names.indexOf(each)),
      sets: files.map((_, at) => index(values[at] ?? '-')),
    };
  });
  const ids = write(shop, drawn);
  const oid = (name: string): string => ids[names.indexOf(name)] ?? '';
  const wanted = shop.git('-C', 'r.git', 'rev-parse', `${oid(tree)}^{tree}`).trim();
  const sides = parents.split(',').map(oid);
  const theirs = sides.length > 2 ? null : merged(shop, sides[0] ?? '', sides[1] ?? '');
  let decided: string[] = [];
  await withRepository(shop, async (repository) => {
    const merge = ['commit-tree', ...sides.flatMap((side) => ['-p', side]), '-m', 'm', wanted];
    decided = await made(repository, shop.git('-C', 'r.git', ...merge).trim());
  });
  return { decided, git: theirs === null ? 'conflict' : theirs === wanted ? 'same' : 'other' };
}

test('one side taken whole of two that changed a file is a choice, with one common ancestor and with several', async (context) => {
  const [a] = files;
  const plain = ['root . one', 'main root two', 'side root three'];
  assert.deepEqual(await shape(context, plain, 'main,side', 'side'), { decided: [a], git: 'conflict' });
  const crossed = [...plain, 'main2 main,side two', 'side2 side,main three'];
  assert.deepEqual(await shape(context, crossed, 'main2,side2', 'side2'), { decided: [a], git: 'conflict' });
  assert.deepEqual(await shape(context, crossed, 'main2,side2', 'main2'), { decided: [a], git: 'conflict' });
});

test('an old third parent, or a history of its own, makes nothing new that was taken back', async (context) => {
  const [a] = files;
  // The branch began while the file said three; main has taken that back since.
  const lines = [
    'root . one',
    'loose root three',
    'main loose one',
    'side loose three two',
    'merge root one',
    'theirs root three two',
  ];
  assert.deepEqual(await shape(context, lines, 'main,side', 'theirs'), { decided: [a], git: 'other' });
  assert.deepEqual((await shape(context, lines, 'main,side,root', 'theirs')).decided, [a]);
  const apart = ['main . one', 'side . - two', 'both . one two'];
  assert.deepEqual((await shape(context, apart, 'main,side', 'both')).decided, [a, files[1]]);
});
