/** Names of revisions that somebody else may push: a name means one thing, or nothing. Beside what git keeps on disk. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { branchTip } from '../../daemon/commands/open-history.ts';
import { isRefName } from '../../daemon/git/refs.ts';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { OperationError } from '../../daemon/ports/failure.ts';

const root = mkdtempSync(join(tmpdir(), 'renewd-revision-'));
const directory = join(root, 'repository');
const signal = AbortSignal.timeout(60_000);
let repository: Repository;
let good = '';
let evil = '';

function git(...words: string[]): string {
  return execFileSync('git', words, {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: root,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
    },
  }).trim();
}

before(async () => {
  mkdirSync(directory);
  git('init', '-q', '-b', 'main');
  git('commit', '-q', '--allow-empty', '-m', 'good');
  good = git('rev-parse', 'HEAD');
  git('commit', '-q', '--allow-empty', '-m', 'evil');
  evil = git('rev-parse', 'HEAD');
  git('reset', '-q', '--hard', good);
  repository = await openRepository({ url: directory, directory, now: Date.now });
});
after(async () => {
  await repository.close();
  rmSync(root, { recursive: true, force: true });
});

describe('a name that two things have', () => {
  const pairs: readonly (readonly [string, string, string])[] = [
    ['origin/main', 'refs/remotes/origin/main', 'refs/tags/origin/main'],
    ['origin/dev', 'refs/remotes/origin/dev', 'refs/heads/origin/dev'],
    ['release', 'refs/heads/release', 'refs/tags/release'],
    ['heads/twin', 'refs/heads/twin', 'refs/heads/heads/twin'],
    ['tags/v9', 'refs/tags/v9', 'refs/heads/tags/v9'],
    ['remotes/origin/x', 'refs/remotes/origin/x', 'refs/tags/remotes/origin/x'],
  ];
  for (const [name, wanted, pushed] of pairs) {
    test(`${name}: what the tag or branch of a stranger says is not taken`, async () => {
      git('update-ref', wanted, good);
      assert.equal(await repository.resolve(name, signal), good);
      git('update-ref', pushed, evil);
      await assert.rejects(repository.resolve(name, signal), (error) => {
        assert.ok(error instanceof OperationError);
        assert.equal(error.code, 'unsupported');
        assert.ok(error.message.includes(wanted) && error.message.includes(pushed), error.message);
        return true;
      });
      await assert.rejects(repository.resolve(`${name}~0`, signal), OperationError);
      assert.equal(await repository.resolve(wanted, signal), good, 'the full name is not ambiguous');
      git('update-ref', '-d', pushed);
      git('update-ref', '-d', wanted);
    });
  }

  test('a branch called as the beginning of an id', async () => {
    const beginning = good.slice(0, 8);
    assert.equal(await repository.resolve(beginning, signal), good);
    git('update-ref', `refs/heads/${beginning}`, evil);
    await assert.rejects(repository.resolve(beginning, signal), OperationError);
    git('update-ref', '-d', `refs/heads/${beginning}`);
  });

  test('a branch called as a whole id, or HEAD, never stands for it', async () => {
    git('update-ref', `refs/heads/${good}`, evil);
    git('update-ref', 'refs/tags/HEAD', evil);
    assert.equal(await repository.resolve(good, signal), good);
    assert.equal(await repository.resolve('HEAD', signal), good);
    assert.equal(await repository.resolve('f'.repeat(40), signal), null);
    git('update-ref', '-d', `refs/heads/${good}`);
    git('update-ref', '-d', 'refs/tags/HEAD');
  });

  test('the branch of records is asked by its full name: a tag of that name is not it', async () => {
    git('update-ref', 'refs/tags/renewd/state', evil);
    assert.equal(await branchTip(repository, 'renewd/state', signal), null);
    git('update-ref', 'refs/remotes/origin/renewd/state', good);
    assert.equal(await branchTip(repository, 'renewd/state', signal), good);
    git('update-ref', '-d', 'refs/tags/renewd/state');
  });
});

test('a name is never a path to another file', async () => {
  writeFileSync(join(root, 'outside'), `${evil}\n`);
  writeFileSync(join(directory, '.git', 'SECRET'), `${evil}\n`);
  for (const name of [
    '../../outside',
    'refs/../../../outside',
    'refs/heads/../../SECRET',
    'heads/../../SECRET',
    'SECRET',
    'ORIG_HEAD/../SECRET',
    join(root, 'outside'),
    'refs/heads/main/../../../SECRET',
    'refs//heads//main',
    'refs/heads/main/',
    'refs/heads/.hidden',
    'refs/heads/main.lock',
    'refs/heads/a\u0000b',
    '../../../../etc/passwd',
  ]) {
    assert.equal(await repository.resolve(name, signal), null, name);
  }
});

test('names of references are what git check-ref-format takes', () => {
  for (const name of [
    'refs/heads/main',
    'refs/heads/a/b',
    'refs/heads/a..b',
    'refs/heads/.a',
    'refs/heads/a.lock',
    'refs/heads/a.lock/b',
    'refs/heads/a/',
    'refs/heads//a',
    'refs/heads/a.',
    'refs/heads/a b',
    'refs/heads/a~b',
    'refs/heads/a^b',
    'refs/heads/a:b',
    'refs/heads/a?b',
    'refs/heads/a*b',
    'refs/heads/a[b',
    'refs/heads/a\\b',
    'refs/heads/a@{b',
    'refs/heads/@',
    'refs/heads/-a',
    'refs/heads/\u007fa',
    'refs/heads/\u0085a',
    'refs/heads/ü',
    'refs/heads/a.b/c..d',
    'refs/heads/a/.b',
    'refs/h',
    'refs/',
  ]) {
    let allowed = true;
    try {
      git('check-ref-format', name);
    } catch {
      allowed = false;
    }
    // C1 controls are bytes above 0x7f to git and controls to a terminal: we refuse them too.
    if (name.includes('\u0085')) allowed = false;
    assert.equal(isRefName(name), allowed, JSON.stringify(name));
  }
});
