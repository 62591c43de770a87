/** ACME against the real pebble: the contract, resuming at every point, external accounts, refused nonces; and a server that lies. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCustody } from '../../daemon/custody/custody.ts';
import { acme } from '../../daemon/issuers/acme.ts';
import type { Issuer, Json } from '../../daemon/ports/issuer.ts';
import type { Tools } from '../../daemon/ports/plugin.ts';
import type { Solver } from '../../daemon/ports/solver.ts';
import { createSecret } from '../../daemon/secrets.ts';
import { createResponder } from '../../daemon/solvers/standalone.ts';
import { issueAll, issuerContract, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { pebbleMissing, startPebble, type PebbleOptions, type RealPebble } from '../fixtures/pebble.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const workshop = openWorkshop();
const root = mkdtempSync(join(tmpdir(), 'renewd-acme-'));
const responder = createResponder({ log: silent });
after(async () => {
  await responder.close();
  workshop.close();
  rmSync(root, { recursive: true });
});

let homes = 0;
async function open(home: string, config: Record<string, unknown>, hmac = ''): Promise<Issuer> {
  const custody = await openCustody({ directory: join(home, 'custody'), identity: null, log: silent });
  const tools: Tools = {
    now: Date.now,
    secret: () => Promise.resolve(createSecret(hmac)),
    agentSocket: () => Promise.reject(new Error('no agent')),

    published: () => Promise.resolve({ text: null, unsure: null }),
    directory: () => Promise.resolve(home),
    custody,
    log: silent,
  };
  return acme.create(
    'pebble',
    { type: 'acme', termsOfServiceAgreed: true, challenge: { type: 'standalone' }, ...config },
    tools,
  );
}
const newHome = (): string => join(root, String(homes++));
const count = (pebble: RealPebble, what: RegExp): number =>
  pebble
    .log()
    .split('\n')
    .filter((line) => what.test(line)).length;
const ordered = /POST \/order-plz/;
const finalized = /POST \/finalize-order/;

async function withPebble(
  options: PebbleOptions,
  work: (pebble: RealPebble, config: Record<string, unknown>, solver: Solver) => Promise<void>,
): Promise<void> {
  const pebble = await startPebble(options);
  try {
    const config = {
      directory: pebble.directoryUrl,
      trust: pebble.caPem,
      roots: await pebble.rootsPem(),
      contacts: ['pki@example.com'],
    };
    await work(pebble, config, responder.solverAt('127.0.0.1', pebble.httpPort));
  } finally {
    await pebble.stop();
  }
}

describe('against pebble', { skip: pebbleMissing() ?? false }, () => {
  let pebble: RealPebble;
  let solver: Solver;
  let config: Record<string, unknown> = {};
  let issuer: Issuer;
  let restarted: Issuer;
  const home = newHome();
  before(async () => {
    pebble = await startPebble();
    solver = responder.solverAt('127.0.0.1', pebble.httpPort);
    config = { directory: pebble.directoryUrl, trust: pebble.caPem, roots: await pebble.rootsPem() };
    issuer = await open(home, config);
    restarted = await open(home, config);
  });
  after(() => pebble.stop());

  issuerContract({
    issuer: () => issuer,
    restarted: () => restarted,
    workshop,
    name: 'shop.example.com',
    solver: () => solver,
  });

  test('several names and an address in one certificate', async () => {
    const csr = workshop.csr('a.example.com', {
      extensions: ['subjectAltName=DNS:a.example.com,DNS:b.example.com,IP:127.0.0.1'],
    });
    const asked = {
      ...request(workshop, 'a.example.com', 'many', {
        dnsNames: ['a.example.com', 'b.example.com'],
        ipAddresses: ['127.0.0.1'],
      }),
      csr: csr.der,
    };
    assert.equal((await issueAll(issuer, asked, solver)).chain.length >= 2, true);
  });

  test('wherever a process ends, the next one makes no second order', async () => {
    const asked = request(workshop, 'resume.example.com', 'resume');
    const started = count(pebble, ordered);
    const done = count(pebble, finalized);
    let handle: Json | null = null;
    // Ends at the first, second, ... moment at which something was written down or shown, going on each time from what reached the disk.
    for (const [end, lose] of [
      ['checkpoint', true],
      ['checkpoint', false],
      ['present', false],
      ['cleanUp', false],
    ] as const) {
      let checkpoints = 0;
      const cut = new Error(`the process ends at ${end}`);
      const dying: Solver = {
        types: ['http-01'],
        present: async (challenge, signal) => {
          await solver.present(challenge, signal);
          if (end === 'present') throw cut;
        },
        cleanUp: async (challenge, signal) => {
          await solver.cleanUp(challenge, signal);
          if (end === 'cleanUp') throw cut;
        },
      };
      const going = await open(home, config);
      await assert.rejects(
        going.issue(asked, {
          signal: AbortSignal.timeout(30_000),
          handle,
          solver: dying,
          checkpoint: (next) => {
            checkpoints++;
            // The intent reaches the disk, the address of the order does not: the worst moment.
            if (end === 'checkpoint' && checkpoints === 2 && lose) return Promise.reject(cut);
            handle = next;
            return end === 'checkpoint' && !lose ? Promise.reject(cut) : Promise.resolve();
          },
        }),
        /the process ends/,
      );
    }
    await issueAll(await open(home, config), asked, solver, handle);
    assert.equal(count(pebble, ordered) - started, 1, 'one order');
    assert.equal(count(pebble, finalized) - done, 1, 'one certificate');
  });

  test('an answer the CA cannot see is said in its words, and the answer is taken down', async () => {
    const mute: Solver = {
      types: ['http-01'],
      present: () => Promise.resolve(),
      cleanUp: () => Promise.resolve(),
    };
    await assert.rejects(
      issueAll(issuer, request(workshop, 'mute.example.com', 'mute'), mute),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'acme-challenge-failed');
        assert.match(error.message, /mute\.example\.com.*well-known/);
        return true;
      },
    );
  });

  test('a dead order is not gone on with for ever: the next try makes a new one', async () => {
    const mute: Solver = {
      types: ['http-01'],
      present: () => Promise.resolve(),
      cleanUp: () => Promise.resolve(),
    };
    const asked = request(workshop, 'again.example.com', 'again');
    let handle: Json | null = null;
    await assert.rejects(
      issuer.issue(asked, {
        signal: AbortSignal.timeout(30_000),
        handle: null,
        solver: mute,
        checkpoint: (next) => Promise.resolve(void (handle = next)),
      }),
    );
    assert.ok((await issueAll(issuer, asked, solver, handle)).chain.length > 0);
  });

  test('a wildcard and a missing way to show control are refused with what to do', async () => {
    await assert.rejects(
      issueAll(issuer, request(workshop, '*.example.com', 'wild'), solver),
      /needs dns-01/,
    );
    await assert.rejects(issueAll(issuer, request(workshop, 'x.example.com', 'none'), null), {
      code: 'unsupported',
      disposition: 'stall',
    });
  });
});

test('refused nonces are tried again, and only those', { skip: pebbleMissing() ?? false }, () =>
  withPebble({ nonceReject: 30 }, async (_, config, solver) => {
    await issueAll(await open(newHome(), config), request(workshop, 'nonce.example.com', 'nonce'), solver);
  }),
);

test(
  'an external account is bound; without it, or with a wrong key, the CA refuses for good',
  { skip: pebbleMissing() ?? false },
  () => {
    const hmac = Buffer.from('a key of thirty-two bytes or more!').toString('base64url');
    return withPebble({ eab: { 'kid-1': hmac } }, async (_, config, solver) => {
      const eab = { kid: 'kid-1', hmac: { secret: 'eab' } };
      await issueAll(
        await open(newHome(), { ...config, eab }, hmac),
        request(workshop, 'eab.example.com', 'eab'),
        solver,
      );
      await assert.rejects((await open(newHome(), config)).check(AbortSignal.timeout(10_000)), {
        code: 'acme-account',
        disposition: 'stall',
      });
      const wrong = await open(
        newHome(),
        { ...config, eab },
        Buffer.from('another key of thirty-two bytes!!').toString('base64url'),
      );
      // Whether a binding is right is seen only by using it, and it may be good for one account alone: a look does not.
      assert.match(await wrong.check(AbortSignal.timeout(10_000)), /the first issuance opens it/);
      await assert.rejects(
        issueAll(wrong, request(workshop, 'wrong.example.com', 'wrong'), solver),
        (error: Error & { code?: string }) =>
          error.code === 'acme-account' && !error.message.includes('another'),
      );
    });
  },
);

test('a server whose certificate is not trusted is not spoken to', { skip: pebbleMissing() ?? false }, () =>
  withPebble({}, async (_, config) => {
    await assert.rejects(
      (await open(newHome(), { ...config, trust: workshop.ca('Stranger').pem })).check(
        AbortSignal.timeout(10_000),
      ),
      { code: 'acme-server' },
    );
  }),
);

describe('a server that lies', () => {
  let server: Server;
  let answers: (
    path: string,
    base: string,
  ) => { status?: number; headers?: Record<string, string>; body: string } = () => ({ body: '' });
  let base = '';
  before(async () => {
    server = createServer((request, response) => {
      const { status = 200, headers = {}, body } = answers(request.url ?? '', base);
      response.writeHead(status, { 'replay-nonce': 'abc', ...headers });
      response.end(body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const directory = (changes: Record<string, unknown> = {}): string =>
    JSON.stringify({
      newNonce: `${base}/nonce`,
      newAccount: `${base}/account`,
      newOrder: `${base}/order`,
      ...changes,
    });
  const check = async (): Promise<unknown> =>
    (await open(newHome(), { directory: `${base}/dir` })).check(AbortSignal.timeout(10_000));

  const table: readonly [string, () => typeof answers, string, RegExp][] = [
    ['nonsense for a directory', () => () => ({ body: 'hello' }), 'acme-protocol', /not a JSON object/],
    [
      'an order address elsewhere',
      () => () => ({ body: directory({ newOrder: 'https://evil.example.com/order' }) }),
      'acme-protocol',
      /another server/,
    ],
    ['a directory without end', () => () => ({ body: 'x'.repeat(3_000_000) }), 'acme-server', /too long/],
    [
      'a redirect',
      () => () => ({ status: 302, headers: { location: 'https://evil.example.com/' }, body: '' }),
      'acme-rejected',
      /302/,
    ],
    [
      'an account without an address',
      () => (path) => ({ body: path === '/dir' ? directory() : '{}' }),
      'acme-protocol',
      /without an address/,
    ],
    ['trouble of its own', () => () => ({ status: 500, body: 'oops' }), 'acme-server', /500/],
  ];
  for (const [name, make, code, message] of table) {
    test(name, async () => {
      answers = make();
      await assert.rejects(check(), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test('a rate limit is waited for as long as it says, not slept through', async () => {
    answers = (path) =>
      path === '/dir'
        ? { body: directory() }
        : path === '/nonce'
          ? { body: '' }
          : {
              status: 429,
              headers: { 'retry-after': '3600' },
              body: JSON.stringify({
                type: 'urn:ietf:params:acme:error:rateLimited',
                detail: 'too\u0007 many',
              }),
            };
    const started = Date.now();
    await assert.rejects(check(), (error: Error & { code?: string; retryAt?: number }) => {
      assert.equal(error.code, 'rate-limited');
      assert.ok(Math.abs((error.retryAt ?? 0) - started - 3_600_000) < 60_000);
      assert.match(error.message, /too {2}many/);
      return true;
    });
  });

  test('a server that refuses every nonce is given up on', async () => {
    answers = (path) =>
      path === '/dir'
        ? { body: directory() }
        : path === '/nonce'
          ? { body: '' }
          : {
              status: 400,
              body: JSON.stringify({ type: 'urn:ietf:params:acme:error:badNonce', detail: 'no' }),
            };
    await assert.rejects(check(), { code: 'acme-protocol' });
  });
});

test('roots that are damaged in the declaration are a failure with words, never the end of the daemon', async () => {
  for (const body of ['MIIB!', 'AAA', '']) {
    const roots = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    const issuer = await open(newHome(), { directory: 'https://ca.example.com/dir', roots });
    await assert.rejects(issuer.trustAnchors(AbortSignal.timeout(1000)), {
      name: 'OperationError',
      disposition: 'stall',
      message: /^the roots of issuer pebble cannot be read .*: correct roots in its declaration$/,
    });
  }
});
