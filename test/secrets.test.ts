import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { limits } from '../daemon/limits.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import { createSecrets, type SecretSources } from '../daemon/secrets.ts';

const directory = mkdtempSync(join(tmpdir(), 'renewd-secrets-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function put(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const warnings: string[] = [];

function lookUp(sources: Partial<SecretSources>, name: string): Promise<string> {
  const secrets = createSecrets({
    bindings: {},
    credentialsDirectory: null,
    environment: {},
    decrypt: null,
    warn: (message) => warnings.push(message),
    ...sources,
  });
  return secrets(name).then((secret) => secret.reveal());
}

function unavailable(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, 'secret-unavailable');
    assert.equal(error.disposition, 'stall');
    assert.match(error.message, pattern);
    return true;
  };
}

test('a secret bound to a file is its text without the last line end', async () => {
  const file = put('token', 'abc \n\n');
  assert.equal(await lookUp({ bindings: { token: { file } } }, 'token'), 'abc \n');
});

test('a rotated file is seen by the next call', async () => {
  const file = put('rotated', 'first');
  const sources = { bindings: { rotated: { file } } };
  assert.equal(await lookUp(sources, 'rotated'), 'first');
  writeFileSync(file, 'second');
  assert.equal(await lookUp(sources, 'rotated'), 'second');
});

test('a secret bound to an environment variable', async () => {
  const bindings = { token: { env: 'GIT_TOKEN' } };
  assert.equal(await lookUp({ bindings, environment: { GIT_TOKEN: 'value' } }, 'token'), 'value');
  await assert.rejects(lookUp({ bindings }, 'token'), unavailable(/GIT_TOKEN is not set\. Set it/));
});

test('a secret bound to a systemd credential, and an unbound one that falls back to it', async () => {
  put('git-token', 'from-systemd', 0o400);
  const credentialsDirectory = directory;
  assert.equal(await lookUp({ credentialsDirectory }, 'git-token'), 'from-systemd');
  const bindings = { token: { credential: 'git-token' } };
  assert.equal(await lookUp({ credentialsDirectory, bindings }, 'token'), 'from-systemd');
  await assert.rejects(lookUp({ bindings }, 'token'), unavailable(/CREDENTIALS_DIRECTORY is not set/));
});

test('an unbound secret says exactly how to bind it', async () => {
  const wanted = /secret "shop-eab": .*secrets: \{ shop-eab: \{ file: .*LoadCredential=shop-eab:/;
  await assert.rejects(lookUp({}, 'shop-eab'), unavailable(wanted));
  await assert.rejects(lookUp({ credentialsDirectory: directory }, 'shop-eab'), unavailable(wanted));
});

test('a name cannot leave the credentials directory or reach an inherited property', async () => {
  mkdirSync(join(directory, 'inner'), { recursive: true });
  put('outside', 'not yours');
  for (const name of ['../outside', '/etc/passwd', 'a/b', '', '.', 'A']) {
    await assert.rejects(
      lookUp({ credentialsDirectory: join(directory, 'inner') }, name),
      unavailable(/its name/),
    );
  }
  for (const name of ['constructor', 'valueof']) {
    await assert.rejects(lookUp({}, name), unavailable(/not bound/));
  }
});

test('mode 0640 is accepted silently, 0644 and 0660 are warned about', async () => {
  for (const [mode, expected] of [
    [0o400, 0],
    [0o600, 0],
    [0o640, 0],
    [0o644, 1],
    [0o660, 1],
    [0o604, 1],
  ] as const) {
    warnings.length = 0;
    const file = put('modes', 'value', mode);
    await lookUp({ bindings: { modes: { file } } }, 'modes');
    assert.equal(warnings.length, expected, mode.toString(8));
    if (expected === 1) assert.match(warnings[0] ?? '', /chmod 0600/);
    chmodSync(file, 0o600);
  }
});

test('exactly the size cap is read, one byte more is refused', async () => {
  const exact = put('exact', 'x'.repeat(limits.secrets.sizeMaxBytes));
  assert.equal(
    (await lookUp({ bindings: { exact: { file: exact } } }, 'exact')).length,
    limits.secrets.sizeMaxBytes,
  );
  const more = put('more', 'x'.repeat(limits.secrets.sizeMaxBytes + 1));
  await assert.rejects(lookUp({ bindings: { more: { file: more } } }, 'more'), unavailable(/larger than/));
});

test('a directory, an empty file, a missing file and a device are refused', async () => {
  const file = (path: string): Partial<SecretSources> => ({ bindings: { it: { file: path } } });
  await assert.rejects(lookUp(file(directory), 'it'), unavailable(/not a regular file/));
  await assert.rejects(lookUp(file('/dev/zero'), 'it'), unavailable(/not a regular file/));
  await assert.rejects(lookUp(file(put('empty', '\n')), 'it'), unavailable(/empty/));
  await assert.rejects(lookUp(file(join(directory, 'absent')), 'it'), unavailable(/ENOENT.*Create the file/));
});

test('a FIFO that nobody writes to does not hang the look-up', async (context) => {
  const path = join(directory, 'fifo');
  if (spawnSync('mkfifo', [path]).status !== 0) {
    context.skip('mkfifo is not on this machine');
    return;
  }
  await assert.rejects(
    lookUp({ bindings: { it: { file: path } } }, 'it'),
    unavailable(/not a regular file|empty/),
  );
});

test('an age file is decrypted by the identity, and says what to set when there is none', async () => {
  const bindings = { sealed: { age: put('sealed.age', 'ciphertext', 0o644) } };
  const decrypt = (bytes: Uint8Array): Promise<string> => Promise.resolve(`plain:${bytes.length}\n`);
  warnings.length = 0;
  assert.equal(await lookUp({ bindings, decrypt }, 'sealed'), 'plain:10');
  assert.deepEqual(warnings, []);
  await assert.rejects(lookUp({ bindings }, 'sealed'), unavailable(/Set custody\.identity/));
  const failing = (): Promise<string> => Promise.reject(new Error('no match'));
  await assert.rejects(lookUp({ bindings, decrypt: failing }, 'sealed'), unavailable(/cannot be decrypted/));
});

test('the message of a failure never contains the value', async () => {
  const file = put('huge', 'canary-value '.repeat(10_000));
  await assert.rejects(lookUp({ bindings: { it: { file } } }, 'it'), (error: Error) => {
    assert.ok(!error.message.includes('canary-value'));
    return true;
  });
});
