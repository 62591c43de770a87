/** Servers and commits that lie about the time: one alone stops nothing that renews, and the time we go by does not follow them. Real git over HTTP, real HTTP servers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Heartbeat } from '../../daemon/core/record-format.ts';
import { calmClock, clockSources, createClockWitness, trustClock } from '../../daemon/shell/clock.ts';
import { startHttpBackend, type HttpBackend } from '../fixtures/http-backend.ts';
import { turn } from '../real/estate.ts';
import { makeHouses, type Houses } from './two-houses.ts';

const minute = 60_000;
const day = 86_400_000;
const years = 10 * 365 * day;

describe('a Git server that lies about the time', () => {
  let houses: Houses;
  let server: HttpBackend;
  let lie = 0;
  let house: House;
  const open = async (boot = 'one'): Promise<House> =>
    houses.open('data', { repo: `${server.url}/estate.git`, boot });
  const live = async (): Promise<void> => {
    await turn(house, { heartbeat: true, living: true });
  };
  const again = async (boot: string): Promise<void> => {
    await house.close();
    house = await open(boot);
  };
  /** How far the time that the daemon goes by is from the real one. */
  const moved = (): number => house.memory.clock.correctionMs;
  const said = (): boolean => {
    const listed = houses.git('ls-tree', '-r', '--name-only', 'renewd/state');
    return (
      listed.includes('findings/') &&
      houses.git('show', 'renewd/state:findings/repository.json').includes('clock-contested')
    );
  };
  beforeEach(async () => {
    houses = makeHouses();
    lie = 0;
    server = await startHttpBackend(houses.root, {
      token: () => undefined,
      date: () => (lie === 0 ? null : new Date(Date.now() + lie).toUTCString()),
    });
    house = await open();
  });
  afterEach(async () => {
    await house.close();
    await server.stop();
    houses.stop();
  });

  test('after it agreed once its lies change nothing while the machine runs', async () => {
    await live();
    for (const each of [years, -years, 8.64e15 - Date.now() - 1]) {
      lie = each;
      for (const start of [false, true]) {
        if (start) await again('one');
        await live();
        assert.deepEqual(house.memory.clock, calmClock);
      }
    }
  });

  test('after a start of the machine it moves no time and holds changes back for an hour, and no longer', async () => {
    await live();
    const accepted = house.memory.accepted;
    for (const [index, each] of [years, -years].entries()) {
      lie = each;
      await again(`boot ${String(index)}`);
      houses.commit({
        'inventory/teams/more.yaml': `apiVersion: renewd/v1\nkind: Team\nmetadata: { name: more }\nspec:\n  owners: [bob]\n  contacts: [{ email: m${String(index)}@example.com }]\n`,
      });
      await live();
      const { doubt, contested, settling } = house.memory.clock;
      assert.deepEqual([doubt, contested, settling], [null, '127.0.0.1', true]);
      assert.equal(moved(), 0);
      assert.ok(said());
      assert.equal(house.memory.accepted, accepted, 'no change is put in force while the clock settles');
    }
    houses.offset += 61 * minute;
    lie -= houses.offset;
    await live();
    assert.deepEqual(house.memory.clock, { ...calmClock, contested: '127.0.0.1' });
    assert.notEqual(house.memory.accepted, accepted);
    lie = 0;
    await live();
    assert.deepEqual(house.memory.clock, calmClock);
    assert.ok(!said());
  });

  test('a person may say that the clock is right, also where the server goes on', async () => {
    await live();
    lie = years;
    await again('two');
    await live();
    assert.notEqual(house.memory.clock.contested, null);
    trustClock(house.world.journal, house.world.now());
    await live();
    await live();
    assert.deepEqual(house.memory.clock, calmClock);
  });

  test('at the first start it moves nothing ahead', async () => {
    lie = years;
    await live();
    assert.notEqual(house.memory.clock.doubt, null);
    assert.equal(moved(), 0);
    assert.equal(house.memory.accepted, null);
  });
});

