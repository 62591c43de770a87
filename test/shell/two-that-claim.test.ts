/** Two that both work on one repository, one that waits, forged heartbeats, and starts after a crash: who stops, who is named, who goes on. Real git. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Heartbeat, RepositoryFindings } from '../../daemon/core/record-format.ts';
import type { TurnReport } from '../../daemon/cycle.ts';
import { leave } from '../../daemon/shell/beats.ts';
import { nextNonce } from '../../daemon/shell/instances.ts';
import { turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const minute = 60_000;
const hour = 60 * minute;
const signal = AbortSignal.timeout(600_000);

describe('two that claim', () => {
  let houses: Houses;
  let open: House[];
  const start = async (
    name: string,
    options: { key?: string; ahead?: () => number } = {},
  ): Promise<House> => {
    const house = await houses.open(name, options);
    Object.assign(house.estate.state, { instance: `host-of-${name}` });
    open.push(house);
    return house;
  };
  const end = async (house: House): Promise<void> => {
    open = open.filter((each) => each !== house);
    await house.close();
  };
  const live = async (house: House): Promise<TurnReport> => {
    // Time passes between any two turns: nothing may hang on the same second.
    houses.offset += 1500;
    return turn(house, { heartbeat: true, living: true });
  };
  const codes = (report: TurnReport): string[] => report.troubles.map((each) => each.code);
  const findings = (): RepositoryFindings['findings'] => {
    try {
      return houses.read<RepositoryFindings>('findings/repository.json').findings;
    } catch {
      return [];
    }
  };
  const found = (code: string): string[] =>
    findings()
      .filter((each) => each.code === code)
      .map((each) => each.message);
  const commits = (): string => houses.git('rev-list', '--count', 'renewd/state');
  beforeEach(() => {
    houses = makeHouses();
    open = [];
  });
  afterEach(async () => {
    for (const house of open) await house.close();
    houses.stop();
  });

  /** A data directory and its copy, both at work. */
  const cloned = async (): Promise<readonly [House, House]> => {
    const before = await start('one', { key: 'shared' });
    assert.deepEqual(codes(await live(before)), []);
    await end(before);
    cpSync(join(houses.root, 'one'), join(houses.root, 'copy'), { recursive: true });
    const one = await start('one', { key: 'shared' });
    assert.deepEqual(codes(await live(one)), []);
    houses.offset += 2000;
    const copy = await start('copy', { key: 'shared' });
    assert.deepEqual(codes(await live(copy)), []);
    houses.offset += 61 * minute;
    assert.deepEqual(codes(await live(copy)), [], 'its beat is the newest');
    return [one, copy];
  };

  test('both stop, and one finding in the same words names both hosts, since when, and what to do', async () => {
    const [one, copy] = await cloned();
    assert.deepEqual(codes(await live(one)), ['another-instance']);
    const [said] = found('another-instance');
    assert.match(said ?? '', /host host-of-copy, since 20\S+Z/);
    assert.match(said ?? '', /host host-of-one, since 20\S+Z/);
    assert.match(said ?? '', /End one of them \(SIGTERM\) and the other goes on/);
    const second = await live(copy);
    assert.deepEqual(codes(second), ['another-instance']);
    assert.match(second.troubles[0]?.message ?? '', /on host host-of-one, since .*both have stopped/);
    assert.deepEqual(found('another-instance'), [said]);
    const standing = commits();
    for (const house of [one, copy, copy, one])
      assert.deepEqual(codes(await live(house)), ['another-instance']);
    assert.equal(commits(), standing, 'they do not write about it in turns');
    houses.offset += 61 * minute;
    for (const house of [one, copy, one, copy])
      assert.deepEqual(codes(await live(house)), ['another-instance']);
    assert.deepEqual(found('another-instance'), [said], 'an hour later it says the same');
  });

  test('whoever ends says so: the other goes on at once, and the finding is gone', async () => {
    for (const leaves of [0, 1]) {
      const pair = await cloned();
      await live(pair[0]);
      await live(pair[1]);
      const [goes, stays] = leaves === 0 ? pair : [pair[1], pair[0]];
      await leave(goes, signal);
      await end(goes);
      assert.deepEqual(codes(await live(stays)), []);
      assert.deepEqual(found('another-instance'), []);
      await end(stays);
      for (const name of ['one', 'copy']) rmSync(join(houses.root, name), { recursive: true });
      houses.git('update-ref', '-d', 'refs/heads/renewd/state');
    }
  });

  test('one that starts again has claimed nothing: it waits, and the other goes on', async () => {
    for (const again of ['one', 'copy'] as const) {
      const [one, copy] = await cloned();
      await live(one);
      await live(copy);
      const stays = again === 'one' ? copy : one;
      await end(again === 'one' ? one : copy);
      const restarted = await start(again, { key: 'shared' });
      assert.deepEqual(codes(await live(restarted)), ['another-instance']);
      assert.deepEqual(codes(await live(stays)), [], again);
      assert.deepEqual(found('another-instance'), []);
      assert.deepEqual(codes(await live(restarted)), ['another-instance']);
      assert.deepEqual(codes(await live(stays)), []);
      await end(stays);
      await end(restarted);
      for (const name of ['one', 'copy']) rmSync(join(houses.root, name), { recursive: true });
      houses.git('update-ref', '-d', 'refs/heads/renewd/state');
    }
  });

  test('when nobody comes for three hours the later one gives way, and only then the earlier one goes on', async () => {
    const [one, copy] = await cloned();
    for (let passed = 0; passed < 3 * hour; passed += 30 * minute) {
      for (const house of [one, copy]) assert.deepEqual(codes(await live(house)), ['another-instance']);
      houses.offset += 30 * minute;
    }
    const states: string[] = [];
    for (let turns = 0; turns < 4; turns++) {
      states.push(`${codes(await live(one)).join()}|${codes(await live(copy)).join()}`);
      houses.offset += minute;
    }
    assert.equal(states.at(-1), '|another-instance', states.join(' '));
    assert.ok(!states.includes('|'), 'never both');
    assert.deepEqual(found('another-instance'), []);
  });

  test('one that waits is named by the one that works, which goes on; it takes over when that one ends', async () => {
    const first = await start('first', { key: 'shared' });
    await live(first);
    const second = await start('second', { key: 'shared' });
    assert.deepEqual(codes(await live(second)), ['another-instance']);
    assert.deepEqual(codes(await live(first)), []);
    assert.match(found('instance-waits')[0] ?? '', /host host-of-second waits since 20\S+Z/);
    const standing = commits();
    for (const house of [second, first, second, first]) await live(house);
    assert.equal(commits(), standing);
    await leave(first, signal);
    await end(first);
    assert.deepEqual(codes(await live(second)), []);
    assert.deepEqual(found('instance-waits'), []);
    assert.equal(houses.read<Heartbeat>('heartbeat.json').instance, 'host-of-second');
  });

  test('a daemon that is killed and starts again, whatever pushes got no answer, is never taken for two', async () => {
    for (let starts = 0; starts < 5; starts++) {
      const house = await start('first', { key: 'shared' });
      const report = await live(house);
      assert.deepEqual(codes(report), []);
      // Pushes that got no answer: each try marks a beat.
      for (let tries = 0; tries < 200; tries++) nextNonce(house.world.journal, house.memory.presence);
      await end(house);
    }
    assert.equal(commits(), '1');
  });

  test('a clock that is a year ahead or behind hides no daemon', async () => {
    for (const ahead of [365 * 24 * hour, -365 * 24 * hour]) {
      const first = await start('first', { key: 'shared' });
      await live(first);
      const wrong = await start('wrong', { key: 'shared', ahead: () => ahead });
      await live(wrong);
      assert.ok(codes(await live(first)).length + codes(await live(wrong)).length > 0, 'not both');
      await end(first);
      await end(wrong);
      for (const name of ['first', 'wrong']) rmSync(join(houses.root, name), { recursive: true });
      houses.git('update-ref', '-d', 'refs/heads/renewd/state');
    }
  });

  /** A heartbeat pushed by somebody who may push, and whose key is nobody's. */
  const forge = (text: (old: string) => string): void => {
    const work = mkdtempSync(join(tmpdir(), 'renewd-forge-'));
    const git = (...words: string[]): string =>
      execFileSync('git', ['-C', work, '-c', 'user.name=M', '-c', 'user.email=m@example.com', ...words], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    execFileSync('git', ['clone', '-q', '-b', 'renewd/state', houses.bare, work]);
    writeFileSync(join(work, 'heartbeat.json'), text(git('show', 'HEAD:heartbeat.json')));
    git('commit', '-qam', 'heartbeat');
    git('push', '-q', 'origin', 'HEAD:renewd/state');
    rmSync(work, { recursive: true });
  };
  const forgery = (old: string): string => {
    const beat = JSON.parse(old) as Heartbeat;
    const stranger = { id: 'ffffffffffffffff', nonce: '0000000000000001', instance: 'host-of-mallory' };
    return JSON.stringify({ ...beat, ...stranger, since: beat.at, ended: false }, null, 2);
  };

  test('a forged heartbeat stops nobody, as the one that works or beside it, and is named', async () => {
    const first = await start('first');
    await live(first);
    forge(forgery);
    assert.deepEqual(codes(await live(first)), []);
    const named = found('records-changed').filter((each) => each.includes('host-of-mallory'));
    assert.match(named[0] ?? '', /instance ffffffffffffffff on host host-of-mallory.*nothing stops for it/);
    forge((old) => {
      const { id, nonce, instance, since, at } = JSON.parse(forgery(old)) as Heartbeat;
      return JSON.stringify({ ...JSON.parse(old), beside: { id, nonce, instance, since, at, claims: true } });
    });
    assert.deepEqual(codes(await live(first)), []);
    assert.equal(houses.read<Heartbeat>('heartbeat.json').beside, undefined);
    await end(first);
    const again = await start('first');
    forge(forgery);
    assert.deepEqual(codes(await live(again)), [], 'also after a start');
  });

  test('where allowed_signers names a key of renewd, a forged heartbeat does not stop a new data directory either', async () => {
    const first = await start('first', { key: 'listed' });
    houses.commit({ 'policies/allowed_signers': `renewd namespaces="git" ${houses.publicKey('listed')}\n` });
    await live(first);
    await end(first);
    // What the first one signed is old by now; what is forged is not.
    houses.offset += 4 * hour;
    const at = new Date(Date.now() + houses.offset).toISOString().replace(/\.\d+/, '');
    forge((old) => JSON.stringify({ ...JSON.parse(forgery(old)), at }));
    const anew = await start('anew', { key: 'listed' });
    assert.deepEqual(codes(await live(anew)), []);
  });

  test('a second one with a key that nobody lists gives way, and leaves no trace on the branch', async () => {
    const first = await start('first');
    await live(first);
    const standing = commits();
    const second = await start('second');
    assert.deepEqual(codes(await live(second)), ['another-instance']);
    await leave(second, signal);
    assert.deepEqual(codes(await live(first)), []);
    assert.equal(commits(), standing);
  });
});
