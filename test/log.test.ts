import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { format } from 'node:util';
import * as fc from 'fast-check';
import { limits } from '../daemon/limits.ts';
import { createLog, type LogLevel } from '../daemon/log.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import type { Log } from '../daemon/ports/plugin.ts';
import { createSecret, redact } from '../daemon/redaction.ts';

function capture(pretty: boolean, level: LogLevel = 'debug'): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level, pretty, destination: { write: (line) => lines.push(line) } }), lines };
}

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

test('one event is one line of JSON, whatever the text', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (key, value, message) => {
      const { log, lines } = capture(false);
      log.info({ [key]: value }, message);
      assert.equal(lines.length, 1);
      const line = lines[0] ?? '';
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const event = JSON.parse(line) as Record<string, unknown>;
      assert.equal(event['level'], 'info');
      assert.equal(typeof event['time'], 'string');
    }),
  );
});

test('one event is one plain line without control, bidirectional or escape characters', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (key, value, message) => {
      const { log, lines } = capture(true);
      log.warn({ [key]: value, list: [value], error: new Error(value) }, message);
      assert.equal(lines.length, 1);
      const line = lines[0] ?? '';
      assert.ok(line.endsWith('\n'));
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});

test('a JSON line says level, UTC time, message and fields', () => {
  const { log, lines } = capture(false);
  log.error({ certificate: 'web/shop', attempts: 3 }, 'renewal failed');
  const { time, ...event } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(event, {
    level: 'error',
    certificate: 'web/shop',
    attempts: 3,
    message: 'renewal failed',
  });
});

test('a field cannot forge the level, time or message of its line', () => {
  const { log, lines } = capture(false);
  log.info({ level: 'error', time: 'never', message: 'forged' }, 'true');
  const event = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(event['level'], 'info');
  assert.equal(event['message'], 'true');
  assert.equal(event['level_'], 'error');
});

test('events below the level are not written', () => {
  const { log, lines } = capture(false, 'warn');
  log.debug({}, 'no');
  log.info({}, 'no');
  log.warn({}, 'yes');
  assert.equal(lines.length, 1);
});

test('a plain line reads as time, level, message, fields', () => {
  const { log, lines } = capture(true);
  log.info({ certificate: 'web/shop', note: 'two words', count: 2 }, 'served');
  assert.match(
    lines[0] ?? '',
    /^\d\d:\d\d:\d\d info {2}served {2}certificate=web\/shop {2}note="two words" {2}count=2\n$/,
  );
});

test('an operation error shows code, message and cause but no stack; a programmer mistake shows its stack', () => {
  const { log, lines } = capture(false);
  const error = new OperationError('ssh-auth', 'refused', {
    disposition: 'stall',
    endsWhen: ['configuration'],
    cause: new TypeError('inner'),
  });
  log.error({ error }, 'failed');
  const event = JSON.parse(lines[0] ?? '') as { error: Record<string, unknown> };
  assert.equal(event.error['code'], 'ssh-auth');
  assert.equal(event.error['message'], 'refused');
  assert.equal(event.error['stack'], undefined);
  const cause = event.error['cause'] as Record<string, unknown>;
  assert.match(String(cause['stack']), /TypeError: inner/);
});

const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const pemBody = pem.split('\n')[1] ?? '';

