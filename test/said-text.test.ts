/** Words of programs: a private key is withheld wherever its text was cut, and what only looks long stays. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../daemon/limits.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import { recordMessage, recordText } from '../daemon/record-text.ts';
import { firstOf, lastLines, saidText } from '../daemon/said-text.ts';
import { excerptAt } from '../daemon/documents/excerpt.ts';
import { openWorkshop } from './fixtures/openssl.ts';

function sshKey(): string {
  const directory = mkdtempSync(join(tmpdir(), 'renewd-said-'));
  try {
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(directory, 'key')]);
    return readFileSync(join(directory, 'key'), 'utf8');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ed = generateKeyPairSync('ed25519').privateKey;
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1'): string =>
  key.export({ type, format: 'pem' }) as string;
const keys: Readonly<Record<string, string>> = {
  'EC P-256, PKCS#8': pem(ec, 'pkcs8'),
  'EC P-256, SEC 1': pem(ec, 'sec1'),
  'EC P-384, PKCS#8': pem(p384, 'pkcs8'),
  'RSA, PKCS#8': pem(rsa, 'pkcs8'),
  'RSA, PKCS#1': pem(rsa, 'pkcs1'),
  Ed25519: pem(ed, 'pkcs8'),
  'RSA of OpenSSH': sshKey(),
  'RSA, encrypted': rsa.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  }) as string,
};

/** Fifteen bytes of a key: what is left of one when less than this can be read is still out of reach. */
const pieceChars = 20;

/** Fails when a piece of the key can be read. Pieces that every key of its kind has are public. */
function assertWithheld(shown: string, key: string, what: string): void {
  const body = key.split('\n').filter((line) => !line.startsWith('-----'));
  for (const line of body)
    for (let at = 0; at + pieceChars <= line.length; at++)
      assert.ok(!shown.includes(line.slice(at, at + pieceChars)), `${what}: ${shown}`);
}

for (const [name, key] of Object.entries(keys)) {
  test(`no piece of a key is said, wherever the output was cut: ${name}`, () => {
    const output = `cannot use this key:\n${key}it does not fit\n`;
    for (let at = 0; at <= output.length; at++) {
      assertWithheld(saidText(output.slice(0, at), { after: true }), key, `until ${String(at)}`);
      assertWithheld(saidText(output.slice(at), { before: true }), key, `from ${String(at)}`);
      if (at % 3 > 0) continue;
      for (const length of [90, 150, 400])
        assertWithheld(
          saidText(output.slice(at, at + length), { before: true, after: true }),
          key,
          `${String(length)} from ${String(at)}`,
        );
    }
  });

  test(`no piece of a key is said when a program prints some of its lines only: ${name}`, () => {
    const lines = key.trimEnd().split('\n');
    for (let from = 0; from < lines.length; from++) {
      // Its END is there.
      const rest = lines.slice(from).join('\n');
      assertWithheld(saidText(`error\n${rest}\nmore`), key, 'the end');
      assertWithheld(recordText(`error\n${rest}\nmore`), key, 'the end, in a record');
      assertWithheld(lastLines(saidText(`error\n${rest}`), 3, 600), key, 'the last lines');
      // As a log has it, and as JSON has it.
      const logged = lines.slice(from).map((line) => `Nov 28 12:00:01 web nginx[12]: ${line}`);
      assertWithheld(saidText(logged.join('\n')), key, 'in a log');
      assertWithheld(saidText(JSON.stringify({ said: rest }), { before: true }), key, 'in JSON');
      // Neither: two long lines are enough.
      if (lines.length - from > 4)
        assertWithheld(saidText(`error\n${lines.slice(from, -1).join('\n')}\nmore`), key, 'the middle');
    }
  });

  test(`the lines of a command that are kept hold no piece of a key, and a message that is cut holds none: ${name}`, () => {
    for (const count of [1, 2, 3, 5, 50])
      assertWithheld(
        lastLines(saidText(`cannot use key\n${key}`), count, 4000),
        key,
        `${String(count)} lines`,
      );
    for (let max = 20; max < 200; max++) assertWithheld(firstOf(key, max), key, `the first ${String(max)}`);
    const most = limits.records.writtenTextMaxChars;
    for (const at of [0.75 * most - 2000, 0.75 * most - 300, 0.75 * most - 100]) {
      const flood = 'x '.repeat(Math.floor(at / 2));
      assertWithheld(
        recordMessage(`${flood}\n${key}${'y '.repeat(most)}`),
        key,
        'a message cut in the middle',
      );
    }
    for (let after = 0; after < key.length; after += 7) {
      const end = 'y '.repeat(Math.floor((most / 4 - after) / 2));
      const failure = new OperationError('ssh-command-failed', `${'x '.repeat(most)}\n${key}${end}`, {
        disposition: 'retry',
      });
      assertWithheld(failure.message, key, 'the end of a message');
      assertWithheld(recordMessage(`${'x '.repeat(most)}\n${key}${end}`), key, 'the end of a message');
    }
  });

  test(`a line of a key that was written into a declaration is not shown beside its fault: ${name}`, () => {
    const written = `kind: Endpoint\nspec:\n${key.replaceAll(/^/gm, '  ')}`;
    for (let line = 1; line < written.split('\n').length; line++) {
      const excerpt = excerptAt(written, line, 3) ?? '';
      // The last line of a body may be shorter than what can be told from a word.
      if ((excerpt.split('\n', 1)[0] ?? '').trim().length >= 40)
        assertWithheld(excerpt, key, `line ${String(line)}`);
    }
  });
}

