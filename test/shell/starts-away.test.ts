/** A renewd that starts while its repository is away goes on by its journal, as one that runs does. Real git, the real command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openHouse, plainConfig, turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const program = join(import.meta.dirname, '../../bin/renewd');
let houses: Houses;
before(() => {
  houses = makeHouses();
});
after(() => {
  houses.stop();
});

test('a start while the repository is away begins with what was accepted, and reads it once it is back', async () => {
  const open = async () => openHouse(plainConfig(houses.root, houses.bare));
  const once = (data: string) => {
    const words = ['once', '--repo', houses.bare, '--data', join(houses.root, data)];
    const { status, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: 60_000 });
    return { status, stderr };
  };
  const first = await open();
  assert.deepEqual((await turn(first)).troubles, []);
  await first.close();

  renameSync(houses.bare, `${houses.bare}.away`);
  const fresh = once('never');
  assert.equal(fresh.status, 2);
  assert.match(fresh.stderr, /is no Git repository and stands in none.*git init/);
  const known = once('data');
  assert.equal(known.status, 2);
  assert.match(
    known.stderr,
    /git-unavailable: there is no Git repository at .* any more.*this passes by itself/,
  );
  assert.doesNotMatch(known.stderr, /git init/);

  const house = await open();
  try {
    const away = await turn(house);
    assert.deepEqual(
      away.troubles.map(({ code }) => code),
      ['git-unavailable'],
    );
    assert.ok(house.memory.desired?.teams.has('web'));
    renameSync(`${houses.bare}.away`, houses.bare);
    assert.deepEqual((await turn(house)).troubles, []);
  } finally {
    await house.close();
  }
});
