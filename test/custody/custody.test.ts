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
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import * as fc from 'fast-check';
import type { Generations } from '../../daemon/custody/believed.ts';
import { openCustody } from '../../daemon/custody/custody.ts';
import type { MigrationMemory } from '../../daemon/custody/migration.ts';
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

/** An age file that anybody can make who knows the recipient: nothing of the identity is needed. */
async function forge(recipient: string, path: string, text: string): Promise<void> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await encrypter.encrypt(text));
}

const fileOfBefore = 'renewd-custody 1 account 1\nold key';

test('a key that somebody encrypted to the known recipient is refused, whatever it claims', async () => {
  const generations = remembering();
  const custody = await openCustody({ directory, identity: null, log: silent, generations });
  await custody.write('account', 'key');
  const file = join(directory, 'account.age');
  const code = (await custody.decrypt(readFileSync(file))).split(/[ \n]/)[4] ?? '';
  assert.match(code, /^[0-9a-f]{64}$/);
  const recipient = await identityToRecipient(custody.identity());
  const open = async (): Promise<string | null> =>
    (await openCustody({ directory, identity: null, log: silent, generations })).read('account');
  for (const text of [
    'their key',
    'renewd-custody 1 account 2\ntheir key',
    'renewd-custody 1 account 999999999999999\ntheir key',
    `renewd-custody 2 account 1 ${code}\ntheir key`,
    `renewd-custody 2 account 2 ${code}\nkey`,
    `renewd-custody 2 account 2 ${'0'.repeat(64)}\ntheir key`,
    'renewd-custody 2 account 2\ntheir key',
    'renewd-custody 3 account 2\ntheir key',
  ]) {
    await forge(recipient, file, text);
    await assert.rejects(
      open(),
      { code: 'secret-unavailable', message: /authentication code.*estore/ },
      text,
    );
    assert.equal(generations.known.get('account'), 1, 'nothing of it is remembered');
  }
  await custody.write('account', 'next');
  assert.equal(await open(), 'next');
  assert.equal(generations.known.get('account'), 2);
});

test('a number that is none, in the journal, is trouble with a name; an honest file far ahead of the journal is refused', async () => {
  const generations = remembering();
  const custody = await openCustody({ directory, identity: null, log: silent, generations });
  await custody.write('account', 'key');
  for (const number of [Number.NaN, -1, 0.5, Infinity, 2 ** 53]) {
    generations.known.set('account', number);
    await assert.rejects(custody.read('account'), { code: 'secret-unavailable' });
    await assert.rejects(custody.write('account', 'x'), { code: 'secret-unavailable' });
  }
  generations.known.set('account', 5000);
  await custody.write('account', 'ahead');
  generations.known.set('account', 1);
  await assert.rejects(custody.read('account'), /much newer than the journal \(5001 of 1\)/);
  generations.known.delete('account');
  assert.equal(await custody.read('account'), 'ahead', 'beside a new journal it is taken');
});

function migrationMemory(isNew: boolean): MigrationMemory & { value: string | null } {
  const memory = {
    value: null as string | null,
    isNew,
    get: () => memory.value,
    set: (value: string) => void (memory.value = value),
  };
  return memory;
}

test('files of before are sealed once, at the first start, and refused ever after', async () => {
  const generations = remembering();
  const migration = migrationMemory(false);
  const open = (): ReturnType<typeof openCustody> =>
    openCustody({ directory, identity: null, log: silent, generations, migration });
  const plain = await openCustody({ directory, identity: null, log: silent });
  const recipient = await identityToRecipient(plain.identity());
  await forge(recipient, join(directory, 'account.age'), fileOfBefore);
  await forge(recipient, join(directory, 'ca/x/root.age'), 'a key without even a name');
  await forge(recipient, join(directory, 'moved.age'), 'renewd-custody 1 other 1\nkey');
  await forge(recipient, join(directory, 'far.age'), 'renewd-custody 1 far 999999999999999\nkey');
  const custody = await open();
  assert.equal(await custody.read('account'), 'old key');
  assert.equal(await custody.read('ca/x/root'), 'a key without even a name');
  assert.match(
    await custody.decrypt(readFileSync(join(directory, 'account.age'))),
    /^renewd-custody 2 account 1 [0-9a-f]{64}\n/,
  );
  await assert.rejects(custody.read('moved'), /holds the key other/);
  await assert.rejects(custody.read('far'), /has no authentication code/);
  assert.match(migration.value ?? '', /^done \d{4}-/);
  for (const name of ['account', 'new']) {
    await forge(recipient, join(directory, `${name}.age`), fileOfBefore.replace('account', name));
    await assert.rejects((await open()).read(name), /has no authentication code.*Restore/);
  }
  // Who takes the moment out of the journal does not make it come again: sealed keys say that it was.
  migration.value = null;
  await assert.rejects((await open()).read('account'), /has no authentication code/);
});

test('beside a new journal, files of before are refused and sealed ones are taken', async () => {
  const first = await openCustody({ directory, identity: null, log: silent });
  await first.write('sealed', 'key');
  const recipient = await identityToRecipient(first.identity());
  await forge(recipient, join(directory, 'account.age'), fileOfBefore);
  const migration = migrationMemory(true);
  const custody = await openCustody({ directory, identity: null, log: silent, migration });
  assert.equal(await custody.read('sealed'), 'key');
  await assert.rejects(custody.read('account'), /journal never saw them.*journal\.db/);
});

test('sealing that was interrupted goes on with exactly the files it began with', async () => {
  const plain = await openCustody({ directory, identity: null, log: silent });
  const recipient = await identityToRecipient(plain.identity());
  await forge(recipient, join(directory, 'a.age'), 'renewd-custody 1 a 1\nkey a');
  await forge(recipient, join(directory, 'b.age'), 'renewd-custody 1 b 1\nkey b');
  const migration = migrationMemory(false);
  const generations = { get: () => 0, set: (name: string) => assert.notEqual(name, 'b', 'crash') };
  const open = (kept?: Generations): ReturnType<typeof openCustody> =>
    openCustody({ directory, identity: null, log: silent, migration, ...(kept && { generations: kept }) });
  await assert.rejects(open(generations), /crash/);
  const begun = migration.value ?? '';
  assert.match(begun, /^begun /);
  await forge(recipient, join(directory, 'c.age'), 'renewd-custody 1 c 1\ntheir key');
  const custody = await open();
  assert.equal(await custody.read('a'), 'key a');
  assert.equal(await custody.read('b'), 'key b');
  await assert.rejects(custody.read('c'), /has no authentication code/);
  // A list that somebody wrote, or the old list over another file, opens nothing.
  for (const value of [begun, begun.replace('"b"', '"c"'), 'begun', 'rubbish']) {
    migration.value = value;
    await forge(recipient, join(directory, 'b.age'), 'renewd-custody 1 b 1\ntheir key');
    await assert.rejects((await open()).read('b'), /has no authentication code/);
    assert.match(migration.value, /^done /);
  }
});
