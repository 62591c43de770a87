/** The responder of HTTP-01: answers what it was given, only while it was given it, to whoever asks in whatever way. */
import assert from 'node:assert/strict';
import { createServer, request, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { Issuer as IssuerSpec } from '../../daemon/core/model.ts';
import { limits } from '../../daemon/limits.ts';
import type { Challenge, Solver } from '../../daemon/ports/solver.ts';
import { createSolvers } from '../../daemon/solvers/index.ts';
import { createResponder } from '../../daemon/solvers/standalone.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const responder = createResponder({ log });
after(() => responder.close());
const signal = AbortSignal.timeout(60_000);
const challenge = (token: string): Challenge => ({
  type: 'http-01',
  dnsName: 'shop.example.com',
  token,
  keyAuthorization: `${token}.thumbprint`,
});

async function listenSomewhere(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listenSomewhere(probe);
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

/** Status and body; null when nobody listens. */
function ask(
  port: number,
  path: string,
  method = 'GET',
): Promise<{ readonly status: number; readonly body: string } | null> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve(null);
      else reject(error);
    });
    sent.end();
  });
}

const at = (token: string): string => `/.well-known/acme-challenge/${token}`;

test('it answers a token it was given, by GET and HEAD, and listens no longer when the last is taken back', async () => {
  const port = await freePort();
  const [one, two] = [responder.solverAt('127.0.0.1', port), responder.solverAt('127.0.0.1', port)];
  assert.equal(await ask(port, at('a')), null, 'nobody listens before there is something to answer');
  await one.present(challenge('a'), signal);
  await two.present(challenge('b'), signal);
  assert.deepEqual(await ask(port, at('a')), { status: 200, body: 'a.thumbprint' });
  assert.deepEqual(await ask(port, `${at('b')}?from=somewhere`), { status: 200, body: 'b.thumbprint' });
  assert.deepEqual(await ask(port, at('a'), 'HEAD'), { status: 200, body: '' });
  await one.cleanUp(challenge('a'), signal);
  assert.equal((await ask(port, at('a')))?.status, 404);
  assert.equal((await ask(port, at('b')))?.status, 200);
  await two.cleanUp(challenge('b'), signal);
  assert.equal(await ask(port, at('b')), null);
});

test('presenting and taking back twice are as once', async () => {
  const port = await freePort();
  const solver = responder.solverAt('127.0.0.1', port);
  await solver.cleanUp(challenge('a'), signal);
  await solver.present(challenge('a'), signal);
  await solver.present(challenge('a'), signal);
  assert.equal((await ask(port, at('a')))?.status, 200);
  await solver.cleanUp(challenge('a'), signal);
  await solver.cleanUp(challenge('a'), signal);
  assert.equal(await ask(port, at('a')), null);
});

test('anything else is not found, and no answer is sent with a method that changes things', async () => {
  const port = await freePort();
  const solver = responder.solverAt('127.0.0.1', port);
  await solver.present(challenge('token'), signal);
  for (const path of [
    '/',
    '/.well-known/acme-challenge/',
    '/.well-known/acme-challenge',
    at('other'),
    at('TOKEN'),
    at('token/'),
    at('../acme-challenge/token'),
    at('%74oken'),
    at('__proto__'),
    at('constructor'),
    `/x${at('token')}`,
  ]) {
    assert.deepEqual(await ask(port, path), { status: 404, body: 'not found\n' }, path);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    assert.deepEqual(await ask(port, at('token'), method), { status: 404, body: 'not found\n' }, method);
  }
  await solver.cleanUp(challenge('token'), signal);
});

test('one order that ends while another begins does not take the other its server', async () => {
  const port = await freePort();
  const solver = responder.solverAt('127.0.0.1', port);
  await solver.present(challenge('0'), signal);
  for (let round = 0; round < 50; round++) {
    const next = String(round + 1);
    await Promise.all([
      solver.cleanUp(challenge(String(round)), signal),
      solver.present(challenge(next), signal),
    ]);
    assert.equal((await ask(port, at(next)))?.body, `${next}.thumbprint`, `round ${next}`);
  }
  await solver.cleanUp(challenge('50'), signal);
  assert.equal(await ask(port, at('50')), null);
});