test('what only looks long is said, beside a cut or not', () => {
  const texts = [
    'nginx: [emerg] cannot load certificate "/etc/nginx/tls/shop.example.com/fullchain.pem"',
    'cannot open /var/lib/renewd/web/shop/generations/current',
    '/var/lib/renewd/web/shop/generations/current\n/var/lib/renewd/web/shop/generations/previous',
    `${'0123456789abcdef'.repeat(4)}\n${'fedcba9876543210'.repeat(4)}`,
    'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8\nSHA256:uNiVztksCsDhcc0u9e8BrMaDpCi1y8zC7ZyoGn4rTzI',
    'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDZyGx0cVlZW5LhRVt7u8lGmXqXQ1sT\nssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDZyGx0cVlZW5LhRVt7u8lGmXqXQ2sT',
    'syntax error\nconfiguration\ntest\nfailed',
    '',
    '\n',
    'one\r\ntwo\r\n',
  ];
  for (const text of texts)
    for (const before of [false, true])
      for (const after of [false, true]) assert.equal(saidText(text, { before, after }), text);
});

test('certificates are said, also where one of them was cut', () => {
  const workshop = openWorkshop();
  try {
    const { pem: certificate } = workshop.ca('Said CA');
    const lines = certificate.trimEnd().split('\n');
    assert.equal(saidText(`first\n${certificate}last`), `first\n${certificate}last`);
    for (let at = 1; at < lines.length - 1; at++) {
      const start = lines.slice(0, at + 1).join('\n');
      const end = lines.slice(at).join('\n');
      assert.equal(saidText(start, { after: true }), start);
      assert.equal(saidText(end, { before: true }), end);
    }
    assertWithheld(saidText(`${certificate}${pem(ec, 'sec1')}`), pem(ec, 'sec1'), 'behind a certificate');
    assert.ok(saidText(`${certificate}${pem(ec, 'sec1')}`).includes(certificate.trimEnd()));
  } finally {
    workshop.close();
  }
});

test('saying it twice changes nothing, half characters are not left, and bytes are text', () => {
  for (const key of Object.values(keys))
    for (let at = 0; at < key.length; at += 11) {
      const once = saidText(key.slice(at), { before: true });
      assert.equal(saidText(once, { before: true }), once);
    }
  assert.equal(firstOf('ab\u{1f511}', 3), 'ab');
  assert.equal(saidText(Buffer.from('Zürich')), 'Zürich');
  assert.equal(lastLines(saidText('one\n\n two\t\x1b[31m\nthree\n'), 2, 100), 'two  [31m / three');
});
