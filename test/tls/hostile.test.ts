/** Servers that are broken, old, strange or hostile: what is seen of them is true, and no look takes longer or keeps more than its bound. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { Handshake } from '../../daemon/core/model.ts';
import { noReach } from '../../daemon/core/reach.ts';
import { judgeHandshake } from '../../daemon/core/served.ts';
import { limits } from '../../daemon/limits.ts';
import { observeHandshake } from '../../daemon/tls/prober.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { der as element, oid, sequence } from '../fixtures/der.ts';
import { printLoopDelay } from '../fixtures/loop-delay.ts';
import { openWorkshop, type MadeBySsl } from '../fixtures/openssl.ts';

const shop = openWorkshop();
const root = shop.ca('Root');
const middle = shop.ca('Middle', { issuer: root });
const name = 'shop.example.com';
const leaf = shop.leaf(middle, name);
const rsaLeaf = shop.leaf(middle, name, {
  algorithm: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
});
/** An hour on: what is made while these tests run, however long they take, is valid by then. */
const now = Date.now() + 3_600_000;
const children: ChildProcess[] = [];
const sockets = new Set<Socket>();
const servers: Server[] = [];
after(() => {
  for (const child of children) child.kill();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  shop.close();
});

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A server of plain bytes: `act` is called with each connection. */
function raw(act: (socket: Socket) => void): Promise<number> {
  return listen(
    createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      act(socket);
    }),
  );
}

function tlsServer(
  made: MadeBySsl,
  chain: readonly MadeBySsl[],
  options: Record<string, unknown> = {},
  host?: string,
): Promise<number> {
  const server = createTlsServer({
    key: made.key,
    cert: [made, ...chain].map((each) => each.pem).join(''),
    ...options,
  });
  server.on('tlsClientError', () => undefined);
  return listen(server, host);
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
    signal: AbortSignal.timeout(30_000),
    timeoutMs: 10_000,
    now,
    ...changes,
  });
}

let saved = 0;
function save(text: string): string {
  const path = join(shop.directory, `saved-${String(saved++)}`);
  writeFileSync(path, text);
  return path;
}

const fingerprint = (made: MadeBySsl): string => certificateFacts(made.der).fingerprint;
const word = (handshake: Handshake, made: MadeBySsl = leaf): string =>
  judgeHandshake(handshake, { current: fingerprint(made), previous: null, known: new Map(), now }).result;

/** `openssl s_server` on a free port; the look is repeated until it listens. */
async function lookAtOpenssl(words: readonly string[], serverName = name): Promise<Handshake> {
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  const child = spawn('openssl', ['s_server', '-accept', `127.0.0.1:${String(port)}`, '-quiet', ...words], {
    stdio: 'ignore',
  });
  children.push(child);
  let seen = await look(port, serverName);
  for (let tries = 0; tries < 100 && seen.failure?.result === 'connection-failed'; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen = await look(port, serverName);
  }
  return seen;
}

const record = (type: number, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([type, 3, 3, body.length >> 8, body.length & 255]), body]);
const message = (type: number, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([type, body.length >> 16, (body.length >> 8) & 255, body.length & 255]), body]);
const list24 = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([bytes.length >> 16, (bytes.length >> 8) & 255, bytes.length & 255]), bytes]);

/** The flight of a TLS 1.2 server from before RFC 5746 with RSA key transport: no extensions, no signature. */
function oldFlight(der: Uint8Array): Buffer {
  const hello = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32, 7), Buffer.from([0, 0x00, 0x2f, 0])]);
  return Buffer.concat([
    record(22, message(2, hello)),
    record(22, message(11, list24(list24(der)))),
    record(22, message(14, Buffer.alloc(0))),
  ]);
}

