/** A clock that jumps, against a real endpoint: nothing is issued by it, records keep the right times, and what was issued by a clock that nobody could doubt is replaced. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import {
  declarations,
  missingServers,
  recordOf,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';

const year = 365 * 86_400_000;

describe('the clock', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let offset = 0;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Begin');
  });
  after(async () => {
    await estate.stop();
  });
  const open = async (clockIsWrong: boolean): Promise<House> =>
    estate.openHouse({ clockOffsetMs: () => offset, clockIsWrong });
  const served = async (): Promise<string> => servedFingerprint(estate.nginx.port, 'shop.example.com');

  test('a year ahead and a year behind, running and after a start: nothing is issued, and it is said', async () => {
    let house = await open(true);
    await turn(house);
    const first = await served();
    for (const wrong of [year, -year]) {
      for (const restarted of [false, true]) {
        offset = wrong;
        if (restarted) {
          await house.close();
          house = await open(true);
        }
        const report = await turn(house);
        assert.deepEqual(report.outcomes, []);
        assert.equal(await served(), first);
        assert.match(await stateFile(estate, 'findings/repository.json'), /clock-doubted/);
        const record = await recordOf(estate, 'web/shop');
        assert.equal(record.status, 'ok');
        assert.ok(Math.abs(Date.parse(record.since) - Date.now()) < 3_600_000, record.since);
      }
    }
    offset = 0;
    await turn(house);
    assert.equal(await served(), first);
    assert.doesNotMatch(await stateFile(estate, 'findings/repository.json'), /clock-doubted/);
    await house.close();
  });

  test('a year ahead where nothing could doubt it: once the clock is right, what is not yet valid is replaced', async () => {
    const house = await open(false);
    offset = year;
    await turn(house);
    const ahead = await served();
    offset = 0;
    await turn(house);
    await turn(house);
    assert.notEqual(await served(), ahead);
    const { issued } = (await recordOf(estate, 'web/shop')).installations[0] ?? {};
    assert.ok(Date.parse(issued?.notBefore ?? '') <= Date.now());
    await house.close();
  });
});