test('an address that is taken is said, and tried again by the next', async () => {
  const other = createServer();
  const port = await listenSomewhere(other);
  const solver = responder.solverAt('127.0.0.1', port);
  await assert.rejects(solver.present(challenge('a'), signal), {
    name: 'OperationError',
    code: 'http-unavailable',
    disposition: 'retry',
  });
  await solver.cleanUp(challenge('a'), signal);
  await new Promise((resolve) => {
    other.close(resolve);
  });
  await solver.present(challenge('b'), signal);
  assert.equal((await ask(port, at('b')))?.status, 200);
  assert.equal((await ask(port, at('a')))?.status, 404);
  await solver.cleanUp(challenge('b'), signal);
});

test('bytes that are no HTTP and headers without end cost a connection, not the responder', async () => {
  const port = await freePort();
  const solver = responder.solverAt('127.0.0.1', port);
  await solver.present(challenge('a'), signal);
  for (const bytes of [
    'hello\r\n\r\n',
    '\u0016\u0003\u0001\u0002',
    `GET / HTTP/1.1\r\nx: ${'y'.repeat(limits.acme.responderHeaderMaxBytes * 2)}\r\n\r\n`,
    `GET /${'z'.repeat(limits.acme.responderHeaderMaxBytes * 2)} HTTP/1.1\r\n\r\n`,
  ]) {
    const said = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
      socket.setEncoding('utf8').on('data', (part: string) => (text += part));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(text);
      });
    });
    assert.match(said, /^(HTTP\/1\.1 4\d\d |$)/);
  }
  assert.equal((await ask(port, at('a')))?.status, 200);
  await solver.cleanUp(challenge('a'), signal);
});

test('ending the process leaves no server behind, whoever still holds a connection', async () => {
  const port = await freePort();
  const own = createResponder({ log });
  await own.solverAt('127.0.0.1', port).present(challenge('a'), signal);
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await own.close();
  await closed;
  assert.equal(await ask(port, at('a')), null);
});

const spec = (challengeOf: unknown): IssuerSpec => ({
  kind: 'Issuer',
  name: 'x',
  labels: {},
  source: { file: 'x.yaml', line: 1, column: 1 },
  blob: '',
  type: 'acme',
  config: challengeOf === undefined ? {} : { challenge: challengeOf },
});

test('the declaration chooses the solver: standalone, the webroot of a target that can write one, or none', async () => {
  const solvers = createSolvers({ log });
  const written: string[] = [];
  type Target = Parameters<typeof solvers.solverFor>[1];
  // Only what the choice looks at: the rest of a target is never touched here.
  const blank = {} as Target;
  const writer = {
    writeWebroot: (root: string, token: string, text: string) =>
      Promise.resolve(void written.push(`${root} ${token} ${text}`)),
    removeWebroot: (root: string, token: string) =>
      Promise.resolve(void written.push(`remove ${root} ${token}`)),
  } as unknown as Target;
  assert.equal(solvers.solverFor(spec(undefined), writer), null);
  assert.equal(solvers.solverFor(spec({ type: 'webroot', path: '/var/www' }), blank), null);
  assert.equal(solvers.solverFor(spec({ type: 'webroot' }), writer), null);
  assert.equal(solvers.solverFor(spec({ type: 'else' }), writer), null);
  const webroot = solvers.solverFor(spec({ type: 'webroot', path: '/var/www' }), writer);
  await webroot?.present(challenge('a'), signal);
  await webroot?.cleanUp(challenge('a'), signal);
  assert.deepEqual(written, ['/var/www a a.thumbprint', 'remove /var/www a']);

  const port = await freePort();
  const alone: Solver | null = solvers.solverFor(
    spec({ type: 'standalone', listen: `127.0.0.1:${String(port)}` }),
    blank,
  );
  await alone?.present(challenge('b'), signal);
  assert.equal((await ask(port, at('b')))?.body, 'b.thumbprint');
  await solvers.close();
  assert.equal(await ask(port, at('b')), null);
});