/** What must never show, by how it could reach the log. */
const canaries: readonly {
  readonly name: string;
  readonly canary: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message?: string;
}[] = [
  { name: 'a Secret', canary: 'canary-a1b2c3', fields: { value: createSecret('canary-a1b2c3') } },
  {
    name: 'the value of a Secret inside a text',
    canary: 'canary-d4e5f6',
    fields: { stderr: `remote: bad password ${createSecret('canary-d4e5f6').reveal()} given` },
  },
  {
    name: 'the value of a Secret inside a message',
    canary: 'canary-m3ss4g3',
    fields: {},
    message: `said ${createSecret('canary-m3ss4g3').reveal()}`,
  },
  {
    name: 'the value of a Secret as a field name',
    canary: 'canary-k3y',
    fields: { [createSecret('canary-k3y').reveal()]: 1 },
  },
  {
    name: 'a Secret in base64 after Basic',
    canary: Buffer.from('canary-basic-1').toString('base64').replace(/=+$/, ''),
    fields: { header: Buffer.from(createSecret('canary-basic-1').reveal()).toString('base64') },
  },
  {
    name: 'a Secret in a nested error cause',
    canary: 'canary-c4us3',
    fields: {
      error: new Error('outer', { cause: new Error(`inner ${createSecret('canary-c4us3').reveal()}`) }),
    },
  },
  { name: 'a PEM private key', canary: pemBody, fields: { output: `before\n${pem}after` } },
  {
    name: 'a PEM private key that is cut off',
    canary: pemBody,
    fields: { output: pem.slice(0, pem.length - 60) },
  },
  {
    name: 'a token in a URL user part',
    canary: 'ghx-canary',
    fields: { url: 'https://x-access-token:ghx-canary@git.example/r.git' },
  },
  {
    name: 'a token in a URL query',
    canary: 'canary-query',
    fields: { url: 'https://git.example/x?a=1&private_token=canary-query&b=2' },
  },
  {
    name: 'an Authorization header in text',
    canary: 'Y2FuYXJ5',
    fields: { request: 'GET / HTTP/1.1\r\nAuthorization: Basic Y2FuYXJ5\r\n' },
  },
  {
    name: 'an authorization field',
    canary: 'canary-header',
    fields: { headers: { authorization: 'canary-header' } },
  },
  {
    name: 'a password field',
    canary: 'canary-password',
    fields: { login: { username: 'a', password: 'canary-password' } },
  },
  {
    name: 'a bearer token in text',
    canary: 'canarybearer123',
    fields: { text: 'sent Bearer canarybearer123 to it' },
  },
  {
    name: 'a forge token by its prefix',
    canary: 'ghp_0123456789abcdefCANARY',
    fields: { text: 'token ghp_0123456789abcdefCANARY refused' },
  },
  {
    name: 'an age identity',
    canary: 'AGE-SECRET-KEY-1CANARY',
    fields: { text: 'AGE-SECRET-KEY-1CANARY0000000000000' },
  },
  { name: 'bytes', canary: '99,97,110', fields: { bytes: Buffer.from('canary') } },
];

for (const { name, canary, fields, message } of canaries) {
  test(`${name} never reaches the log`, () => {
    for (const pretty of [false, true]) {
      const { log, lines } = capture(pretty);
      log.info(fields, message ?? 'event');
      assert.equal(lines.length, 1);
      assert.ok(!(lines[0] ?? '').includes(canary), lines[0]);
      assert.ok((lines[0] ?? '').includes(message === undefined ? 'event' : 'said'));
    }
  });
}

test('a Secret does not show in a text, JSON, util.format or an inspected object', () => {
  const secret = createSecret('canary-inspect');
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    format('%s %o %j', secret, { secret }, secret),
  ].join();
  assert.ok(!shown.includes('canary-inspect'), shown);
  assert.equal(secret.reveal(), 'canary-inspect');
});

test('redaction leaves ordinary text alone', () => {
  for (const text of [
    'certificate web/shop: renewed, serial 04ab, served by web-01:443',
    'https://git.example/renewd/estate.git at 0123abcd',
    'file inventory/teams/web.yaml:3:5: unknown key',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  ]) {
    assert.equal(redact(text), text);
  }
});

test('a secret that straddles the cut of a long text does not show in part', () => {
  const secret = createSecret('canary-straddle-0123456789').reveal();
  const { log, lines } = capture(false);
  log.info({ text: 'x'.repeat(limits.log.textMaxCharacters - 10) + secret }, 'long');
  assert.ok(!(lines[0] ?? '').includes('canary'), 'a part of the secret shows');
});

test('long texts, deep objects and circular objects are bounded', () => {
  const { log, lines } = capture(false);
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  log.info({ text: 'y'.repeat(1_000_000), circular, list: Array(10_000).fill(1) }, 'bounded');
  assert.ok((lines[0] ?? '').length < 3 * limits.log.textMaxCharacters);
  assert.match(lines[0] ?? '', /\[1000000 characters\]/);
});
