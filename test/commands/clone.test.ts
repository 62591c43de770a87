/** A clone of the watched repository: what reads finds the records that were fetched, and no daemon begins a second life of the estate. The real program, real git. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fetchedBranches, standingBranch } from '../../daemon/core/standing-branch.ts';
import { openSignedEstate, type SignedEstate } from '../shell/signed-estate.ts';

const renewd = join(import.meta.dirname, '../../bin/renewd');
const quarter = `${String(new Date().getUTCFullYear())}-Q${String(Math.floor(new Date().getUTCMonth() / 3) + 1)}`;

describe('a clone of the watched repository', () => {
  let estate: SignedEstate;
  let home = '';
  let forge = '';
  const git = (directory: string, ...words: string[]): string =>
    execFileSync('git', ['-C', directory, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const cloned = (name: string, ...words: string[]): string => {
    const directory = join(home, name);
    execFileSync('git', ['clone', '-q', ...words, `file://${forge}`, directory]);
    writeFileSync(
      join(directory, 'renewd.yaml'),
      `repo: .\nsecrets: { deploy-key: { file: ${join(forge, '../deploy-key')}, for: endpoints, hosts: ['127.0.0.1:*'] } }\n`,
    );
    return directory;
  };
  const run = (directory: string, ...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(renewd, words, {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
      timeout: 120_000,
    });
    return { code: status, out: stdout, err: stderr, all: `${stdout}${stderr}` };
  };

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'renewd-clone-'));
    estate = await openSignedEstate();
    forge = estate.tree.git('remote', 'get-url', 'origin').trim();
  });
  after(async () => {
    await estate.close();
    rmSync(home, { recursive: true, force: true });
  });

  test('whatever reads, reads the fetched records and says so', () => {
    const clone = cloned('reader');
    const tip = git(forge, 'rev-parse', 'renewd/state').trim();
    const status = run(clone, 'status');
    assert.match(status.out, /web\/shop/);
    assert.ok(status.out.includes(`records at ${tip.slice(0, 10)}`), status.all);
    for (const words of [
      ['status'],
      ['status', 'web/shop'],
      ['status', '--at', '2999-01-01'],
      ['diff', '2020-01-01..'],
      ['report', '--period', quarter, '--out', join(home, 'evidence')],
      ['site', '--out', join(home, 'site')],
      ['audit'],
    ]) {
      const { err } = run(clone, ...words);
      assert.match(err, /read from origin\/renewd\/state as this clone last fetched it/, words.join(' '));
      assert.equal(err.match(/last fetched it/g)?.length, 1, words.join(' '));
    }
    assert.match(readFileSync(join(home, 'site/index.html'), 'utf8'), /shop/);
    assert.ok(existsSync(join(home, 'site/certificates/web/shop/index.html')));
  });

  test('no daemon begins there, and each says what to do', () => {
    const clone = cloned('actor');
    for (const words of [['once'], ['daemon'], ['plan'], ['doctor']]) {
      const { code, err } = run(clone, ...words);
      assert.equal(code, 78, `${words.join(' ')}: ${err}`);
      assert.match(err, /is a clone: it fetched the records \(origin\/renewd\/state\)/);
      assert.match(err, /repo: in renewd\.yaml, or --repo/);
      assert.match(err, /git branch renewd\/state origin\/renewd\/state/);
    }
    assert.equal(git(clone, 'for-each-ref', 'refs/heads/renewd'), '');
    assert.ok(!existsSync(join(clone, '.renewd/issuers/internal-ca')), 'no root was made');
  });

  test('under another name of the remote, too', () => {
    const clone = cloned('other-remote', '-o', 'forge');
    assert.equal(run(clone, 'once').code, 78);
    assert.match(run(clone, 'status').err, /read from forge\/renewd\/state/);
  });

  test('a branch of its own that is behind is no reason to begin', async () => {
    const clone = cloned('behind');
    git(clone, 'branch', '-q', 'renewd/state', 'origin/renewd/state');
    estate.tree.commit({ 'inventory/certificates/web/more.yaml': 'nonsense: [' }, 'Something to record', {
      by: estate.people['ada'] ?? null,
    });
    await estate.push();
    git(clone, 'fetch', '-q', 'origin');
    const { code, err } = run(clone, 'once');
    assert.equal(code, 78, err);
    assert.match(err, /older or another one of its own/);
  });

  test('where nothing was fetched, nobody begins or says to begin', () => {
    const clone = cloned('single', '--single-branch');
    const { code, out } = run(clone, 'status');
    assert.equal(code, 1);
    assert.match(out, /git fetch origin/);
    assert.doesNotMatch(out, /renewd once/);
    const once = run(clone, 'once');
    assert.equal(once.code, 78, once.err);
    assert.match(once.err, /git remote set-branches origin '\*' && git fetch origin/);
    git(clone, 'remote', 'set-branches', 'origin', '*');
    git(clone, 'fetch', '-q', 'origin');
    assert.match(run(clone, 'once').err, /it fetched the records/);
  });

  test('as the one source of truth from now on, on purpose, it is let in', () => {
    const clone = cloned('heir');
    git(clone, 'branch', '-q', 'renewd/state', 'origin/renewd/state');
    assert.notEqual(run(clone, 'plan').code, 78);
  });
});

test('a branch here is preferred, then that of origin, then another remote', () => {
  const refs = new Map([
    ['refs/remotes/a/renewd/state', '1'],
    ['refs/remotes/origin/renewd/state', '2'],
    ['refs/remotes/origin/feature/main', '3'],
  ]);
  assert.equal(standingBranch(refs, 'renewd/state')?.tip, '2');
  assert.equal(
    standingBranch(new Map([...refs, ['refs/heads/renewd/state', '4']]), 'renewd/state')?.tip,
    '4',
  );
  assert.equal(standingBranch(refs, 'main'), null);
  refs.delete('refs/remotes/origin/renewd/state');
  assert.equal(standingBranch(refs, 'renewd/state')?.remote, 'a');
  assert.equal(standingBranch(new Map([['refs/tags/renewd/state', '1']]), 'renewd/state'), null);
  assert.deepEqual(
    fetchedBranches(new Map([['refs/remotes/team/forge/renewd/state', '5']]), 'renewd/state').map(
      ({ remote }) => remote,
    ),
    ['team/forge'],
  );
});