describe('what is seen is true', () => {
  test('strangers among what was sent do no harm', async () => {
    const seen = await look(await tlsServer(leaf, [shop.ca('Stray'), root, middle]));
    assert.equal(seen.chain[0]?.fingerprint, fingerprint(middle));
    assert.equal(word(seen), 'served-match');
  });

  test('of two intermediates with one name and one key the one that leads to a root is found, in either order', async () => {
    // Cross-signing: the same key and name below another root, which clients of this issuer do not trust.
    const other = shop.ca('Other root');
    const request = ['req', '-new', '-key', save(middle.key), '-subj', '/CN=Middle', '-outform', 'DER'];
    const der = shop.signCsr(other, shop.run(request), [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
    ]);
    const crossed = { key: middle.key, der, pem: derToPem(der) };
    for (const sent of [
      [crossed, middle],
      [middle, crossed],
    ])
      assert.equal(word(await look(await tlsServer(leaf, sent))), 'served-match');
    assert.equal(word(await look(await tlsServer(leaf, [crossed]))), 'untrusted');
  });

  test('a chain that does not verify is shown with everything that was sent, and no root is added to it', async () => {
    const stray = shop.ca('Stray');
    const seen = await look(await tlsServer(leaf, [stray, middle]), name, { anchors: null });
    assert.equal(word(seen), 'untrusted');
    assert.deepEqual(
      seen.chain.map((each) => each.fingerprint),
      [stray, middle].map(fingerprint),
    );
  });

  test('a certificate shown by a server that cannot prove its key is not served', async () => {
    const target = await tlsServer(rsaLeaf, [middle], { maxVersion: 'TLSv1.2' });
    // In between, one bit of the server's signature is changed: what a copied certificate without its key looks like.
    const port = await raw((client) => {
      const server = connect(target, '127.0.0.1');
      server.on('error', () => undefined);
      client.on('close', () => server.destroy());
      client.pipe(server);
      let held = Buffer.alloc(0);
      server.on('data', (chunk) => {
        held = Buffer.concat([held, chunk]);
        for (;;) {
          const length = held.length < 5 ? Infinity : 5 + held.readUInt16BE(3);
          if (held.length < length) return;
          const whole = Buffer.from(held.subarray(0, length));
          held = held.subarray(length);
          const last = whole.length - 1;
          if (whole[0] === 22 && whole[5] === 12) whole.writeUInt8((whole[last] ?? 0) ^ 1, last);
          client.write(whole);
        }
      });
    });
    assert.equal(word(await look(target), rsaLeaf), 'served-match');
    const seen = await look(port);
    assert.equal(seen.leaf, null);
    assert.equal(word(seen, rsaLeaf), 'handshake-failed');
  });

  test('a certificate followed by silence or a hang-up before any proof is not served', async () => {
    const flight = oldFlight(rsaLeaf.der);
    const hangUp = await look(
      await raw((socket) => {
        socket.once('data', () => socket.end(flight));
      }),
    );
    assert.equal(hangUp.failure?.result, 'handshake-failed');
    const silent = await raw((socket) => {
      socket.once('data', () => socket.write(flight));
    });
    assert.equal((await look(silent, name, { timeoutMs: 500 })).failure?.result, 'handshake-failed');
  });

  test('a server from before RFC 5746 is not refused for that: the handshake goes on to the key exchange', async () => {
    let answered: (type: number | undefined) => void = () => undefined;
    const answer = new Promise<number | undefined>((resolve) => {
      answered = resolve;
    });
    const port = await raw((socket) => {
      socket.once('data', () => {
        socket.write(oldFlight(rsaLeaf.der));
        socket.once('data', (chunk) => {
          // Handshake type 16 is ClientKeyExchange; an alert has record type 21.
          answered(chunk[0] === 22 ? chunk[5] : undefined);
          socket.destroy();
        });
      });
    });
    await look(port);
    assert.equal(await answer, 16);
  });

  test('a name the server has no certificate for is no-certificate (alert unrecognized_name)', async () => {
    const file = join(shop.directory, 'named.pem');
    writeFileSync(file, leaf.pem + leaf.key + middle.pem);
    const words = ['-cert', file, '-key', file, '-cert2', file, '-key2', file];
    const named = [...words, '-servername', name, '-servername_fatal'];
    assert.equal((await lookAtOpenssl(named)).leaf?.fingerprint, fingerprint(leaf));
    const seen = await lookAtOpenssl(named, 'other.example.com');
    assert.equal(word(seen), 'no-certificate');
    assert.match(seen.failure?.detail ?? '', /no certificate for other\.example\.com/);
  });

  test('a server without any certificate is no-certificate', async () => {
    const seen = await lookAtOpenssl(['-nocert', '-tls1_2', '-cipher', 'ALL:aNULL:@SECLEVEL=0']);
    assert.equal(word(seen), 'no-certificate');
  });

  test('a server that would also talk without a certificate is asked for the certificate', async () => {
    const file = join(shop.directory, 'both.pem');
    writeFileSync(file, leaf.pem + leaf.key);
    const seen = await lookAtOpenssl([
      ...['-cert', file, '-key', file, '-tls1_2', '-cipher', 'aNULL:ALL:@SECLEVEL=0'],
    ]);
    assert.equal(seen.leaf?.fingerprint, fingerprint(leaf));
  });

  test('TLS 1.0 only, and only a rare post-quantum group: both are seen', async () => {
    const ancient = await tlsServer(rsaLeaf, [middle], {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    const seen = await look(ancient);
    assert.equal(seen.protocol, 'TLSv1');
    assert.equal(word(seen, rsaLeaf), 'served-match');
    for (const ecdhCurve of ['MLKEM1024', 'SecP256r1MLKEM768', 'P-521']) {
      assert.equal(
        word(await look(await tlsServer(leaf, [middle], { ecdhCurve }))),
        'served-match',
        ecdhCurve,
      );
    }
  });

  test('an address as server name needs an address in the certificate', async () => {
    const byAddress = shop.leaf(middle, name, {
      extensions: ['subjectAltName=IP:127.0.0.1', 'extendedKeyUsage=serverAuth'],
    });
    assert.equal(
      word(await look(await tlsServer(byAddress, [middle]), '127.0.0.1'), byAddress),
      'served-match',
    );
    assert.equal(word(await look(await tlsServer(leaf, [middle]), '127.0.0.1')), 'name-mismatch');
  });

  test('a certificate that is not for servers is untrusted', async () => {
    const client = shop.leaf(middle, name, {
      extensions: [`subjectAltName=DNS:${name}`, 'extendedKeyUsage=clientAuth'],
    });
    const seen = await look(await tlsServer(client, [middle]));
    assert.equal(word(seen, client), 'untrusted');
    assert.match(seen.distrust ?? '', /serverAuth|usage/);
  });

  test('an expired intermediate is untrusted although the leaf is valid', async () => {
    const old = shop.ca('Old middle', {
      issuer: root,
      notBefore: '20200101000000Z',
      notAfter: '20210101000000Z',
    });
    const below = shop.leaf(old, name);
    const seen = await look(await tlsServer(below, [old]));
    assert.equal(word(seen, below), 'untrusted');
    assert.match(seen.distrust ?? '', /a certificate of the path has expired/);
  });
});

describe('a look is bounded', () => {
  test('one byte at a time ends with the time for the look', async () => {
    const port = await raw((socket) => {
      const hello = oldFlight(rsaLeaf.der);
      let at = 0;
      const timer = setInterval(() => {
        socket.write(hello.subarray(at, ++at));
      }, 20);
      socket.on('close', () => {
        clearInterval(timer);
      });
    });
    const seen = await look(port, name, { timeoutMs: 400 });
    assert.match(seen.failure?.detail ?? '', /did not end within 0\.4 s/);
  });

  test('endless handshake messages end with the time for the look, and the connection with them', async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    // HelloRequest: a client passes over it and goes on waiting (RFC 5246 section 7.4.1.1).
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => record(22, message(0, Buffer.alloc(0)))));
    const port = await raw((socket) => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write(flood));
      };
      socket.on('drain', pour);
      socket.on('close', closed);
      pour();
    });
    const seen = await look(port, name, { timeoutMs: 500 });
    assert.equal(seen.failure?.result, 'handshake-failed');
    await gone;
  });

  test('random bytes, an empty answer and damaged certificates are failures in words', async () => {
    const cases: readonly Uint8Array[] = [
      Buffer.alloc(100_000, 0xff),
      Buffer.alloc(0),
      record(22, Buffer.alloc(200, 0xff)),
      oldFlight(Buffer.from('not a certificate')),
      oldFlight(rsaLeaf.der.subarray(0, 200)),
    ];
    for (const bytes of cases) {
      const port = await raw((socket) => {
        socket.once('data', () => socket.end(bytes));
      });
      const seen = await look(port);
      assert.equal(seen.failure?.result, 'handshake-failed');
      assert.ok((seen.failure?.detail ?? '').length > 5);
    }
  });

  test('a long chain is read to its bound, one beyond the bound of TLS libraries is a failure', async () => {
    const long = Array.from({ length: 40 }, () => middle);
    const port = await tlsServer(leaf, long);
    assert.equal(word(await look(port)), 'served-match');
    const distrusted = await look(port, name, { anchors: [shop.ca('Nobody').pem] });
    assert.equal(distrusted.chain.length, limits.x509.chainMax - 1);
    const endless = Array.from({ length: Math.ceil(200_000 / middle.der.length) }, () => middle);
    assert.equal(word(await look(await tlsServer(leaf, endless))), 'handshake-failed');
  });
});

