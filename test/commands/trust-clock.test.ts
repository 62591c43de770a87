/** What a person is told to do about a clock that is not believed works while the daemon runs: it is always a daemon that says so. Real git, the real command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { takeInstanceLock } from '../../daemon/journal/instance-lock.ts';
import { openHouse, plainConfig, turn } from '../real/estate.ts';

const program = join(import.meta.dirname, '../../bin/renewd');
const root = mkdtempSync(join(tmpdir(), 'renewd-trust-'));
const estate = join(root, 'estate.git');
const work = join(root, 'work');

before(() => {
  mkdirSync(work);
  writeFileSync(join(root, 'deploy-key'), 'none');
  for (const words of [
    ['init', '-q', '--bare', '-b', 'main', estate],
    ['init', '-q', '-b', 'main', work],
    [
      '-C',
      work,
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@example.com',
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      'Begin',
    ],
    ['-C', work, 'push', '-q', estate, 'main'],
  ])
    assert.equal(spawnSync('git', words).status, 0);
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

test('renewd once --trust-clock tells a daemon that works, and renewd once says how to ask it', async () => {
  const config = plainConfig(root, estate);
  let offset = 0;
  const house = await openHouse(config, { clockOffsetMs: () => offset, clockIsWrong: true });
  // As a process of its own holds it.
  const lock = takeInstanceLock(config.dataDirectory);
  const doubted = async (): Promise<boolean> => {
    await turn(house);
    const { findings = [] } = house.memory.repositoryRecord ?? {};
    return findings.some(({ code }) => code === 'clock-doubted');
  };
  const renewd = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      program,
      ['once', '--repo', estate, '--data', config.dataDirectory, ...words],
      { encoding: 'utf8', timeout: 60_000 },
    );
    return { status, stdout, stderr };
  };
  try {
    assert.equal(await doubted(), false);
    offset = 86_400_000;
    assert.equal(await doubted(), true);
    const plain = renewd();
    assert.equal(plain.status, 75);
    assert.match(plain.stderr, /SIGHUP/);
    assert.doesNotMatch(plain.stderr, /directory with --data/);
    assert.equal(await doubted(), true);
    const trusting = renewd('--trust-clock');
    assert.equal(trusting.status, 0, trusting.stderr);
    assert.match(trusting.stderr, /believes its clock from its next turn on/);
    assert.equal(await doubted(), false);
    assert.equal(house.world.journal.verify(), null);
  } finally {
    lock?.release();
    await house.close();
  }
});