describe('whose word counts', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  const dates = new Map<number, number>();
  const ports: number[] = [];
  before(async () => {
    for (let each = 0; each < 2; each++) {
      const server = createServer((request, response) => {
        const { port } = server.address() as AddressInfo;
        response.setHeader('Date', new Date(Date.now() + (dates.get(port) ?? 0)).toUTCString());
        response.end(request.url);
      });
      await new Promise<void>((resolve) => server.listen(0, resolve));
      servers.push(server);
      ports.push((server.address() as AddressInfo).port);
    }
  });
  after(() => {
    for (const each of servers) each.close();
  });

  test('a server has one vote under the name that was declared, and none under others; no other peer has any', async () => {
    const facts = new Map<string, string>();
    const witness = createClockWitness({
      now: Date.now,
      journal: {
        fact: (name) => facts.get(name) ?? null,
        setFact: (name, value) => void facts.set(name, value),
      },
      machine: { boot: 'one', uptimeMs: () => performance.now(), serversAheadMs: () => 0 },
      sources: () => new Set(['127.0.0.1']),
    });
    const ask = async (host: string, port: number): Promise<void> =>
      new Promise((resolve, reject) => {
        get(
          {
            host,
            port,
            agent: false,
            lookup: (_, __, found) => {
              found(null, [{ address: '127.0.0.1', family: 4 }]);
            },
          },
          (response) => {
            response.resume();
            response.on('end', resolve);
          },
        ).on('error', reject);
      });
    const [honest = 0, hostile = 0] = ports;
    dates.set(hostile, years);
    await ask('127.0.0.1', honest);
    for (let name = 0; name < 20; name++) await ask(`n${String(name)}.evil.example`, hostile);
    await ask('localhost', hostile);
    assert.equal(witness.judge().doubt, null);
    assert.equal(witness.judge().basis?.confirmed, true);
    witness.close();
  });

  test('the sources are the Git server and the directories of issuers', () => {
    const issuers = new Map([
      ['a', { config: { directory: 'https://acme.example/directory' } }],
      ['b', { config: { organization: 'https://evil.example/' } }],
      ['c', { config: { directory: 'https://acme.example:8443/other' } }],
    ]);
    assert.deepEqual(
      [...clockSources('https://git.example/pki.git', { issuers } as never)],
      ['git.example', 'acme.example'],
    );
    assert.deepEqual([...clockSources('http://[::1]:80/pki.git', null)], ['::1']);
    for (const path of ['/srv/estate.git', 'git@git.example:pki.git'])
      assert.deepEqual([...clockSources(path, null)], [], path);
  });
});

describe('commits that lie about the time', () => {
  let houses: Houses;
  let house: House;
  const live = async (): Promise<void> => {
    await turn(house, { heartbeat: true, living: true });
  };
  /** Commits on a branch as a person whose clock says something else. */
  const commitAt = (branch: string, seconds: number, path: string): void => {
    const work = mkdtempSync(join(tmpdir(), 'renewd-lie-'));
    const date = `@${String(seconds)} +0000`;
    const git = (...words: string[]): void => {
      execFileSync('git', ['-C', work, '-c', 'user.name=M', '-c', 'user.email=m@example.com', ...words], {
        stdio: 'pipe',
        env: { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
      });
    };
    execFileSync('git', ['clone', '-q', '-b', branch, houses.bare, work]);
    writeFileSync(join(work, path), 'x\n');
    git('add', '-A');
    git('commit', '-qm', 'x');
    git('push', '-q', 'origin', `HEAD:${branch}`);
    rmSync(work, { recursive: true });
  };
  before(async () => {
    houses = makeHouses();
    house = await houses.open('data');
    await live();
  });
  after(async () => {
    await house.close();
    houses.stop();
  });

  for (const [when, seconds] of [
    ['2099', 4_070_908_800],
    ['the last second that Git writes', 2 ** 40],
    ['1970', 1],
  ] as const)
    test(`of ${when}, on either branch, running and after a start: times of ours stay right`, async () => {
      commitAt('main', seconds, `notes-${String(seconds)}.txt`);
      commitAt('renewd/state', seconds, 'heartbeat.json');
      for (const start of [false, true]) {
        if (start) {
          await house.close();
          house = await houses.open('data');
        }
        houses.offset += 61 * minute;
        await live();
        const now = Date.now() + houses.offset;
        assert.deepEqual(house.memory.clock, calmClock);
        const beat = houses.read<Heartbeat>('heartbeat.json');
        assert.ok(Math.abs(Date.parse(beat.at) - now) < minute, beat.at);
        const written = Number(houses.git('log', '-1', '--format=%ct', 'renewd/state')) * 1000;
        assert.ok(Math.abs(written - now) < minute, new Date(written).toISOString());
        // A date that no record could hold makes the commit malformed.
        if (seconds < 2 ** 38) assert.equal(house.memory.accepted, houses.git('rev-parse', 'main'));
      }
    });
});
