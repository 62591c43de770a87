/** What an embedded CA publishes stands on the branch: a push that failed is made good by the next turn, and a CRL is signed anew while nothing is issued. Real git. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { readCrl } from '../../daemon/x509/crl.ts';
import { pemToDer } from '../../daemon/x509/pem.ts';
import { issueAll, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const day = 86_400_000;
const declared = {
  'inventory/issuers/corp.yaml':
    'apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: corp }\nspec:\n  type: ca\n  organization: X\n  permittedDnsNames: [example.com]\n',
};

describe('what an embedded CA publishes', () => {
  let houses: Houses;
  let house: House;
  const workshop = openWorkshop();
  /** A turn as the daemon takes them: nothing but what is due. */
  const live = async (afterMs = 90_000): Promise<readonly string[]> => {
    houses.offset += afterMs;
    const { troubles } = await turn(house, { observeAll: false, heartbeat: true, living: true });
    return troubles.map(({ code }) => code);
  };
  const files = (): readonly string[] =>
    houses
      .git('ls-tree', '-r', '--name-only', 'renewd/state', 'issuers/', 'issuance/')
      .split('\n')
      .filter(Boolean);
  const crl = (): { readonly number: bigint | null; readonly leftMs: number } => {
    const text = execFileSync('git', ['-C', houses.bare, 'show', 'renewd/state:issuers/corp/crl.pem'], {
      encoding: 'utf8',
    });
    const [der] = pemToDer(text, 'X509 CRL');
    const { number, nextUpdate } = readCrl(der ?? new Uint8Array());
    return { number, leftMs: nextUpdate - (Date.now() + houses.offset) };
  };
  const hook = (): string => join(houses.bare, 'hooks/pre-receive');
  const refusePushes = (): void => {
    writeFileSync(hook(), '#!/bin/sh\necho "not now" >&2\nexit 1\n');
    chmodSync(hook(), 0o755);
  };
  const issue = async (): Promise<void> => {
    const spec = house.memory.desired?.issuers.get('corp');
    assert.ok(spec);
    await issueAll(house.world.issuer(spec), request(workshop, 'shop.example.com', 'one'), null);
  };

  beforeEach(async () => {
    houses = makeHouses();
    house = await houses.open('one', { key: 'shared' });
    await live();
    houses.commit(declared);
  });
  afterEach(async () => {
    await house.close();
    houses.stop();
  });
  after(() => {
    workshop.close();
  });

  test('the push of its root fails: root, intermediate and CRL go out with the next turn', async () => {
    refusePushes();
    assert.deepEqual(await live(), ['git-push-denied']);
    assert.deepEqual(files(), []);
    rmSync(hook());
    assert.deepEqual(await live(), []);
    assert.deepEqual(
      files(),
      ['crl', 'intermediate', 'root'].map((name) => `issuers/corp/${name}.pem`),
    );
  });

  test('the push after an issuance fails: its line goes out with the next turn', async () => {
    await live();
    await issue();
    refusePushes();
    assert.deepEqual(await live(day), ['git-push-denied']);
    rmSync(hook());
    assert.deepEqual(await live(), []);
    assert.match(files().join(' '), /^issuance\/corp\/[0-9a-f]+\.json /);
  });

  test('nothing is issued for a month: the CRL on the branch is signed anew when half its time is over', async () => {
    await live();
    const numbers = new Set([crl().number]);
    for (let days = 4; days <= 32; days += 4) {
      await live(4 * day);
      numbers.add(crl().number);
      assert.ok(crl().leftMs > 13 * day, `day ${String(days)}: ${String(crl().leftMs / day)} days left`);
    }
    assert.equal(numbers.size, 3, 'no more often than that');
  });

  test('a log that was damaged and is put back: the finding ends within the hour, also when nothing is issued', async () => {
    await live();
    await issue();
    await live(day);
    const log = join(houses.root, 'one/issuers/corp/issued.jsonl');
    const good = execFileSync('cat', [log]);
    writeFileSync(log, `${good.toString()}a line that is none\n`);
    await live(day);
    assert.ok(house.memory.logTroubles.has('corp'));
    writeFileSync(log, good);
    await live(3_600_000);
    assert.ok(!house.memory.logTroubles.has('corp'));
  });
});
