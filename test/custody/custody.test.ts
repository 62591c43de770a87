import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { generateX25519Identity } from 'age-encryption';
import { openCustody } from '../../daemon/custody/custody.ts';
import { createSecret } from '../../daemon/secrets.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renewd-custody-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('what is written is read again by the next start, and stands nowhere in the clear', async () => {
  const pem = '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n';
  await (await openCustody({ directory, identity: null, log: silent })).write('ca/internal/root', pem);
  const again = await openCustody({ directory, identity: null, log: silent });
  assert.equal(await again.read('ca/internal/root'), pem);
  assert.equal(await again.read('ca/internal/other'), null);
  const file = join(directory, 'ca/internal/root.age');
  assert.doesNotMatch(readFileSync(file, 'latin1'), /PRIVATE KEY/);
  assert.match(readFileSync(file, 'latin1'), /^age-encryption\.org\/v1/);
  for (const path of [file, join(directory, 'identity')]) assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(directory, 'ca/internal')), ['root.age'], 'no temporary file stays');
});

test('another identity cannot read it, and the message tells what to do without telling what it is', async () => {
  await (await openCustody({ directory, identity: null, log: silent })).write('account', 'pem');
  const identity = await generateX25519Identity();
  const stranger = await openCustody({ directory, identity: createSecret(identity), log: silent });
  await assert.rejects(stranger.read('account'), (error: Error) => {
    assert.match(error.message, /cannot be decrypted.*backup/);
    assert.ok(!error.message.includes(identity));
    return true;
  });
});

test('an identity that is none is refused at once', async () => {
  await assert.rejects(
    openCustody({ directory, identity: createSecret('hunter2'), log: silent }),
    /not an AGE-SECRET-KEY/,
  );
});

test('a damaged file is trouble with a name, not a missing key', async () => {
  const custody = await openCustody({ directory, identity: null, log: silent });
  await custody.write('account', 'pem');
  writeFileSync(join(directory, 'account.age'), 'rubbish');
  await assert.rejects(custody.read('account'), { code: 'secret-unavailable' });
});

test('names cannot leave the directory', async () => {
  const custody = await openCustody({ directory, identity: null, log: silent });
  for (const name of ['../x', '/etc/x', 'a//b', 'A', ''])
    await assert.rejects(custody.write(name, 'x'), /not a name/);
});
