/** The address of the repository was changed and only the declarations were pushed there: the history of the records waits for itself. Real git. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { openHouse, plainConfig, turn } from '../real/estate.ts';
import { team } from './signed-estate.ts';

const homes: string[] = [];

describe('the branch of the records is not in the repository', () => {
  let root = '';
  let work = '';
  let left = '';
  const git = (directory: string, ...words: string[]): string =>
    execFileSync(
      'git',
      ['-C', directory, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words],
      { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] },
    ).trim();
  const turnAt = async (repo: string) => {
    const house = await openHouse(plainConfig(root, repo));
    try {
      return await turn(house);
    } finally {
      await house.close();
    }
  };
  const tipAt = (repo: string): string =>
    git(repo, 'for-each-ref', '--format=%(objectname)', 'refs/heads/renewd');
  const forge = (name: string, ...branches: string[]): string => {
    const directory = join(root, name);
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', directory]);
    git(work, 'push', '-q', directory, ...branches);
    return directory;
  };

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'renewd-lost-line-'));
    homes.push(root);
    work = join(root, 'estate');
    mkdirSync(join(work, 'inventory/teams'), { recursive: true });
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    writeFileSync(join(work, 'inventory/teams/web.yaml'), team('web', "'*.example.com'", []));
    git(work, 'add', '-A');
    git(work, 'commit', '-qm', 'Begin');
    assert.deepEqual((await turnAt(work)).troubles, []);
    left = tipAt(work);
    assert.match(left, /^[0-9a-f]{40}$/);
  });
  after(() => {
    for (const each of homes) rmSync(each, { recursive: true, force: true });
  });

  test('another address with the declarations alone: nothing is written, and the push is named', async () => {
    const other = forge('forge.git', 'main');
    for (let times = 0; times < 2; times++) {
      const { troubles, published } = await turnAt(other);
      assert.deepEqual(
        troubles.map(({ code }) => code),
        ['records-missing'],
      );
      assert.match(troubles[0]?.message ?? '', /git push <forge> renewd\/state/);
      assert.equal(published, null);
      assert.equal(tipAt(other), '');
    }
    git(work, 'push', '-q', other, 'renewd/state');
    assert.deepEqual((await turnAt(other)).troubles, []);
    assert.ok(git(other, 'rev-list', 'renewd/state').includes(left), 'the history goes on');
    assert.equal(git(other, 'ls-tree', '-r', '--name-only', 'renewd/state').includes('findings/'), false);
  });

  test('records first, then declarations, then the address: no word of it', async () => {
    const other = forge('forge.git', 'renewd/state', 'main');
    assert.deepEqual((await turnAt(other)).troubles, []);
    assert.ok(git(other, 'rev-list', 'renewd/state').includes(left));
  });

  test('deleted where it was: it is put back, as before', async () => {
    git(work, 'branch', '-q', '-D', 'renewd/state');
    assert.deepEqual((await turnAt(work)).troubles, []);
    assert.match(tipAt(work), /^[0-9a-f]{40}$/);
  });

  test('no copy is left: begun anew on purpose, by an empty branch', async () => {
    const other = forge('forge.git', 'main');
    const empty = git(
      work,
      'commit-tree',
      '-m',
      'The records are lost',
      git(work, 'hash-object', '-t', 'tree', '/dev/null'),
    );
    git(work, 'hash-object', '-t', 'tree', '-w', '/dev/null');
    git(work, 'push', '-q', other, `${empty}:refs/heads/renewd/state`);
    const { troubles, published } = await turnAt(other);
    assert.deepEqual(troubles, []);
    assert.notEqual(published, null);
    assert.match(git(other, 'show', 'renewd/state:findings/repository.json'), /records-changed/);
  });
});
