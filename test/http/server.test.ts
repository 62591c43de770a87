import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { createMetrics } from '../../daemon/http/metrics.ts';
import { type HealthState, startHttp } from '../../daemon/http/server.ts';
import { limits } from '../../daemon/limits.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import type { Log, Secret } from '../../daemon/ports/plugin.ts';
import { createSecret } from '../../daemon/redaction.ts';
import { parseExposition } from './exposition-reader.ts';

const secret = 'webhook-canary-secret';
const clock = { now: 1_800_000_000_000 };
const warnings: string[] = [];
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (fields, message) => warnings.push(JSON.stringify({ ...fields, message })),
  error: () => {},
};
let health: HealthState = { firstTurnAt: null, problems: [] };
let hints = 0;
let webhookSecret = (): Promise<Secret> => Promise.resolve(createSecret(secret));
const metrics = createMetrics({ now: () => clock.now, version: '0' });
const server = await startHttp({
  listen: { host: '127.0.0.1', port: 0 },
  state: () => health,
  metrics,
  webhookSecret: () => webhookSecret(),
  onHint: () => hints++,
  log,
  now: () => clock.now,
});
after(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: server.address.host, port: server.address.port, method, path, headers, agent: false },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
        );
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const sign = (body: string | Buffer, key = secret): string =>
  createHmac('sha256', key).update(body).digest('hex');

async function deliver(
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = '{}',
): Promise<{ status: number; hinted: boolean }> {
  const before = hints;
  const { status } = await send('POST', '/webhook', headers, body);
  return { status, hinted: hints > before };
}

test('it listens on the address asked for', () => {
  assert.equal(server.address.host, '127.0.0.1');
  assert.ok(server.address.port > 0);
});

