/**
 * What the records say of the root of an embedded CA, where somebody who may push and has no key puts a root there or takes it away: what the daemon signed counts, along
 * the whole line. Real git.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { RepositoryFindings } from '../../daemon/core/record-format.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { publishedRecord } from '../../daemon/shell/published-log.ts';
import { readRecords } from '../../daemon/shell/records.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const path = 'issuers/corp/root.pem';
const issuer = {
  'inventory/issuers/corp.yaml':
    'apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: corp }\nspec:\n  type: ca\n  organization: X\n  permittedDnsNames: [example.com]\n',
};

describe('the root of an embedded CA in the records', () => {
  let houses: Houses;
  let house: House;
  const workshop = openWorkshop();
  const forged = workshop.ca('Forged').pem;
  const live = async (): Promise<void> => {
    houses.offset += 90_000;
    await turn(house, { heartbeat: true, living: true });
  };
  const root = (): string | null => {
    try {
      return houses.git('show', `renewd/state:${path}`);
    } catch {
      return null;
    }
  };
  const findings = (): readonly string[] =>
    houses.read<RepositoryFindings>('findings/repository.json').findings.map((each) => each.code);
  const foreign = (text: string | null): void => {
    houses.harm({ [path]: text });
  };
  /** Only looks at the branch of the records, as a turn does that cannot publish. */
  const look = async (): Promise<void> => {
    const { world, estate, memory } = house;
    const signal = AbortSignal.timeout(60_000);
    const refs = await estate.state.repository.advertise(signal);
    await readRecords(world, estate.state, memory, { refs, trust: estate.intent.trust }, signal);
  };
  const loseData = async (key: string): Promise<void> => {
    await house.close();
    rmSync(join(houses.root, 'one'), { recursive: true });
    houses.offset += 4 * 3_600_000;
    house = await houses.open('one', { key });
  };
  beforeEach(async () => {
    houses = makeHouses();
    house = await houses.open('one', { key: 'shared' });
    await live();
  });
  afterEach(async () => {
    await house.close();
    houses.stop();
  });

  after(() => {
    workshop.close();
  });

  test('a forged one keeps no CA from being made, not even for a turn', async () => {
    foreign(forged);
    houses.commit(issuer);
    await live();
    const made = root();
    assert.ok(made !== null && made.includes('BEGIN CERTIFICATE') && made !== forged.trim());
    assert.ok(!findings().includes('ca-lost'));
    foreign(forged);
    await live();
    assert.equal(root(), made, 'put back');
  });

  test('taken away by somebody without a key while the data directory is lost, it is known all the same: no second one is made', async () => {
    houses.commit(issuer);
    await live();
    const made = root();
    assert.ok(made !== null);
    await loseData('shared');
    foreign(null);
    for (let turns = 0; turns < 3; turns++) await live();
    assert.ok([made, null].includes(root()), 'no other one');
    assert.ok(findings().includes('ca-lost'));
    foreign(forged);
    await live();
    assert.ok([made, null].includes(root()), 'nor somebody else’s');
  });

  test('a merge by nobody, with a commit from before it in the first place, hides it from nobody', async () => {
    const git = (...words: string[]): string =>
      houses.git('-c', 'user.name=m', '-c', 'user.email=m@x', ...words);
    for (const own of [false, true]) {
      const old = git('rev-parse', 'renewd/state');
      if (root() === null) houses.commit(issuer);
      await live();
      const made = root();
      assert.ok(made !== null);
      const tip = git('rev-parse', 'renewd/state');
      // An old commit of ours, or a history of their own.
      const first = own ? git('commit-tree', `${tip}^{tree}`, '-m', 'own') : old;
      const merge = git('commit-tree', `${tip}^{tree}`, '-p', first, '-p', tip, '-m', 'Merge');
      git('update-ref', 'refs/heads/renewd/state', merge);
      await live();
      await loseData('shared');
      for (let turns = 0; turns < 3; turns++) await live();
      assert.equal(root(), made);
      assert.ok(findings().includes('ca-lost'));
    }
  });

  test('signed by a key that was lost with the data directory and that nobody listed: no second one either, and the message says to list it', async () => {
    houses.commit(issuer);
    await live();
    const made = root();
    await loseData('another');
    foreign(null);
    for (let turns = 0; turns < 3; turns++) await live();
    assert.ok([made, null].includes(root()));
    const { findings: all } = houses.read<RepositoryFindings>('findings/repository.json');
    const said = all.find((each) => each.code === 'ca-lost')?.message ?? '';
    assert.match(
      said,
      /issuer corp may have a root that clients trust: commit [0-9a-f]{10} .*list its key for renewd in policies\/allowed_signers/,
    );
  });

  test('what somebody put there between two looks is never put back as ours', async () => {
    houses.commit(issuer);
    await live();
    const made = root();
    for (const [first, second] of [
      [forged, null],
      [null, forged],
    ] as const) {
      foreign(first);
      await look();
      foreign(second);
      await look();
      await live();
      assert.equal(root(), made);
    }
  });

  test('where the history is not all here, nobody says that there was none', async () => {
    const cut = new OperationError('git-incomplete', 'the clone is cut off', { disposition: 'retry' });
    const { estate } = house;
    const state = {
      prefix: '',
      repository: { ...estate.state.repository, way: () => Promise.reject(cut) },
    };
    const { text, unsure } = await publishedRecord(state, ['1'.repeat(40)], path, null);
    assert.equal(text, null);
    assert.match(unsure ?? '', /is not all here \(the clone is cut off\)/);
  });
});
