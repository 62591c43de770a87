import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { instantWithin, timestamp } from '../daemon/core/timestamp.ts';
import { limits } from '../daemon/limits.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import {
  recordJson,
  recordLine,
  recordText,
  recordValue,
  withheldIn,
  withholdFromNowOn,
} from '../daemon/record-text.ts';
import { createSecret } from '../daemon/redaction.ts';

const hostile = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test('any text is written without control characters, and writing it twice changes nothing more', () => {
  const pieces = fc.constantFrom(
    '\u0000',
    '\u001b[31m',
    '\u009b',
    '\u202e',
    '\u2066',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\ud83d',
    '\r\n',
    '\r',
    '\t',
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    'authorization: ',
    'Bearer abcdefghij',
    'https://a:b@c/?token=x',
    'MHcCAQEEI',
    'AGE-SECRET-KEY-1QQQ',
    'ghp_0123456789abcdef',
    ' ',
    '\\n',
    '[secret]',
    'word',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 12 }), (parts) => {
      const text = recordText(parts.join(''));
      assert.doesNotMatch(text, hostile);
      assert.equal(recordText(text), text);
      const line = recordLine(parts.join(''));
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.equal(recordLine(line), line);
    }),
    { numRuns: 2000 },
  );
});

test('what people write is written as it is', () => {
  for (const text of [
    'Zürich 東京 ✓ 👍',
    'a\nb',
    '',
    'CN=shop.example.com,O=Example',
    'serial 0a1b',
    'C:\\new\\x1b',
  ])
    assert.equal(recordText(text), text);
});

test('private keys of every armor and of none are withheld', () => {
  const { privateKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { privateKey: ed } = generateKeyPairSync('ed25519');
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const directory = mkdtempSync(join(tmpdir(), 'renewd-keys-'));
  try {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'key')]);
    const openssh = readFileSync(join(directory, 'key'), 'utf8');
    const texts = [
      openssh,
      openssh.replace(/-----[^\n]*-----\n/g, ''),
      ...[ec, ed, rsa].flatMap((key) => [
        key.export({ type: 'pkcs8', format: 'pem' }) as string,
        (key.export({ type: 'pkcs8', format: 'der' }) as Buffer).toString('base64'),
        (key.export({ type: 'pkcs8', format: 'der' }) as Buffer).toString('hex'),
        (key.export({ type: 'pkcs8', format: 'pem' }) as string).replace(/-----[^\n]*-----\n/g, ''),
        JSON.stringify(key.export({ type: 'pkcs8', format: 'pem' })),
        JSON.stringify(key.export({ format: 'jwk' })),
        key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
        (
          key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }) as Buffer
        ).toString('base64'),
      ]),
      ec.export({ type: 'sec1', format: 'pem' }) as string,
      (ec.export({ type: 'sec1', format: 'der' }) as Buffer).toString('base64'),
      rsa.export({ type: 'pkcs1', format: 'pem' }) as string,
      (rsa.export({ type: 'pkcs1', format: 'der' }) as Buffer).toString('base64'),
      '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: x\nP2/56wAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----',
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----',
      'PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAAIEexample\nPrivate-MAC: 00',
    ];
    for (const text of texts) {
      const value = recordValue({ said: `before ${text} after` });
      assert.deepEqual(withheldIn(value), [{ what: 'private key', field: 'said' }], text.slice(0, 80));
      const body = text.split('\n').filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
      for (const line of body) assert.ok(!value.said.includes(line), `${line} of ${text.slice(0, 40)}`);
    }
    // What is public stays: records hold it.
    const spki = rsa.export({ type: 'pkcs8', format: 'pem' });
    assert.ok(typeof spki === 'string');
    for (const text of [readFileSync(join(directory, 'key.pub'), 'utf8')])
      assert.equal(recordText(text), text);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a line of a key, and a piece of a line that was cut, are withheld wherever they come back', () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs1',
    format: 'pem',
  }) as string;
  createSecret(key);
  const lines = key.trim().split('\n').slice(1, -1);
  const [line = ''] = lines.slice(3);
  assert.equal(recordText(`sudo: ${line}: command not found`), 'sudo: [secret]: command not found');
  for (let from = 0; from + 31 <= line.length; from += 5) {
    const cut = line.slice(from, from + 31);
    // What stands before differs from the key there, or it would be a piece of the key itself.
    const other = line[from - 1] === 'a' ? 'b' : 'a';
    for (const before of ['', other, 'it said ', `0123456789${other}`])
      assert.equal(recordText(`${before}${cut}`), `${before}[secret]`);
  }
  const failure = new OperationError('ssh-command-failed', `web-01 said ${line}`, { disposition: 'retry' });
  assert.equal(failure.message, 'web-01 said [secret]');
});

test('a secret file of a key and its certificates makes no secret of the certificates', () => {
  const certificate =
    '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2hlY2tlZEJ5VGVzdHNPZlJlbmV3ZDANBgkqhkiG9w0B\n-----END CERTIFICATE-----\n';
  createSecret(`${certificate}a password of this file that is long enough`);
  assert.equal(recordText(certificate), certificate);
  assert.equal(recordText('a password of this file that is long enough'), '[secret]');
});

test('values are cleaned in every field and key, and are the same value where nothing was to clean', () => {
  const plain = { a: ['x', 1, null, { b: true }] };
  assert.equal(recordValue(plain), plain);
  assert.deepEqual(recordValue({ 'k\u202e': ['\u001b', { x: '-----BEGIN EC PRIVATE KEY-----' }] }), {
    'k\\u202e': ['\\x1b', { x: '[private key]' }],
  });
  assert.equal(recordJson({ a: '\u2028' }), '{\n  "a": "\\\\u2028"\n}\n');
});

test('every number gives a timestamp that a record can say', () => {
  for (const instant of [
    Number.NaN,
    Infinity,
    -Infinity,
    8.64e15 + 1,
    -8.64e15 - 1,
    8640000000001000,
    253402300800000,
    -62167219200001,
    1e300,
    -0,
  ])
    assert.match(timestamp(instant), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(timestamp(Infinity), '9999-12-31T23:59:59Z');
  assert.equal(timestamp(Number.NaN), '0000-01-01T00:00:00Z');
  assert.equal(instantWithin(5), 5);
});

test('the message of a failure is bounded, whatever a server said: its ends stay, and no secret shows at the cut', () => {
  const secret = 'correct-horse-battery-staple-of-4000';
  withholdFromNowOn([secret]);
  for (const length of [0, 1, 3000, 3990, 4000, 5000, 40_000, 200_000, 2_000_000])
    for (const shift of [0, 5, 20, 34]) {
      const said = `${'x'.repeat(Math.max(0, length - shift))}${secret.repeat(3)}`;
      const { message } = new OperationError('ssh-unreachable', `web-01 said: ${said}. Check the host.`, {
        disposition: 'retry',
      });
      assert.ok(message.length <= limits.records.messageMaxChars);
      assert.match(message, /^web-01 said: /);
      assert.match(message, /\. Check the host\.$/);
      assert.doesNotMatch(message, /correct-horse-b|staple-of-4000/);
    }
});
