/** At which declared addresses `doctor` looks, how many at once, and what it says of the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesLine, tryAddresses } from '../../daemon/commands/doctor-reach.ts';
import type { Address, Desired } from '../../daemon/core/model.ts';
import { limits } from '../../daemon/limits.ts';

interface Declared {
  readonly team: string;
  readonly endpoint: string;
  readonly hosts: readonly string[];
}

/** As much of an estate as is read to find the addresses. */
function estate(...declared: readonly Declared[]): Desired {
  const certificates = declared.map(({ team, endpoint, hosts }, index) => {
    const serves = hosts.map((host) => ({ host, port: 443, serverName: host }));
    return [`${team}/${String(index)}`, { team, state: 'active', installations: [{ endpoint, serves }] }];
  });
  const endpoints = declared.map(({ endpoint: name }) => [
    name,
    { name, config: { host: name }, networks: [], source: { file: `inventory/endpoints/${name}.yaml` } },
  ]);
  return {
    certificates: new Map(certificates as never),
    endpoints: new Map(endpoints as never),
    teams: new Map(),
  } as unknown as Desired;
}

const hosts = (team: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${team}-${String(index)}.example.com`);
const never = new AbortController().signal;
const pace = { concurrentObservations: 64 } as never;
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

test('the names of one team do not use up the looks of the others; what is not looked at is counted', async () => {
  const max = limits.doctor.addressesTried;
  const world = { log, pace, handshake: () => Promise.resolve({ failure: null } as never) };
  const looks = await tryAddresses(
    world,
    estate(
      { team: 'aaa', endpoint: 'a-01', hosts: hosts('aaa', max + 100) },
      { team: 'shop', endpoint: 'shop-01', hosts: hosts('shop', 3) },
      { team: 'web', endpoint: 'web-01', hosts: hosts('web', 2) },
    ),
    never,
    never,
  );
  const of = (team: string): number =>
    looks.tried.filter(({ subject }) => subject.includes(` ${team}-`)).length;
  assert.deepEqual([of('shop'), of('web'), of('aaa')], [3, 2, max - 5]);
  assert.equal(looks.notTried, 105);
  assert.match(
    addressesLine(looks),
    /^a TLS server answers at 500 of 500 declared addresses; 105 not tried: doctor looks at 500 at most, shared between the teams, within 1m\. /,
  );
  assert.doesNotMatch(addressesLine({ ...looks, notTried: 0 }), /not tried/);
});

test('one connection at a time to one address, whoever declares it; different addresses of one machine side by side', async () => {
  const open = new Map<string, number>();
  const most = { one: 0, all: 0 };
  const world = {
    log,
    pace,
    handshake: async ({ host }: Address) => {
      const to = host.toLowerCase();
      open.set(to, (open.get(to) ?? 0) + 1);
      most.one = Math.max(most.one, open.get(to) ?? 0);
      most.all = Math.max(
        most.all,
        [...open.values()].reduce((sum, each) => sum + each, 0),
      );
      await new Promise(setImmediate);
      open.set(to, (open.get(to) ?? 0) - 1);
      return { failure: null } as never;
    },
  };
  const same = Array.from({ length: 10 }, (_, index) => ({
    team: index % 2 === 0 ? 'web' : 'shop',
    endpoint: `node-${String(index)}`,
    hosts: [index % 3 === 0 ? 'VIP.example.com' : 'vip.example.com'],
  }));
  const own = { team: 'web', endpoint: 'web-01', hosts: hosts('web', 20) };
  const looks = await tryAddresses(world, estate(...same, own), never, never);
  assert.equal(looks.tried.length, 30);
  assert.equal(most.one, 1);
  assert.equal(most.all, 21);
});

test(
  'all of them together have an end: what was under way or waited is counted, and called off it ends',
  { timeout: 30_000 },
  async () => {
    const silent = (_: unknown, __: unknown, ___: unknown, signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason as Error);
        else signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const answers = (): Promise<never> => Promise.resolve({ failure: null } as never);
    const desired = estate(
      { team: 'web', endpoint: 'web-01', hosts: hosts('web', 2) },
      { team: 'aaa', endpoint: 'a-01', hosts: hosts('aaa', 300) },
    );
    const handshake = (address: Address, ...rest: [unknown, unknown, AbortSignal]): Promise<never> =>
      address.host.startsWith('web') ? answers() : silent(address, ...rest);
    const time = new AbortController();
    const looking = tryAddresses({ log, pace, handshake }, desired, never, time.signal);
    setImmediate(() => time.abort());
    const { tried, notTried } = await looking;
    assert.deepEqual(tried.map(({ subject }) => subject).sort(), [
      'address web-0.example.com:443',
      'address web-1.example.com:443',
    ]);
    assert.equal(notTried, 300);

    const called = new AbortController();
    const ended = tryAddresses({ log, pace, handshake }, desired, called.signal, never);
    setImmediate(() => called.abort(new Error('called off')));
    await assert.rejects(ended, /called off/);
  },
);
