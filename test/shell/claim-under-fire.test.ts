/**
 * Somebody without a key pushes to the branch of the records whenever a daemon would say there that it works: it says so all the same, or goes on by what it said before.
 * Two that really work there stop as ever, also where somebody writes over what they say. Real git.
 */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Heartbeat } from '../../daemon/core/record-format.ts';
import { claim } from '../../daemon/shell/claim.ts';
import { turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const minute = 60_000;
const signal = AbortSignal.timeout(600_000);

describe('a claim under fire', () => {
  let houses: Houses;
  let open: House[];
  const start = async (name: string, key = 'shared'): Promise<House> => {
    const house = await houses.open(name, { key });
    Object.assign(house.estate.state, { instance: `host-of-${name}` });
    open.push(house);
    return house;
  };
  const end = async (house: House): Promise<void> => {
    open = open.filter((each) => each !== house);
    await house.close();
  };
  const live = async (house: House): Promise<string[]> => {
    houses.offset += 1500;
    const { troubles } = await turn(house, { heartbeat: true, living: true });
    return troubles.map((each) => each.code);
  };
  /** Somebody pushes each time the daemon is about to: before it reads the tip, or between that and its own push, which is lost then. Returns how often. */
  const underFire = (house: House, when: 'before it reads' | 'before it pushes'): (() => number) => {
    const { repository } = house.estate.state;
    let shots = 0;
    const shoot = (): void => {
      houses.harm({ 'heartbeat.json': `shot ${String(++shots)}` });
    };
    const publish: typeof repository.publish = (request, until) => {
      if (when === 'before it reads') shoot();
      const edit: typeof request.edit = async (tip) => {
        const edits = await request.edit(tip);
        if (when === 'before it pushes') shoot();
        return edits;
      };
      return repository.publish({ ...request, edit }, until);
    };
    Object.assign(house.estate.state, { repository: { ...repository, publish } });
    return () => shots;
  };
  const claimOf = ({ world, estate, memory }: House): Promise<string | null> =>
    claim(world, estate, memory, signal);
  const beat = (): string | undefined => houses.read<Heartbeat>('heartbeat.json').nonce;
  beforeEach(() => {
    houses = makeHouses();
    open = [];
  });
  afterEach(async () => {
    for (const house of open) await house.close();
    houses.stop();
  });

  test('what no key that counts signed keeps nobody from claiming, whoever pushes just before', async () => {
    const house = await start('one');
    assert.deepEqual(await live(house), []);
    const before = beat();
    houses.offset += 61 * minute;
    const shots = underFire(house, 'before it reads');
    assert.equal(await claimOf(house), null);
    assert.equal(shots(), 1, 'at the first try');
    assert.notEqual(beat(), before, 'it stands there, over what somebody wrote');
    assert.deepEqual(await live(house), [], 'and the next turn knows it as its own');
  });

  test('where every push is lost, a claim of before goes on counting, also after a restart', async () => {
    const house = await start('one');
    assert.deepEqual(await live(house), []);
    houses.offset += 61 * minute;
    underFire(house, 'before it pushes');
    assert.equal(await claimOf(house), null);
    await end(house);
    const again = await start('one');
    houses.offset += 61 * minute;
    underFire(again, 'before it pushes');
    await live(again);
    assert.equal(again.memory.heard?.ours, true, 'what somebody wrote over it is not what is heard');
    assert.equal(await claimOf(again), null);
  });

  test('a new data directory that cannot say that it works there changes nothing, and says who has to do what', async () => {
    const first = await start('one');
    assert.deepEqual(await live(first), []);
    await end(first);
    houses.offset += 4 * 60 * minute;
    const anew = await start('anew');
    underFire(anew, 'before it pushes');
    await live(anew);
    assert.match(
      (await claimOf(anew)) ?? '',
      /others pushed .* nothing is changed in this turn.* let only renewd/,
    );
  });

  test('somebody writes over the heartbeat of one that works: a second one stands by all the same', async () => {
    const first = await start('one');
    assert.deepEqual(await live(first), []);
    houses.harm({ 'heartbeat.json': 'x' });
    const second = await start('two');
    assert.deepEqual(await live(second), ['another-instance']);
    houses.harm({ 'heartbeat.json': null });
    assert.deepEqual(await live(second), ['another-instance']);
    assert.deepEqual(await live(first), []);
  });

  test('two that claim both stop, also where somebody hides what each says from the other', async () => {
    const before = await start('one');
    await live(before);
    await end(before);
    cpSync(join(houses.root, 'one'), join(houses.root, 'copy'), { recursive: true });
    const one = await start('one');
    assert.deepEqual(await live(one), []);
    const copy = await start('copy');
    assert.deepEqual(await live(copy), []);
    houses.offset += 61 * minute;
    assert.deepEqual(await live(copy), []);
    houses.harm({ 'heartbeat.json': null });
    assert.deepEqual(await live(one), ['another-instance']);
    houses.harm({ 'heartbeat.json': 'x' });
    assert.deepEqual(await live(copy), ['another-instance']);
    assert.deepEqual(await live(one), ['another-instance']);
  });
});
