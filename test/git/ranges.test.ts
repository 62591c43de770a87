/** Ranges of history and revisions, beside what git itself says of the same repository. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { writeLoose } from '../shell/foreign-commits.ts';

const directory = mkdtempSync(join(tmpdir(), 'renewd-ranges-'));
const signal = AbortSignal.timeout(30_000);
let repository: Repository;
let clock = 1_790_000_000;

function git(...words: string[]): string {
  const date = `${String(clock++)} +0000`;
  return execFileSync('git', words, {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    },
  }).trim();
}
const commit = (message: string): string => {
  git('commit', '-q', '--allow-empty', '-m', message);
  return git('rev-parse', 'HEAD');
};

before(async () => {
  git('init', '-q', '-b', 'main');
  for (const name of ['one', 'two', 'three']) commit(name);
  git('checkout', '-q', '-b', 'side', 'HEAD~1');
  commit('side one');
  commit('side two');
  git('checkout', '-q', 'main');
  commit('four');
  git('merge', '-q', '--no-ff', '-m', 'merge side', 'side');
  commit('five');
  git('tag', '-a', '-m', 'v1', 'v1');
  git('checkout', '-q', '-b', 'other', 'main~2');
  commit('other one');
  repository = await openRepository({ url: directory, directory: join(directory, 'unused'), now: Date.now });
});
after(async () => {
  await repository.close();
  rmSync(directory, { recursive: true, force: true });
});

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

test('what one has and another has not is what git rev-list says', async () => {
  for (const [from, to] of [
    ['main~3', 'main'],
    ['side', 'main'],
    ['main', 'side'],
    ['main', 'other'],
    ['other', 'main'],
    ['main', 'main'],
  ] as const) {
    const ours = await repository.commitsBetween([git('rev-parse', from)], git('rev-parse', to));
    const theirs = lines(git('rev-list', `${from}..${to}`));
    assert.deepEqual([...ours].sort(), theirs.sort(), `${from}..${to}`);
  }
});

test('a way goes where the commit it comes from is, and asks where several parents hold it', async () => {
  const at = (name: string): string => git('rev-parse', name);
  const first = (_: string, [one = '']: readonly string[]): string => one;
  assert.deepEqual(
    await repository.way(at('main~3'), at('main'), first),
    lines(git('rev-list', '--first-parent', '--reverse', 'main~3..main')),
  );
  // It came in from the side: the way leads there, whatever the order of parents, and nobody is asked.
  const way = await repository.way(at('side'), at('main'), () => assert.fail('nobody is asked'));
  const steps = way ?? [];
  assert.equal(steps.at(-1), at('main'));
  for (const [index, oid] of steps.entries())
    assert.ok(
      lines(git('show', '-s', '--format=%P', oid).replaceAll(' ', '\n')).includes(
        steps[index - 1] ?? at('side'),
      ),
    );
  assert.equal(await repository.way(at('main'), at('main~1'), first), null);
  assert.deepEqual(
    await repository.way(null, at('main'), first, 2),
    lines(git('rev-list', '--first-parent', '--reverse', '-2', 'main')),
  );
  assert.deepEqual(await repository.independent([at('main~1'), at('main'), at('main~2')]), [at('main')]);
  assert.deepEqual(
    [...(await repository.beginnings(at('main')))].sort(),
    lines(git('rev-list', '--max-parents=0', 'main')).sort(),
  );
});

test('the merge base is what git says', async () => {
  for (const [one, other] of [
    ['main', 'other'],
    ['side', 'other'],
    ['main', 'side'],
    ['main', 'main~4'],
  ] as const) {
    assert.equal(
      await repository.mergeBase(git('rev-parse', one), git('rev-parse', other)),
      git('merge-base', one, other),
      `${one} ${other}`,
    );
  }
});

test('revisions as people write them', async () => {
  for (const text of [
    'main',
    'HEAD',
    'main~2',
    'main^',
    'main~1^2',
    'v1',
    'refs/heads/side',
    'side~1^',
    git('rev-parse', 'side'),
    git('rev-parse', '--short=10', 'other'),
  ]) {
    assert.equal(await repository.resolve(text, signal), git('rev-parse', `${text}^{commit}`), text);
  }
  for (const text of ['nothing', 'main~99', 'main^3', '0000000', 'main:file', '--all', '']) {
    assert.equal(await repository.resolve(text, signal), null, text);
  }
});

/** A commit written past every check of git. */
function raw(tree: string, parents: readonly string[], message: string): string {
  const who = 'a <a@example.com> 1790000000 +0000';
  const lines = parents.map((each) => `parent ${each}\n`).join('');
  const text = `tree ${tree}\n${lines}author ${who}\ncommitter ${who}\n\n${message}\n`;
  return writeLoose(join(directory, '.git'), 'commit', text);
}

test('a commit that breaks a bound hides nothing of the history behind it', async () => {
  const [from = '', tip = '', tree = ''] = lines(git('rev-parse', 'main~1', 'main', 'main^{tree}'));
  const sides = Array.from({ length: 300 }, (_, at) =>
    raw(tree, at < 40 ? [from] : [], `side ${String(at)}`),
  );
  const big = 'x'.repeat(17 * 1024 * 1024);
  const asked: number[] = [];
  const prefer = (_: string, among: readonly string[]): string => {
    asked.push(among.length);
    return among.includes(tip) ? tip : (among[0] ?? '');
  };
  for (const broken of [
    raw(tree, [...sides, tip], 'wide, and the branch as its last side'),
    raw(tree, [tip], big),
    raw(tree, [tip.toUpperCase()], 'a parent in upper case'),
    raw(tree, [tip, raw(tree, [from], big)], 'a side that is too large'),
    raw(tree, [tip, raw(tree, [...sides.slice(0, 17), from], 'wide')], 'a side that is too wide'),
  ]) {
    const top = raw(tree, [broken], 'on top');
    assert.deepEqual(await repository.way(from, top, prefer), [tip, broken, top]);
    assert.equal(await repository.isAncestor(from, top), true);
    assert.ok((await repository.commitsBetween([tip], top)).includes(broken));
    assert.deepEqual((await repository.beginnings(tip)).length, 1);
    assert.ok((await repository.log(top, { maxCount: 5 })).length >= 3);
  }
  assert.ok(
    asked.every((each) => each <= limits.git.parentsMax),
    asked.join(),
  );
  // Nobody but whoever judges them is told that they are as they are.
  await assert.rejects(repository.commit(raw(tree, [...sides.slice(0, 16), tip], 'wide')), {
    code: 'git-malformed',
  });
});
