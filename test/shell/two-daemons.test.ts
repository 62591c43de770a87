/** Two daemons with data directories of their own, copies of one, and a run beside a daemon: one works, the other says why it does not. Real git, the embedded CA. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { examine } from '../../daemon/commands/doctor.ts';
import { openHouse, plainConfig, turn } from '../real/estate.ts';

const hour = 3_600_000;
const living = { heartbeat: true, living: true };

describe('two daemons', () => {
  let root: string;
  let bare: string;
  let offset = 0;
  let first: House;
  const tip = (): string =>
    execFileSync('git', ['-C', bare, 'rev-parse', 'renewd/state'], { encoding: 'utf8' });
  const open = async (name: string): Promise<House> =>
    openHouse(
      { ...plainConfig(root, bare), dataDirectory: join(root, name) },
      { clockOffsetMs: () => offset },
    );
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'renewd-two-'));
    bare = join(root, 'estate.git');
    const work = join(root, 'work');
    const team = join(work, 'inventory/teams/web.yaml');
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    mkdirSync(dirname(team), { recursive: true });
    writeFileSync(
      team,
      'apiVersion: renewd/v1\nkind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n',
    );
    const git = ['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    execFileSync('git', [...git, 'add', '-A']);
    execFileSync('git', [...git, 'commit', '-qm', 'Begin']);
    execFileSync('git', [...git, 'push', '-q', bare, 'main']);
    writeFileSync(join(root, 'deploy-key'), 'none');
    first = await open('first');
    assert.deepEqual((await turn(first, living)).troubles, []);
  });
  after(async () => {
    await first.close();
    rmSync(root, { recursive: true, force: true });
  });

  test('a second one with another data directory changes and records nothing, and names the first', async () => {
    const second = await open('second');
    const standing = tip();
    for (const options of [living, { heartbeat: true }]) {
      const report = await turn(second, options);
      assert.equal(report.troubles[0]?.code, 'another-instance');
      assert.match(report.troubles[0]?.message ?? '', /instance [0-9a-f]{16} on host/);
    }
    assert.equal(tip(), standing);
    const signal = AbortSignal.timeout(60_000);
    const said = (await examine(second, signal)).find((each) => each.subject === 'other daemons');
    assert.equal(said?.code, 'another-instance');
    assert.deepEqual((await turn(first, living)).troubles, []);
    assert.ok((await examine(first, signal)).find((each) => each.subject === 'other daemons')?.ok);
    await second.close();
  });

  test('the same data directory after a start goes on at once', async () => {
    await first.close();
    first = await open('first');
    assert.deepEqual((await turn(first, living)).troubles, []);
  });

  test('a copy of the data directory and its original: whoever was heard last works, the other stands by', async () => {
    await first.close();
    cpSync(join(root, 'first'), join(root, 'copy'), { recursive: true });
    first = await open('first');
    offset = 2 * hour;
    assert.deepEqual((await turn(first, living)).troubles, []);
    const copy = await open('copy');
    const report = await turn(copy, living);
    assert.match(report.troubles[0]?.message ?? '', /a copy of this data directory/);
    await copy.close();
  });

  test('when the first was silent for three hours the second takes over', async () => {
    const second = await open('second');
    offset += 3 * hour - 60_000;
    assert.equal((await turn(second, living)).troubles.length, 1);
    offset += 2 * 60_000;
    assert.deepEqual((await turn(second, living)).troubles, []);
    await second.close();
  });
});