test('healthz says the process is alive, whatever the state', async () => {
  health = { firstTurnAt: null, problems: ['the journal cannot be written'] };
  const { status, headers } = await send('GET', '/healthz');
  assert.equal(status, 200);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('readyz is 503 with every reason until the first turn has ended and all is usable, then 200', async () => {
  health = { firstTurnAt: null, problems: ['the journal cannot be written: disk full\u001b[2J'] };
  const not = await send('GET', '/readyz');
  assert.equal(not.status, 503);
  assert.equal(
    not.body,
    'not ready\n- the first turn has not ended yet\n- the journal cannot be written: disk full\\x1b[2J\n',
  );
  health = { firstTurnAt: clock.now, problems: [] };
  assert.equal((await send('GET', '/readyz')).status, 200);
  health = { firstTurnAt: clock.now, problems: ['the repository cannot be read'] };
  assert.equal((await send('GET', '/readyz')).status, 503);
});

test('metrics are in the Prometheus text format 0.0.4', async () => {
  metrics.turnEnded({ result: 'unchanged', durationMs: 12 });
  const { status, headers, body } = await send('GET', '/metrics');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(parseExposition(body).get('renewd_turns_total{result="unchanged"}'), 1);
});

test('HEAD answers without a body, other methods and paths are refused', async () => {
  const head = await send('HEAD', '/metrics');
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal((await send('DELETE', '/healthz')).status, 405);
  assert.equal((await send('GET', '/webhook')).headers['allow'], 'POST');
  assert.equal((await send('GET', '/etc/passwd')).status, 404);
  assert.equal((await send('GET', '/healthz/../metrics')).status, 404);
});

test('a GitHub signature is accepted with 202 and hints', async () => {
  const body = JSON.stringify({ after: 'a'.repeat(40) });
  const headers = { 'x-hub-signature-256': `sha256=${sign(body)}`, 'x-github-delivery': 'gh-1' };
  assert.deepEqual(await deliver(headers, body), { status: 202, hinted: true });
});

test('Gitea and Forgejo signatures and a GitLab token are accepted', async () => {
  assert.deepEqual(
    await deliver({ 'x-gitea-signature': sign('gitea'), 'x-gitea-delivery': 'gt-1' }, 'gitea'),
    { status: 202, hinted: true },
  );
  assert.deepEqual(
    await deliver({ 'x-forgejo-signature': sign('forgejo'), 'x-forgejo-delivery': 'fj-1' }, 'forgejo'),
    { status: 202, hinted: true },
  );
  assert.deepEqual(await deliver({ 'x-gitlab-token': secret, 'x-gitlab-event-uuid': 'gl-1' }, 'gitlab'), {
    status: 202,
    hinted: true,
  });
});

test('the signature is over the raw bytes, not over decoded text', async () => {
  const body = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
  const headers = { 'x-hub-signature-256': `sha256=${sign(body)}`, 'x-github-delivery': 'raw-1' };
  assert.deepEqual(await deliver(headers, body), { status: 202, hinted: true });
});

const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no signature at all', {}],
  ['a signature with another key', { 'x-hub-signature-256': `sha256=${sign('{}', 'other')}` }],
  ['a signature of another body', { 'x-hub-signature-256': `sha256=${sign('{} ')}` }],
  ['a signature without its algorithm', { 'x-hub-signature-256': sign('{}') }],
  [
    'the old SHA-1 header',
    { 'x-hub-signature': `sha1=${createHmac('sha1', secret).update('{}').digest('hex')}` },
  ],
  ['a signature cut short', { 'x-gitea-signature': sign('{}').slice(0, 62) }],
  ['a signature that is not hex', { 'x-gitea-signature': 'z'.repeat(64) }],
  ['a wrong token', { 'x-gitlab-token': `${secret}x` }],
  ['an empty token', { 'x-gitlab-token': '' }],
  [
    'a wrong signature beside a right token',
    { 'x-hub-signature-256': 'sha256=00', 'x-gitlab-token': secret },
  ],
];
for (const [name, headers] of wrong) {
  test(`${name} is refused with 401 and no hint`, async () => {
    assert.deepEqual(await deliver(headers), { status: 401, hinted: false });
  });
}

test('refused deliveries are logged once a minute, with how many were not', async () => {
  warnings.length = 0;
  clock.now += limits.http.webhookWarnIntervalMs;
  await deliver({});
  await deliver({});
  await deliver({});
  assert.equal(warnings.length, 1);
  clock.now += limits.http.webhookWarnIntervalMs;
  await deliver({});
  assert.match(warnings[1] ?? '', /"notLogged":2/);
});

test('a replayed delivery does not hint: same id, or same signed body under a new id', async () => {
  const body = 'replayed';
  const first = { 'x-hub-signature-256': `sha256=${sign(body)}`, 'x-github-delivery': 'rp-1' };
  assert.deepEqual(await deliver(first, body), { status: 202, hinted: true });
  assert.deepEqual(await deliver(first, body), { status: 200, hinted: false });
  assert.deepEqual(await deliver({ ...first, 'x-github-delivery': 'rp-2' }, body), {
    status: 200,
    hinted: false,
  });
});

test('the same delivery after the replay window hints again', async () => {
  const body = 'window';
  const headers = { 'x-hub-signature-256': `sha256=${sign(body)}`, 'x-github-delivery': 'wd-1' };
  assert.equal((await deliver(headers, body)).status, 202);
  clock.now += limits.http.webhookReplayWindowMs - 1;
  assert.equal((await deliver(headers, body)).status, 200);
  clock.now += 1;
  assert.equal((await deliver(headers, body)).status, 202);
});

test('exactly the largest body is read, one byte more is 413 and no hint', async () => {
  const exact = Buffer.alloc(limits.http.webhookBodyMaxBytes, 'a');
  const headers = (body: Buffer) => ({
    'x-hub-signature-256': `sha256=${sign(body)}`,
    'content-length': String(body.length),
  });
  assert.deepEqual(await deliver(headers(exact), exact), { status: 202, hinted: true });
  const more = Buffer.alloc(limits.http.webhookBodyMaxBytes + 1, 'b');
  assert.deepEqual(await deliver(headers(more), more), { status: 413, hinted: false });
});

test('a body without a declared length is cut off at the cap', async () => {
  const more = Buffer.alloc(limits.http.webhookBodyMaxBytes + 1, 'c');
  const headers = { 'x-hub-signature-256': `sha256=${sign(more)}`, 'transfer-encoding': 'chunked' };
  assert.deepEqual(await deliver(headers, more), { status: 413, hinted: false });
});

test('headers beyond the cap are refused with 431', async () => {
  assert.equal(
    (await send('GET', '/healthz', { 'x-long': 'a'.repeat(limits.http.headerMaxBytes) })).status,
    431,
  );
});

test('a client that never ends its headers is cut off while others are answered', async () => {
  const slow = connect(server.address.port, server.address.host);
  const ended = new Promise<string>((resolve, reject) => {
    let text = '';
    slow.setEncoding('utf8');
    slow.on('data', (chunk: string) => {
      text += chunk;
    });
    slow.on('close', () => resolve(text));
    slow.on('error', reject);
  });
  slow.write('GET /healthz HTTP/1.1\r\nhost: x\r\n');
  assert.equal((await send('GET', '/healthz')).status, 200);
  assert.match(await ended, /^HTTP\/1\.1 408 /);
});

test('without a secret there is no webhook, and a port in use is an operation error', async () => {
  const plain = await startHttp({
    listen: { host: '127.0.0.1', port: 0 },
    state: () => health,
    metrics,
    webhookSecret: null,
    onHint: () => assert.fail('hinted'),
    log,
    now: () => clock.now,
  });
  const answer = await fetch(`http://127.0.0.1:${plain.address.port}/webhook`, {
    method: 'POST',
    headers: { 'x-gitlab-token': secret },
  });
  assert.equal(answer.status, 404);
  await assert.rejects(
    startHttp({
      listen: plain.address,
      state: () => health,
      metrics,
      webhookSecret: null,
      onHint: () => {},
      log,
      now: () => clock.now,
    }),
    (error) => error instanceof OperationError && error.code === 'http-unavailable',
  );
  await plain.close();
  await plain.close();
});

test('the webhook secret is read at each delivery: a new one counts from the next on, and one that cannot be read refuses nobody for good', async () => {
  const before = webhookSecret;
  const deliver = async (with_: string, id: string): Promise<number> => {
    const { status } = await send(
      'POST',
      '/webhook',
      { 'x-gitlab-token': with_, 'x-gitlab-event-uuid': id },
      '{}',
    );
    return status;
  };
  try {
    assert.equal(await deliver(secret, 'rotation-1'), 202);
    webhookSecret = () => Promise.resolve(createSecret('the-next-secret-of-the-hook'));
    assert.equal(await deliver(secret, 'rotation-2'), 401);
    assert.equal(await deliver('the-next-secret-of-the-hook', 'rotation-3'), 202);
    webhookSecret = () =>
      Promise.reject(new OperationError('secret-unavailable', 'it is gone', { disposition: 'retry' }));
    assert.equal(await deliver('the-next-secret-of-the-hook', 'rotation-4'), 503);
  } finally {
    webhookSecret = before;
  }
});