/** A certificate that nobody made: `subject` by `issuer`, a key of so many bits, numbers at random. Verifying with such a key costs what an honest one of its size does. */
function dearCertificate(
  subject: string,
  issuer: string,
  modulusBits: number,
  exponentBytes: number,
): Buffer {
  const named = (text: string): Buffer =>
    sequence(element(0x31, sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(text)))));
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), element(0x05));
  const modulus = randomBytes(modulusBits / 8);
  modulus.writeUInt8((modulus[0] ?? 0) | 0x80, 0);
  modulus.writeUInt8((modulus.at(-1) ?? 0) | 1, modulus.length - 1);
  const exponent = Buffer.alloc(exponentBytes, 0xff);
  exponent.writeUInt8(0x7f, 0);
  const spki = sequence(
    sequence(oid('1.2.840.113549.1.1.1'), element(0x05)),
    element(
      0x03,
      Buffer.from([0]),
      sequence(element(0x02, Buffer.from([0]), modulus), element(0x02, exponent)),
    ),
  );
  const signature = randomBytes(modulusBits / 8);
  signature.writeUInt8(0, 0);
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1])),
    algorithm,
    named(issuer),
    sequence(element(0x17, Buffer.from('250101000000Z')), element(0x17, Buffer.from('450101000000Z'))),
    named(subject),
    spki,
    element(
      0xa3,
      sequence(
        sequence(
          oid('2.5.29.19'),
          element(0x01, Buffer.from([0xff])),
          element(0x04, sequence(element(0x01, Buffer.from([0xff])))),
        ),
      ),
    ),
  );
  return sequence(body, algorithm, element(0x03, Buffer.from([0]), signature));
}

