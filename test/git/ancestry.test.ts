/** Ancestry beside stock git, over random histories whose dates are equal, reversed, from 1970 or from the far future. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { workshop, type Workshop } from './git-server.ts';

interface Drawn {
  /** Positions of earlier commits. */
  readonly parents: readonly number[];
  readonly at: number;
}

const date = fc.oneof(
  fc.constantFrom(0, 1, 1_700_000_000, 2_147_483_647, 4_102_444_800),
  fc.integer({ min: 0, max: 4_000_000_000 }),
);
/** Each commit has up to three parents among those before it, near ones more often. */
const history = fc
  .array(fc.tuple(fc.array(fc.nat(20), { maxLength: 3 }), date), { minLength: 2, maxLength: 24 })
  .map((drawn) =>
    drawn.map(([steps, at], index): Drawn => ({
      parents: [...new Set(steps.filter((step) => step < index).map((step) => index - 1 - step))],
      at,
    })),
  );

let branch = 0;

/** Writes the commits with git fast-import; their ids in order. */
function write(shop: Workshop, drawn: readonly Drawn[]): string[] {
  const run = branch++;
  const lines = drawn.flatMap(({ parents, at }, index) => [
    `commit refs/heads/r${String(run)}-${String(index)}`,
    `mark :${String(index + 1)}`,
    `committer A <a@example.com> ${String(at)} +0000`,
    'data 1',
    'c',
    ...parents.map((each, position) => `${position === 0 ? 'from' : 'merge'} :${String(each + 1)}`),
    `M 100644 inline f${String(index)}`,
    'data 1',
    'x',
  ]);
  shop.gitWith(`${lines.join('\n')}\n`, '-C', 'r.git', 'fast-import', '--quiet', '--export-marks=marks');
  const marks = shop.git('-C', 'r.git', 'for-each-ref', '--format=%(refname:lstrip=2) %(objectname)').trim();
  const ids = new Map(marks.split('\n').map((line) => line.split(' ') as [string, string]));
  return drawn.map((_, index) => ids.get(`r${String(run)}-${String(index)}`) ?? '');
}

const listed = (text: string): string[] => text.split('\n').filter((line) => line !== '');

async function withRepository(
  shop: Workshop,
  work: (repository: Repository) => Promise<void>,
): Promise<void> {
  const repository = await openRepository({
    url: join(shop.directory, 'r.git'),
    directory: '',
    now: Date.now,
  });
  await work(repository);
  await repository.close();
}

test('what is new, who is whose ancestor and where lines part are what git says, whatever the dates', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), fc.nat(), fc.nat(), async (drawn, a, b, c) => {
      const ids = write(shop, drawn);
      const pick = (seed: number): string => ids[seed % ids.length] ?? '';
      const [one, other, third] = [pick(a), pick(b), pick(c)];
      await withRepository(shop, async (repository) => {
        const ours = await repository.commitsBetween([one, third], other);
        const theirs = listed(
          shop.git('-C', 'r.git', 'rev-list', '--topo-order', other, `^${one}`, `^${third}`),
        );
        assert.deepEqual([...ours].sort(), [...theirs].sort());
        assert.equal(ours[0], theirs[0], 'the tip comes first');
        for (const [index, oid] of ours.entries()) {
          const { parents } = await repository.commit(oid);
          for (const parent of parents)
            assert.ok(!ours.slice(0, index).includes(parent), 'a parent never comes before its child');
        }
        assert.equal(
          await repository.isAncestor(one, other),
          listed(shop.git('-C', 'r.git', 'rev-list', other)).includes(one),
        );
        let bases = '';
        try {
          bases = shop.git('-C', 'r.git', 'merge-base', '--all', one, other);
        } catch {
          // Exit code 1: nothing in common.
        }
        assert.deepEqual([...(await repository.mergeBases([one, other]))].sort(), listed(bases).sort());
      });
    }),
    { numRuns: 60 },
  );
});

test('history does not depend on dates: the same commits with all dates turned round give the same answer', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), fc.nat(), async (drawn, a, b) => {
      const turned = drawn.map((each) => ({ ...each, at: 4_102_444_800 - each.at }));
      const answers: number[][] = [];
      for (const version of [drawn, turned]) {
        const ids = write(shop, version);
        await withRepository(shop, async (repository) => {
          const [from = '', to = ''] = [ids[a % ids.length], ids[b % ids.length]];
          answers.push((await repository.commitsBetween([from], to)).map((each) => ids.indexOf(each)));
        });
      }
      assert.deepEqual(answers[0], answers[1]);
    }),
    { numRuns: 20 },
  );
});

test('replace refs, grafts and a list of shallow commits hide nothing that is here', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const [root = '', old = '', , tip = ''] = write(shop, [
    { parents: [], at: 3 },
    { parents: [0], at: 2 },
    { parents: [1], at: 1 },
    { parents: [2], at: 0 },
  ]);
  shop.git('-C', 'r.git', 'replace', '--graft', tip, root);
  shop.gitWith(`${tip}\n`, '-C', 'r.git', 'hash-object', '-w', '--stdin');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(shop.directory, 'r.git/shallow'), `${tip}\n`);
  writeFileSync(join(shop.directory, 'r.git/info/grafts'), `${tip}\n`);
  await withRepository(shop, async (repository) => {
    assert.equal(await repository.isAncestor(old, tip), true);
    assert.equal((await repository.commitsBetween([old], tip)).length, 2);
    assert.equal((await repository.way(null, tip, (_, [first = '']) => first))?.length, 4);
  });
});

test('a history that is cut is refused by name where it would be judged, and can still be shown', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const ids = write(shop, [
    { parents: [], at: 1 },
    { parents: [0], at: 2 },
    { parents: [1], at: 3 },
    { parents: [0], at: 4 },
    { parents: [2, 3], at: 5 },
  ]);
  const [root = '', , main = '', , merge = ''] = ids;
  shop.git(
    'clone',
    '-q',
    '--bare',
    '--depth=2',
    `file://${join(shop.directory, 'r.git')}`,
    'cut.git',
    '-b',
    'r' + String(branch - 1) + '-4',
  );
  const repository = await openRepository({
    url: join(shop.directory, 'cut.git'),
    directory: '',
    now: Date.now,
  });
  const cut = { code: 'git-incomplete', message: /fetch --unshallow/ };
  await assert.rejects(repository.commitsBetween([main], merge), cut);
  await assert.rejects(
    repository.way(null, merge, (_, [first = '']) => first),
    cut,
  );
  await assert.rejects(repository.mergeBases([main, merge]), cut);
  // What is plain without the rest is answered: what stands on the line, and an id nobody has.
  assert.equal(await repository.isAncestor(main, merge), true);
  assert.equal(await repository.isAncestor(root, merge), false);
  assert.equal((await repository.log(merge, { maxCount: 9 })).length, 2);
  await repository.close();
});
