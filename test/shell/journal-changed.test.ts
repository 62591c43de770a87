/** A journal that differs from what the records know of it: said over restarts, until an instant that is said too. Real git. */
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const hour = 3_600_000;
const day = 24 * hour;
let houses: Houses;
let house: House;
before(() => {
  houses = makeHouses();
});
after(async () => {
  await house.close();
  houses.stop();
});

const data = (name: string): string => join(houses.root, name);
/** A turn of the daemon after a while; what it says of the journal. */
const said = async (afterMs: number): Promise<string | undefined> => {
  houses.offset += afterMs;
  await turn(house, { observeAll: false, heartbeat: true, living: true });
  const { findings = [] } = house.memory.repositoryRecord ?? {};
  return findings.find(({ code }) => code === 'journal-changed')?.message;
};
const restart = async (): Promise<void> => {
  await house.close();
  house = await houses.open('one', { key: 'shared' });
};
const write = (): void => {
  house.world.journal.append(house.world.now(), 'web/shop@web-01', 'installed', 'something');
};

test('an old copy that was put back is said over a restart, and ends after fourteen days as it says', async () => {
  house = await houses.open('one', { key: 'shared' });
  write();
  assert.equal(await said(0), undefined);
  await house.close();
  cpSync(data('one'), data('early'), { recursive: true });
  house = await houses.open('one', { key: 'shared' });
  write();
  assert.equal(await said(2 * hour), undefined);
  await house.close();
  rmSync(data('one'), { recursive: true });
  cpSync(data('early'), data('one'), { recursive: true });
  // Older than the last heartbeat of the copy that went on: it stands aside for three hours.
  house = await houses.open('one', { key: 'shared' });
  const first = await said(4 * hour);
  assert.match(first ?? '', /its end was cut off, or an old copy was put back; said until \d{4}-/);
  await restart();
  assert.equal(await said(hour), first);
  // The first commit after it put right what is compared: a restart finds nothing more, and takes nothing back.
  await restart();
  assert.equal(await said(12 * day), first);
  assert.equal(await said(2 * day), undefined);
  await restart();
  assert.equal(await said(hour), undefined);
});