describe('what a server may make us compute', () => {
  test('a group of finite-field DHE is never asked for: a server that has nothing else fails, and is told why', async (context) => {
    const file = join(shop.directory, 'dhe.pem');
    writeFileSync(file, rsaLeaf.pem + rsaLeaf.key + middle.pem);
    const group = save(
      shop.run(['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe8192']).toString(),
    );
    const words = ['-cert', file, '-key', file, '-tls1_2', '-dhparam', group, '-cipher'];
    const seen = await printLoopDelay(context, 'a server with a DHE group of 8192 bits', () =>
      lookAtOpenssl([...words, 'DHE:@SECLEVEL=0']),
    );
    assert.equal(seen.leaf, null);
    assert.match(seen.failure?.detail ?? '', /finite-field DHE are not asked for; switch on ECDHE/);
    // Where it has others too, it is seen as ever; so is one with RSA key exchange alone.
    for (const ciphers of ['DHE:ECDHE:@SECLEVEL=0', 'kRSA:@SECLEVEL=0'])
      assert.equal(
        (await lookAtOpenssl([...words, ciphers])).leaf?.fingerprint,
        fingerprint(rsaLeaf),
        ciphers,
      );
  });

  test('a server that chooses finite-field DHE although nobody asked for it fails before its group is read', async () => {
    // TLS_DHE_RSA_WITH_AES_128_CBC_SHA
    const hello = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32, 7), Buffer.from([0, 0x00, 0x33, 0])]);
    const port = await raw((socket) => {
      socket.once('data', () => socket.write(record(22, message(2, hello))));
    });
    assert.match((await look(port)).failure?.detail ?? '', /finite-field DHE/);
  });

  test('a chain of the dearest keys is refused, and none of them is verified with by us', async (context) => {
    const key = save(leaf.key);
    const bare = shop.run(['x509', '-new', '-subj', '/CN=0', '-key', key, '-outform', 'DER']);
    const issuers = (modulusBits: number, exponentBytes: number, count: number): Buffer[] =>
      Array.from({ length: count }, (_, at) =>
        dearCertificate(String(at), String(at + 1), modulusBits, exponentBytes),
      );
    for (const [modulusBits, exponentBytes, count] of [
      [16_384, 8, 20],
      [8192, 8, 40],
      [3072, 383, 60],
    ] as const) {
      const chain = save(
        issuers(modulusBits, exponentBytes, count)
          .map((each) => derToPem(each))
          .join(''),
      );
      const words = ['-cert', save(derToPem(bare)), '-key', key, '-cert_chain', chain];
      const seen = await printLoopDelay(
        context,
        `${String(count)} issuers with RSA keys of ${String(modulusBits)} bits and exponents of ${String(8 * exponentBytes)}`,
        () => lookAtOpenssl(words),
      );
      assert.equal(seen.trust, 'untrusted');
      assert.equal(seen.leaf?.fingerprint, certificateFacts(bare).fingerprint);
    }
  });
});

