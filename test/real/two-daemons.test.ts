/**
 * Two daemons with data directories of their own over one repository, at the instant between the look of one and its first action: never two orders for one
 * certificate. Real git, sshd and nginx, the embedded CA.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Config } from '../../daemon/config.ts';
import { declarations, missingServers, startEstate, turn, type RealEstate } from './estate.ts';

const working = { heartbeat: true };
const living = { heartbeat: true, living: true };

describe('two daemons that begin at once', { skip: missingServers() ?? false, timeout: 600_000 }, () => {
  let estate: RealEstate;
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', estate.bare, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const at = (name: string, repo = estate.bare): Partial<Config> => ({
    repo,
    dataDirectory: join(estate.root, name),
  });
  const issued = (house: House): number => house.memory.operations.size + house.memory.installations.size;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Begin');
  });
  after(async () => {
    await estate.stop();
  });

  test('a claim that comes second is not pushed over the first: nothing is ordered, and the other is named', async () => {
    // What the other would push at that instant: its first turn on a copy of the repository, without an endpoint to work on.
    const copy = join(estate.root, 'copy.git');
    cpSync(estate.bare, copy, { recursive: true });
    const other = await estate.openHouse({ config: { ...at('other', copy), secrets: {} } });
    await turn(other, living);
    await other.close();
    let raced = false;
    const late = await estate.openHouse({
      config: at('late'),
      crashPoint: (name) => {
        if (name !== 'before publish' || raced) return;
        raced = true;
        git('fetch', '-q', copy, '+refs/heads/renewd/state:refs/heads/renewd/state');
      },
    });
    for (const options of [living, working]) {
      const report = await turn(late, options);
      assert.deepEqual(
        [report.outcomes.length, report.troubles.map((each) => each.code), issued(late)],
        [0, ['another-instance'], 0],
      );
      assert.match(report.troubles[0]?.message ?? '', /instance [0-9a-f]{16} on host .*, heard at /);
    }
    assert.equal(raced, true);
    assert.equal(
      git('rev-parse', 'renewd/state'),
      execFileSync('git', ['-C', copy, 'rev-parse', 'renewd/state'], { encoding: 'utf8' }).trim(),
    );
    await late.close();
    git('update-ref', '-d', 'refs/heads/renewd/state');
    rmSync(join(estate.root, 'late'), { recursive: true });
  });

  test('a run claims the repository before its first action, and takes that back with its last word', async () => {
    const seen: string[] = [];
    const house = await estate.openHouse({
      config: at('run'),
      crashPoint: (name) => {
        if (name !== 'after journal key-generated') return;
        seen.push(git('show', 'renewd/state:heartbeat.json'));
      },
    });
    await turn(house, working);
    await house.close();
    assert.equal(seen.length, 1);
    assert.match(seen[0] ?? '', /"ended": false/);
    assert.match(git('show', 'renewd/state:heartbeat.json'), /"ended": true/);
    const daemon = await estate.openHouse({ config: at('daemon') });
    assert.deepEqual((await turn(daemon, living)).troubles, [], 'nobody waits for a run that ended');
    await daemon.close();
  });
});
