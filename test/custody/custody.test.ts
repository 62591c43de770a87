import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import * as fc from 'fast-check';
import { openCustody, type Generations } from '../../daemon/custody/custody.ts';
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

test('an identity as age-keygen writes it, with comments above, is read', async () => {
  const identity = await generateX25519Identity();
  const written = `# created: 2026-01-01T00:00:00Z\n# public key: age1example\n${identity}\n`;
  await (
    await openCustody({ directory, identity: createSecret(written), log: silent })
  ).write('account', 'pem');
  const plain = await openCustody({ directory, identity: createSecret(identity), log: silent });
  assert.equal(await plain.read('account'), 'pem');
});

test('a lost identity is said; a new one is not made over keys that it could not read', async () => {
  await (await openCustody({ directory, identity: null, log: silent })).write('ca/internal/root', 'pem');
  rmSync(join(directory, 'identity'));
  await assert.rejects(openCustody({ directory, identity: null, log: silent }), (error: Error) => {
    assert.match(error.message, /identity is gone.*backup/);
    return 'code' in error && error.code === 'secret-unavailable';
  });
  assert.deepEqual(readdirSync(directory), ['ca'], 'no identity was made');
});

test('a directory that cannot be written is trouble of the world, and nothing half-written stays', async () => {
  const path = join(directory, 'file');
  writeFileSync(path, 'in the way');
  await assert.rejects(openCustody({ directory: join(path, 'custody'), identity: null, log: silent }), {
    code: 'secret-unavailable',
  });
  const custody = await openCustody({ directory: join(directory, 'custody'), identity: null, log: silent });
  await custody.write('ca', 'pem');
  // A directory stands where the file must go: the rename fails after everything was written.
  mkdirSync(join(directory, 'custody/account.age/x'), { recursive: true });
  await assert.rejects(custody.write('account', 'pem'), {
    code: 'secret-unavailable',
    disposition: 'retry',
  });
  assert.deepEqual(readdirSync(join(directory, 'custody')).sort(), ['account.age', 'ca.age', 'identity']);
});

test('what a crash left half-written is not a key, and the key before it stays', async () => {
  const custody = await openCustody({ directory, identity: null, log: silent });
  await custody.write('account', 'first');
  writeFileSync(join(directory, 'account.age.0badc0ffee00'), 'half');
  const again = await openCustody({ directory, identity: null, log: silent });
  assert.equal(await again.read('account'), 'first');
  await again.write('account', 'second');
  assert.equal(await again.read('account'), 'second');
});

test('many writes of one key at once leave one whole key', async () => {
  const custody = await openCustody({ directory, identity: null, log: silent });
  const texts = Array.from({ length: 20 }, (_, index) => `pem ${String(index)}`.repeat(500));
  await Promise.all(texts.map((text) => custody.write('account', text)));
  assert.ok(texts.includes((await custody.read('account')) ?? ''));
  assert.deepEqual(readdirSync(directory).sort(), ['account.age', 'identity']);
});

test('property: any text comes back as it was, and a file with any byte damaged is refused', async () => {
  const custody = await openCustody({ directory, identity: null, log: silent });
  const file = join(directory, 'account.age');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme-ascii', maxLength: 500 }), fc.nat(), async (text, place) => {
      await custody.write('account', text);
      assert.equal(await custody.read('account'), text);
      const bytes = readFileSync(file);
      const index = place % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      await assert.rejects(custody.read('account'), { code: 'secret-unavailable' });
    }),
    { numRuns: 30 },
  );
});

function remembering(): Generations & { readonly known: Map<string, number> } {
  const known = new Map<string, number>();
  return {
    known,
    get: (name) => known.get(name) ?? 0,
    set: (name, generation) => void known.set(name, generation),
  };
}

test('a file under the name of another key is refused', async () => {
  const custody = await openCustody({ directory, identity: null, log: silent });
  await custody.write('acme/a/account', 'key a');
  await custody.write('acme/b/account', 'key b');
  copyFileSync(join(directory, 'acme/b/account.age'), join(directory, 'acme/a/account.age'));
  await assert.rejects(custody.read('acme/a/account'), /account\.age holds the key acme\/b\/account/);
  assert.equal(await custody.read('acme/b/account'), 'key b');
});

test('an older copy of a file is refused, also by the next start, and a newer one is not', async () => {
  const generations = remembering();
  const open = (): ReturnType<typeof openCustody> =>
    openCustody({ directory, identity: null, log: silent, generations });
  const file = join(directory, 'signing/records.age');
  await (await open()).write('signing/records', 'first');
  copyFileSync(file, join(directory, 'old'));
  await (await open()).write('signing/records', 'second');
  copyFileSync(file, join(directory, 'new'));
  copyFileSync(join(directory, 'old'), file);
  await assert.rejects(
    (await open()).read('signing/records'),
    /older than what was written there last \(1 of 2\)/,
  );
  // Writing over it does not make the old one count again.
  await (await open()).write('signing/records', 'third');
  copyFileSync(join(directory, 'new'), file);
  await assert.rejects((await open()).read('signing/records'), /\(2 of 3\)/);
});

test('a file from before names were sealed is read once, sealed, and counts as older than any sealed one afterwards', async () => {
  const generations = remembering();
  const custody = await openCustody({ directory, identity: null, log: silent, generations });
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(custody.identity()));
  const plain = await encrypter.encrypt('old key');
  writeFileSync(join(directory, 'account.age'), plain);
  assert.equal(await custody.read('account'), 'old key');
  assert.equal(generations.known.get('account'), 1);
  assert.match(
    await custody.decrypt(readFileSync(join(directory, 'account.age'))),
    /^renewd-custody 1 account 1\n/,
  );
  assert.equal(await custody.read('account'), 'old key');
  writeFileSync(join(directory, 'account.age'), plain);
  await assert.rejects(custody.read('account'), /\(0 of 1\)/);
});