describe('the way to the server', () => {
  test('a host with a dead address before a live one is reached, as clients reach it', async () => {
    const port = await tlsServer(leaf, [middle]);
    const seen = await look(port, name, {
      address: { host: name, port, serverName: name },
      resolver: (host) => {
        assert.equal(host, name);
        return Promise.resolve([
          { address: '::1', family: 6 },
          { address: '127.0.0.2', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]);
      },
    });
    assert.equal(word(seen), 'served-match');
  });

  test('when every address refuses, the reason is in words', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const seen = await look(port, name, {
      address: { host: name, port, serverName: name },
      resolver: () =>
        Promise.resolve([
          { address: '127.0.0.2', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]),
    });
    assert.equal(seen.failure?.result, 'connection-failed');
    assert.match(seen.failure?.detail ?? '', /refused/);
  });

  test('a resolver that does not answer takes no longer than the look, and is told from a name that does not exist', async () => {
    const address = { host: name, port: 443, serverName: name };
    const mute = await look(443, name, {
      address,
      timeoutMs: 200,
      resolver: () => new Promise(() => undefined),
    });
    assert.deepEqual(mute.failure, {
      result: 'name-unresolved',
      detail: `no answer for ${name} within 0.2 s`,
    });
    const failing = (code: string): Promise<Handshake> =>
      look(443, name, {
        address,
        resolver: () => Promise.reject(Object.assign(new Error(code), { code })),
      });
    assert.match((await failing('EAI_AGAIN')).failure?.detail ?? '', /did not answer/);
    assert.match((await failing('ENOTFOUND')).failure?.detail ?? '', /has no address in DNS/);
    const empty = await look(443, name, { address, resolver: () => Promise.resolve([]) });
    assert.equal(empty.failure?.result, 'name-unresolved');
  });

  test('an aborted signal ends a look that waits for DNS', async () => {
    const controller = new AbortController();
    const waiting = look(443, name, {
      address: { host: name, port: 443, serverName: name },
      signal: controller.signal,
      resolver: () => new Promise(() => undefined),
    });
    controller.abort(new Error('stopping'));
    await assert.rejects(waiting, /stopping/);
  });

  test('IPv6', async (context) => {
    const six = shop.leaf(middle, name, {
      extensions: ['subjectAltName=IP:::1', 'extendedKeyUsage=serverAuth'],
    });
    let port: number;
    try {
      port = await tlsServer(six, [middle], {}, '::1');
    } catch (error) {
      context.skip(`this machine has no IPv6 loopback: ${String(error)}`);
      return;
    }
    const seen = await look(port, '::1', { address: { host: '::1', port, serverName: '::1' } });
    assert.equal(word(seen, six), 'served-match');
  });
});
