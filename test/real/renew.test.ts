/** Somebody asks for a new key: it is made, installed and proved once, and what was served stays until then. Real sshd, nginx and git; the command as people run it. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

describe('renewd renew', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
  });
  after(() => estate.stop());

  const ask = (...words: string[]): void => {
    const clone = join(estate.root, 'clone');
    const run = (...git: string[]): void => {
      const { status, stderr } = spawnSync('git', git, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    };
    run('clone', '-q', estate.bare, clone);
    const { status, stdout, stderr } = spawnSync(
      join(import.meta.dirname, '../../bin/renewd'),
      ['renew', 'web/shop', '--dir', clone, ...words],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout + stderr);
    run(
      '-C',
      clone,
      '-c',
      'user.name=ada',
      '-c',
      'user.email=ada@example.com',
      'commit',
      '-qam',
      'Replace web/shop',
    );
    run('-C', clone, 'push', '-q', 'origin', 'HEAD:main');
    spawnSync('rm', ['-rf', clone]);
  };
  const served = (): X509Certificate => new X509Certificate(readFileSync(estate.nginx.certificate));
  const publicKey = (): string => served().publicKey.export({ type: 'spki', format: 'pem' }) as string;

  test('a new key and certificate, once, over a restart and with a clock behind', async () => {
    // The person's clock is right; the daemon's is ten minutes behind all the time.
    let offset = -600_000;
    const options = { clockOffsetMs: () => offset, clockIsWrong: true };
    let house = await estate.openHouse(options);
    try {
      assert.equal((await turn(house)).outcomes[0]?.state, 'done');
      const [key, serial] = [publicKey(), served().serialNumber];
      ask('--because', 'the key was copied');
      const report = await turn(house);
      const because = 'a new key was asked for: the key was copied';
      // A wish of a moment that our clock has not reached waits for it.
      assert.deepEqual(report.outcomes, []);
      offset = -1000;
      const then = await turn(house);
      assert.equal(then.outcomes[0]?.state, 'done', then.outcomes[0]?.failure?.message);
      assert.equal(then.outcomes[0]?.action.because, because);
      assert.notEqual(publicKey(), key);
      assert.notEqual(served().serialNumber, serial);
      const record = await recordOf(estate, 'web/shop');
      assert.equal(record.status, 'ok');
      assert.equal(record.installations[0]?.issued?.because, because);
      const renewed = served().serialNumber;
      assert.deepEqual((await turn(house)).outcomes, []);
      await house.close();
      house = await estate.openHouse(options);
      assert.deepEqual((await turn(house)).outcomes, []);
      assert.equal(served().serialNumber, renewed);
    } finally {
      await house.close();
    }
  });
});
