/** What a turn leaves behind is taken up by the next one, at once and as it was: real git, sshd and nginx, the embedded CA. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Journal } from '../../daemon/journal/journal.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

describe('what a turn leaves behind', { skip: missingServers() ?? false }, () => {
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

  test('an operation whose turn ended by the journal is gone on with, and nothing is issued twice', async () => {
    const { journal } = house.world;
    let isFull = false;
    const write = <T extends readonly unknown[]>(work: (...given: T) => void) => {
      return (...given: T): void => {
        if (isFull)
          throw new OperationError('journal-unavailable', 'the disk is full', { disposition: 'retry' });
        work(...given);
      };
    };
    const full: Journal = {
      ...journal,
      atomically: write(journal.atomically),
      saveAttempt: write(journal.saveAttempt),
      saveOperation: write((stored) => {
        isFull = stored.operation.step === 'issued';
        write(journal.saveOperation)(stored);
      }),
    };
    const disk = { ...house, world: { ...house.world, journal: full } };
    await assert.rejects(turn(disk), { code: 'journal-unavailable' });
    const [outcome] = (await turn(house)).outcomes;
    assert.deepEqual([outcome?.action.kind, outcome?.state], ['continue', 'done'], JSON.stringify(outcome));
    const log = readFileSync(join(estate.root, 'data/issuers/internal-ca/issued.jsonl'), 'utf8');
    assert.equal(log.trim().split('\n').length, 1);
    assert.equal(
      readdirSync(join(estate.store, 'generations')).filter((each) => each !== 'adopted').length,
      1,
    );
  });

  test('where putting back was in vain the new certificate is due at once, not with the next look', async () => {
    const crt = join(estate.store, 'current/fullchain.pem');
    rmSync(estate.nginx.certificate);
    copyFileSync(crt, estate.nginx.certificate);
    for (const name of readdirSync(join(estate.store, 'generations')))
      rmSync(join(estate.store, 'generations', name, '.key.pem'), { force: true });
    const report = await turn(house);
    assert.deepEqual([report.outcomes[0]?.action.kind, report.outcomes[0]?.state], ['restore', 'failed']);
    assert.ok((report.nextDueAt ?? Number.POSITIVE_INFINITY) <= Date.now(), 'it is due now');
    const [next] = (await turn(house, { observeAll: false })).outcomes;
    assert.deepEqual([next?.action.kind, next?.state], ['issue', 'done'], JSON.stringify(next?.failure));
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });
});
