/** Handshakes with real servers (openssl s_server, node:tls, plain sockets): each word of the typed results comes from a server that earns it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import type { LookupAddress } from 'node:dns';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { judgeHandshake, partsOf, worstAddress } from '../../daemon/core/served.ts';
import type { Handshake } from '../../daemon/core/model.ts';
import { noReach } from '../../daemon/core/reach.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { observeHandshake } from '../../daemon/tls/prober.ts';
import { openWorkshop, type MadeBySsl } from '../fixtures/openssl.ts';

const shop = openWorkshop();
const root = shop.ca('Root');
const middle = shop.ca('Middle', { issuer: root });
const name = 'shop.example.com';
const leaf = shop.leaf(middle, name);
/** An hour on: what is made while these tests run, however long they take, is valid by then. */
const now = Date.now() + 3_600_000;
const children: ChildProcess[] = [];
const servers: { close: () => unknown }[] = [];
after(() => {
  for (const child of children) child.kill();
  for (const server of servers) server.close();
  shop.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

function tlsServer(
  made: MadeBySsl,
  chain: readonly MadeBySsl[],
  options: Record<string, unknown> = {},
): Promise<number> {
  const server = createTlsServer({
    key: made.key,
    cert: [made, ...chain].map((each) => each.pem).join(''),
    ...options,
  });
  server.on('tlsClientError', () => undefined);
  return listen(server);
}

/** Tests stand on loopback, and say so. */
const reach = { ...noReach, endpointNetworks: ['127.0.0.0/8', '::1'] };

function look(
  port: number,
  serverName = name,
  changes: Partial<Parameters<typeof observeHandshake>[0]> = {},
): Promise<Handshake> {
  return observeHandshake({
    address: { host: '127.0.0.1', port, serverName },
    reach,
    anchors: [root.pem],
    signal: AbortSignal.timeout(20_000),
    timeoutMs: 5000,
    now,
    ...changes,
  });
}

const fingerprint = (made: MadeBySsl): string => certificateFacts(made.der).fingerprint;
const word = (handshake: Handshake, current: string | null = fingerprint(leaf)): string =>
  judgeHandshake(handshake, { current, previous: null, known: new Map(), now }).result;

describe('each word of the results', () => {
  test('served-match, with the chain as it was sent', async () => {
    const seen = await look(await tlsServer(leaf, [middle]));
    assert.equal(word(seen), 'served-match');
    assert.equal(seen.leaf?.fingerprint, fingerprint(leaf));
    assert.deepEqual(
      seen.chain.map((each) => each.fingerprint),
      [fingerprint(middle)],
    );
    assert.equal(seen.protocol, 'TLSv1.3');
  });
  test('served-unknown', async () => {
    assert.equal(word(await look(await tlsServer(shop.leaf(middle, name), [middle]))), 'served-unknown');
  });
  test('expired', async () => {
    const old = shop.leaf(middle, name, { notBefore: '20200101000000Z', notAfter: '20210101000000Z' });
    assert.equal(word(await look(await tlsServer(old, [middle]))), 'expired');
  });
  test('not-yet-valid', async () => {
    const early = shop.leaf(middle, name, { notBefore: '20390101000000Z', notAfter: '20400101000000Z' });
    assert.equal(word(await look(await tlsServer(early, [middle]))), 'not-yet-valid');
  });
  test('name-mismatch', async () => {
    assert.equal(word(await look(await tlsServer(leaf, [middle]), 'other.example.com')), 'name-mismatch');
  });
  test('untrusted: another root, and self-signed', async () => {
    assert.equal(
      word(await look(await tlsServer(leaf, [middle]), name, { anchors: [shop.ca('Stranger').pem] })),
      'untrusted',
    );
    const lone = shop.ca(name, { extensions: [`subjectAltName=DNS:${name}`] });
    assert.equal(word(await look(await tlsServer(lone, [])), null), 'untrusted');
  });
  test('chain-incomplete', async () => {
    const polite = shop.leaf(middle, name, {
      extensions: [
        `subjectAltName=DNS:${name}`,
        'authorityInfoAccess=caIssuers;URI:http://ca.example.com/m.crt',
      ],
    });
    assert.equal(word(await look(await tlsServer(polite, [])), fingerprint(polite)), 'chain-incomplete');
  });
  test('connection-failed', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const seen = await look(port);
    assert.equal(word(seen), 'connection-failed');
    assert.match(seen.failure?.detail ?? '', /nothing listens/);
  });
  test('address-refused: what a name leads to is judged, connected to as judged, and asked for once', async () => {
    let connections = 0;
    let questions = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    // The second answer is another one: who asks twice connects to what nobody judged.
    const resolver = (): Promise<LookupAddress[]> =>
      Promise.resolve([{ address: questions++ === 0 ? '10.99.99.99' : '127.0.0.1', family: 4 }]);
    const closed = { ...noReach, endpointNetworks: ['10.0.0.0/16'] };
    const at = (host: string) => ({ address: { host, port, serverName: name }, resolver });
    const rebinding = await look(port, name, { ...at('rebinding.example.com'), reach: closed });
    assert.equal(rebinding.failure?.result, 'address-refused');
    assert.equal(questions, 1);
    assert.match(rebinding.failure.detail, /rebinding\.example\.com leads to 10\.99\.99\.99/);
    // The endpoint's own name is no way to the daemon's loopback either.
    const own = await look(port, name, { ...at('web-01'), reach: { ...closed, host: 'web-01' } });
    assert.equal(own.failure?.result, 'address-refused');
    const literal = await look(port, name, { reach: closed });
    assert.equal(literal.failure?.result, 'address-refused');
    assert.equal(connections, 0);
    await look(port);
    assert.equal(connections, 1);
    server.close();
  });

  test('address-refused: one address of several that may not be looked at, whichever way it is found out', async () => {
    const port = await tlsServer(leaf, [middle]);
    const resolver = (host: string): Promise<LookupAddress[]> =>
      Promise.resolve(
        (host === 'web-01' ? ['10.9.9.1'] : ['127.0.0.1', '10.9.9.1', '10.9.9.2']).map((address) => ({
          address,
          family: 4,
        })),
      );
    const at = { address: { host: name, port, serverName: name }, resolver, timeoutMs: 300 };
    const expected = {
      current: certificateFacts(leaf.der).fingerprint,
      previous: null,
      known: new Map(),
      now,
    };
    for (const [host, unseen] of [
      [null, ['10.9.9.1', '10.9.9.2']],
      // The endpoint's own address is looked at, beside what a network permits; nothing answers there.
      ['web-01', ['10.9.9.2']],
    ] as const) {
      const seen = await look(port, name, { ...at, reach: { ...reach, host } });
      const parts = partsOf(seen);
      assert.deepEqual(
        parts.unseen.map((each) => each.at),
        unseen,
      );
      assert.equal(parts.seen.length, 1);
      assert.notEqual(parts.seen[0]?.leaf, null);
      assert.equal(judgeHandshake(seen, expected).result, 'address-refused');
    }
  });

  test('address-refused: a name with more addresses than are looked at names the rest, in whatever order they come', async () => {
    const port = await tlsServer(leaf, [middle]);
    const all = Array.from({ length: 40 }, (_, index) => ({
      address: `127.0.0.${String(index + 1)}`,
      family: 4,
    }));
    const expected = {
      current: certificateFacts(leaf.der).fingerprint,
      previous: null,
      known: new Map(),
      now,
    };
    const said = new Set<string>();
    for (const answer of [all, all.toReversed()]) {
      const seen = await look(port, name, {
        address: { host: name, port, serverName: name },
        resolver: () => Promise.resolve(answer),
      });
      const judged = judgeHandshake(seen, expected);
      assert.equal(judged.result, 'address-refused');
      assert.match(judged.message, /40 addresses.*at most 32.*127\.0\.0\.9/);
      said.add(judged.message);
    }
    assert.equal(said.size, 1);
  });

  test('name-unresolved', async () => {
    const seen = await look(443, name, {
      address: { host: 'no-such-host.invalid', port: 443, serverName: name },
    });
    assert.equal(word(seen), 'name-unresolved');
  });
  test('handshake-failed: no TLS there, an end at once, and silence', async () => {
    const http = await listen(createServer((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n')));
    assert.match((await look(http)).failure?.detail ?? '', /not with TLS/);
    const shut = await listen(createServer((socket) => socket.destroy()));
    assert.equal(word(await look(shut)), 'handshake-failed');
    const mute = await listen(createServer((socket) => void socket.on('error', () => undefined)));
    const seen = await look(mute, name, { timeoutMs: 300 });
    assert.match(seen.failure?.detail ?? '', /did not end within 0\.3 s/);
  });
});

test('a server that wants a client certificate still shows its own', async () => {
  const port = await tlsServer(leaf, [middle], { requestCert: true, rejectUnauthorized: true, ca: root.pem });
  assert.equal((await look(port)).leaf?.fingerprint, fingerprint(leaf));
  const older = await tlsServer(leaf, [middle], {
    requestCert: true,
    rejectUnauthorized: true,
    ca: root.pem,
    maxVersion: 'TLSv1.2',
  });
  assert.equal((await look(older)).leaf?.fingerprint, fingerprint(leaf));
});

test('the name asked for decides which certificate is shown; an address is never a name', async () => {
  const asked: unknown[] = [];
  const port = await tlsServer(leaf, [middle], {
    SNICallback: (servername: string, done: (error: null) => void) => {
      asked.push(servername);
      done(null);
    },
  });
  await look(port, name);
  await look(port, '127.0.0.1');
  assert.deepEqual(asked, [name]);
});

test('openssl with an old key and TLS 1.2 only is seen all the same', async () => {
  const weak = shop.leaf(middle, name, {
    algorithm: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  });
  const file = join(shop.directory, 'weak.pem');
  writeFileSync(file, weak.pem + weak.key + middle.pem);
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  const child = spawn(
    'openssl',
    [
      's_server',
      '-accept',
      `127.0.0.1:${String(port)}`,
      '-cert',
      file,
      '-key',
      file,
      '-cert_chain',
      file,
      '-tls1_2',
      '-cipher',
      'ALL:@SECLEVEL=0',
      '-quiet',
    ],
    { stdio: 'ignore' },
  );
  children.push(child);
  let seen = await look(port);
  for (let tries = 0; tries < 60 && seen.leaf === null; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen = await look(port);
  }
  assert.equal(seen.leaf?.keyAlgorithm, 'rsa-1024');
  assert.equal(seen.protocol, 'TLSv1.2');
});

test('an aborted look rejects with the reason', async () => {
  const mute = await listen(createServer((socket) => void socket.on('error', () => undefined)));
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new Error('enough'));
  }, 100);
  await assert.rejects(look(mute, name, { signal: controller.signal }), /enough/);
});

describe('what each client gets', () => {
  const at = async (host: string, port: number, made: MadeBySsl): Promise<number> => {
    const server = createTlsServer({ key: made.key, cert: [made, middle].map((each) => each.pem).join('') });
    server.on('tlsClientError', () => undefined);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    return (server.address() as AddressInfo).port;
  };
  const several = (port: number, addresses: readonly string[]): Promise<Handshake> =>
    look(port, name, {
      address: { host: 'several.example.com', port, serverName: name },
      resolver: () => Promise.resolve(addresses.map((address) => ({ address, family: 4 }))),
    });

  test('a name with several addresses serves what every one of them serves', async () => {
    const old = shop.leaf(middle, name);
    const port = await at('127.0.0.1', 0, leaf);
    await at('127.0.0.2', port, leaf);
    await at('127.0.0.3', port, old);
    assert.equal(word(await several(port, ['127.0.0.1', '127.0.0.2'])), 'served-match');
    for (const order of [
      ['127.0.0.1', '127.0.0.3'],
      ['127.0.0.3', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
    ]) {
      const seen = await several(port, order);
      assert.equal(word(seen), 'served-unknown', order.join());
      const judged = worstAddress(seen, {
        current: fingerprint(leaf),
        previous: null,
        known: new Map(),
        now,
      });
      assert.match(judged.message, /at 127\.0\.0\.3 serves/);
      assert.equal(judged.handshake.leaf?.fingerprint, fingerprint(old));
    }
    // Where nobody can connect to one of them, clients take another.
    assert.equal(word(await several(port, ['127.0.0.9', '127.0.0.1'])), 'served-match');
    const dead = await several(port, ['127.0.0.8', '127.0.0.9']);
    assert.equal(word(dead), 'connection-failed');
  });

  test('a server with an RSA and an ECDSA certificate is looked at for the one that is declared', async () => {
    const rsa = shop.leaf(middle, name, {
      algorithm: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    });
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const server = createTlsServer({
        key: [leaf.key, rsa.key],
        cert: [leaf, rsa].map((each) => each.pem + middle.pem),
        maxVersion,
      });
      server.on('tlsClientError', () => undefined);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const shown = async (keyAlgorithm: string): Promise<string> =>
        (await look(port, name, { keyAlgorithm })).leaf?.fingerprint ?? 'nothing';
      assert.equal(await shown('rsa-2048'), fingerprint(rsa), maxVersion);
      assert.equal(await shown('ecdsa-p256'), fingerprint(leaf), maxVersion);
      // One that the server does not have: what it shows to everybody.
      assert.notEqual(await shown('ed25519'), 'nothing');
    }
  });
});
