/** The journal on a real disk: what was written is there after a crash, and what must not be written is refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Operation } from '../../daemon/core/installation-state.ts';
import { takeInstanceLock } from '../../daemon/journal/instance-lock.ts';
import { openJournal, type Journal } from '../../daemon/journal/journal.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renewd-journal-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const operation: Operation = {
  installation: 'web/shop@web-01',
  id: 'a1',
  generation: '20261120T100000Z-aaaaaa',
  step: 'planned',
  because: 'declared and not yet installed',
  issuer: 'internal-ca',
  dnsNames: ['shop.example.com'],
  ipAddresses: [],
  keyAlgorithm: 'ecdsa-p256',
  csrSha256: null,
  startedAt: 1,
  issued: null,
  before: null,
  rollback: null,
};

test('what was written is read back by the next process', () => {
  const first = openJournal(directory);
  first.saveOperation({ operation, csr: new Uint8Array([1, 2]), handle: { orderUrl: 'x' }, chain: null });
  first.saveSource('c1', [{ path: 'inventory/a.yaml', oid: 'o1', bytes: new Uint8Array([3]) }], []);
  first.close();
  const second = openJournal(directory);
  const stored = second.operations().get(operation.installation);
  assert.deepEqual(stored?.operation, operation);
  assert.deepEqual([...(stored.csr ?? [])], [1, 2]);
  assert.deepEqual(stored.handle, { orderUrl: 'x' });
  assert.equal(second.fact('accepted-commit'), 'c1');
  assert.deepEqual(
    second.source().map((row) => row.path),
    ['inventory/a.yaml'],
  );
  second.close();
});

test('the files are for their owner only', () => {
  const journal = openJournal(directory);
  assert.equal(statSync(join(directory, 'journal.db')).mode & 0o777, 0o600);
  journal.close();
});

test('a transaction that fails leaves nothing behind', () => {
  const journal = openJournal(directory);
  assert.throws(() =>
    journal.atomically(() => {
      journal.setFact('half', 'written');
      throw new Error('crash');
    }),
  );
  assert.equal(journal.fact('half'), null);
  journal.close();
});

test('a private key is refused', () => {
  const journal = openJournal(directory);
  const chain = ['-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n'];
  assert.throws(() => journal.saveOperation({ operation, csr: null, handle: null, chain }), /private key/);
  assert.equal(journal.operations().size, 0);
  journal.close();
});

test('the log is a hash chain: a changed entry is found', () => {
  const journal = openJournal(directory);
  for (const event of ['intent', 'step', 'done']) journal.append(1, 'web/shop', event, '');
  assert.equal(journal.verify(), null);
  journal.close();
  const tamper = `
    const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(process.argv[1]).exec("UPDATE entry SET event = 'nothing' WHERE sequence = 2");`;
  assert.equal(spawnSync(process.execPath, ['-e', tamper, join(directory, 'journal.db')]).status, 0);
  const again = openJournal(directory);
  assert.equal(again.verify(), 2);
  again.close();
});

test('lists that an older version kept as one text each are taken over entry by entry, in their order', () => {
  openJournal(directory).close();
  const held = [{ commit: 'b' }, { commit: 'a' }];
  const records = [{ commit: 'b' }, { commit: 'a' }, { commit: 'a', part: { files: 1, paths: [] } }];
  const older = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1]);
    const lists = { 'held-changes': ${JSON.stringify(held)}, 'change-records': ${JSON.stringify(records)} };
    for (const [key, list] of Object.entries(lists))
      database.prepare('INSERT INTO fact VALUES (?, ?)').run(key, JSON.stringify(list));
    database.exec('DROP TABLE kept; PRAGMA user_version = 1');`;
  assert.equal(spawnSync(process.execPath, ['-e', older, join(directory, 'journal.db')]).status, 0);
  const journal = openJournal(directory);
  assert.deepEqual(
    [...journal.kept('held-changes')].map(([key, body]) => [key, JSON.parse(body) as unknown]),
    [
      ['b', held[0]],
      ['a', held[1]],
    ],
  );
  assert.deepEqual([...journal.kept('change-records').keys()], ['b', 'a', 'a-part']);
  assert.equal(journal.fact('held-changes'), null);
  journal.keep('held-changes', 'b', '{}');
  journal.letGo('held-changes', 'a');
  journal.keep('held-changes', 'a', '[]');
  assert.deepEqual([...journal.kept('held-changes').values()], ['{}', '[]']);
  journal.close();
});

test('a journal of a newer version is refused with a reason, not misread', () => {
  openJournal(directory).close();
  const newer = `
    const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(process.argv[1]).exec('PRAGMA user_version = 99');`;
  spawnSync(process.execPath, ['-e', newer, join(directory, 'journal.db')]);
  assert.throws(() => openJournal(directory), /newer renewd \(.*\)\. Run that version or a newer one\./);
});

test('a damaged file says what to do, which is not to free space', () => {
  writeFileSync(
    join(directory, 'journal.db'),
    'this is no database, and it is long enough to be looked at as one',
  );
  assert.throws(() => openJournal(directory), {
    code: 'journal-unavailable',
    message: /no journal\. Put the data directory back from a backup/,
  });
});

for (const [table, row, read] of [
  ['attempt', "('a', '{')", (journal) => journal.attempts()],
  ['installation', "('a', '[', NULL, NULL)", (journal) => journal.installations()],
  ['operation', "('a', '', NULL, NULL, NULL)", (journal) => journal.operations()],
  ['observation', "('a', 1, 'x')", (journal) => journal.observations()],
] satisfies [string, string, (journal: Journal) => unknown][]) {
  test(`a row of ${table} that is no JSON is a journal that cannot be read, not a mistake of the program`, () => {
    openJournal(directory).close();
    const spoil = `
      const { DatabaseSync } = require('node:sqlite');
      new DatabaseSync(process.argv[1]).exec(process.argv[2]);`;
    const statement = `INSERT INTO ${table} VALUES ${row}`;
    assert.equal(
      spawnSync(process.execPath, ['-e', spoil, join(directory, 'journal.db'), statement]).status,
      0,
    );
    const journal = openJournal(directory);
    assert.throws(() => read(journal), {
      code: 'journal-unavailable',
      message: /something else than renewd wrote.*docs\/restore\.md/,
    });
    journal.close();
  });
}

test('a full disk is named as it is, and the journal works again when there is space', () => {
  // The limit of the size of a file stands for the end of the disk: SQLite ends the transaction by itself either way.
  const fill = `
    import { openJournal } from ${JSON.stringify(new URL('../../daemon/journal/journal.ts', import.meta.url).href)};
    process.on('SIGXFSZ', () => undefined);
    const journal = openJournal(${JSON.stringify(directory)});
    const row = (size) => [{ path: 'a', oid: 'b', bytes: new Uint8Array(size) }];
    try {
      journal.saveSource('c1', row(4_000_000), []);
      console.log('written');
    } catch (error) {
      console.log(error.code, error.message);
    }
    journal.saveSource('c2', row(10), []);
    console.log(journal.fact('accepted-commit'));`;
  const { stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', 'ulimit -f 2048; exec "$0" --input-type=module -e "$1"', process.execPath, fill],
    { encoding: 'utf8' },
  );
  assert.match(
    stdout,
    /^journal-unavailable the journal could not write: (disk I\/O error|database or disk is full)\. \S/,
    stderr,
  );
  assert.doesNotMatch(stdout, /cannot rollback/);
  assert.match(stdout, /\nc2\n$/);
});

test('one instance per directory; the lock dies with its process', () => {
  const lock = takeInstanceLock(directory);
  assert.ok(lock);
  const other = `
    import { takeInstanceLock } from ${JSON.stringify(new URL('../../daemon/journal/instance-lock.ts', import.meta.url).href)};
    process.exit(takeInstanceLock(${JSON.stringify(directory)}) === null ? 7 : 0);`;
  const ask = (): number | null =>
    spawnSync(process.execPath, ['--input-type=module', '-e', other], { encoding: 'utf8' }).status;
  assert.equal(ask(), 7);
  lock.release();
  assert.equal(ask(), 0);
});
