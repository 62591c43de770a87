/** What was corrected on a server is tried when a person asks, without waiting for the schedule. Real git, sshd and nginx; the clock is not moved. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { examine } from '../../daemon/commands/doctor.ts';
import { turnsUntilQuiet } from '../../daemon/commands/once.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

describe('a correction on the server', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    house = await estate.openHouse();
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('is not seen by a turn of the daemon, is named by doctor, and is tried at once by renewd once', async () => {
    estate.nginx.misbehave('test-fails');
    await turn(house);
    assert.equal((await recordOf(estate, 'web/shop')).status, 'failing');
    estate.nginx.misbehave(null);
    assert.deepEqual((await turn(house, { observeAll: true })).planned, [], 'it waits for its time');
    const found = await examine(house, AbortSignal.timeout(60_000));
    assert.match(
      found.find(({ subject }) => subject === 'endpoint web-01')?.message ?? '',
      /installation web\/shop@web-01.*tried now by renewd once/,
    );
    const [first] = await turnsUntilQuiet(house, AbortSignal.timeout(120_000));
    assert.deepEqual(
      first?.outcomes.map(({ state }) => state),
      ['done'],
    );
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });
});
