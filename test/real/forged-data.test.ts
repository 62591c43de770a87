/** Who can write the data directory or push to the state branch rewrites what was issued and done: nothing forged is published or called proved, and renewals go on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { auditRepository, type AuditReport } from '../../daemon/audit/audit.ts';
import type { RepositoryFindings } from '../../daemon/core/record-format.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { issueAll, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { openHouse, plainConfig, turn } from './estate.ts';

const head = 'apiVersion: renewd/v1\n';
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

describe('forged data', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-forged-'));
  const bare = join(root, 'estate.git');
  const good = join(root, 'good');
  const data = join(root, 'data');
  const log = join(data, 'issuers/internal-ca/issued.jsonl');
  const workshop = openWorkshop();
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8' }).trim();
  const open = (): Promise<House> => openHouse(plainConfig(root, bare));
  const findings = (): readonly { code: string; message: string }[] => {
    try {
      const text = git('show', 'renewd/state:findings/repository.json');
      return (JSON.parse(text) as RepositoryFindings).findings;
    } catch {
      return [];
    }
  };
  const published = (): string => git('ls-tree', '-r', 'renewd/state', 'issuance');
  const audit = async (): Promise<AuditReport> => {
    const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
    try {
      const question = {
        intent: git('rev-parse', 'main'),
        state: git('rev-parse', 'renewd/state'),
        prefix: '',
        trusted: git('rev-parse', 'main'),
        recordSigners: null,
        now: Date.now(),
        anchors: [],
      };
      return await auditRepository(repository, question, silent);
    } finally {
      await repository.close();
    }
  };
  const failed = (report: AuditReport): string[] =>
    report.claims
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ claim, detail }) => `${claim}: ${detail}`);
  const oneTurn = async (): Promise<void> => {
    const house = await open();
    try {
      await turn(house);
    } finally {
      await house.close();
    }
  };
  /** From the good state: changes something, then lets the daemon take a turn. */
  const afterForging = async (change: () => void): Promise<void> => {
    rmSync(data, { recursive: true, force: true });
    cpSync(good, data, { recursive: true });
    git('update-ref', 'refs/heads/renewd/state', git('rev-parse', 'good-state'));
    change();
    await oneTurn();
  };

  before(async () => {
    const work = join(root, 'work');
    mkdirSync(join(work, 'inventory/issuers'), { recursive: true });
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    writeFileSync(
      join(work, 'inventory/issuers/internal-ca.yaml'),
      `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec: { type: ca, organization: Example, permittedDnsNames: [example.com] }\n`,
    );
    execFileSync('git', ['-C', work, 'add', '-A']);
    execFileSync('git', [
      '-C',
      work,
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@example.com',
      'commit',
      '-qm',
      'Begin',
    ]);
    execFileSync('git', ['-C', work, 'push', '-q', bare, 'main']);
    const house = await open();
    try {
      await turn(house);
      const spec = house.memory.desired?.issuers.get('internal-ca');
      assert.ok(spec !== undefined);
      const issuer = house.world.issuer(spec);
      for (const id of ['one', 'two'])
        await issueAll(issuer, request(workshop, 'shop.example.com', id), null);
      for (const event of ['a', 'b', 'c']) house.world.journal.append(Date.now(), 'web/shop', event, 'x');
    } finally {
      await house.close();
    }
    await oneTurn();
    assert.equal(published().split('\n').length, 2);
    git('tag', 'good-state', 'renewd/state');
    cpSync(data, good, { recursive: true });
    assert.deepEqual(failed(await audit()), []);
  });
  after(() => {
    workshop.close();
    rmSync(root, { recursive: true, force: true });
  });

  const lines = (): Record<string, Record<string, unknown>>[] =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  const write = (all: readonly object[]): void => {
    writeFileSync(log, all.map((line) => `${JSON.stringify(line)}\n`).join(''));
  };
  const withRecord = (change: Record<string, unknown>): void => {
    const [first, ...rest] = lines();
    write([{ ...first, record: { ...first?.['record'], ...change } }, ...rest]);
  };
  const forgeries: readonly [string, () => void][] = [
    ['another name', () => withRecord({ dnsNames: ['pay.example.com'] })],
    ['another serial', () => withRecord({ serial: `01${'ab'.repeat(16)}` })],
    ['a serial that is a path', () => withRecord({ serial: '../../x' })],
    ['another end', () => withRecord({ notAfter: '2099-01-01T00:00:00Z' })],
    ['another key', () => withRecord({ spki: '0'.repeat(64) })],
    ['another fingerprint', () => withRecord({ fingerprint: '0'.repeat(64) })],
    ['another issue time', () => withRecord({ issuedAt: '2020-01-01T00:00:00Z' })],
    ['another certificate name', () => withRecord({ certificate: 'web/other' })],
    ['a line taken out', () => write(lines().slice(1))],
    ['an emptied log', () => write([])],
  ];
  for (const [name, forge] of forgeries) {
    test(`a log with ${name} is not published, and a finding says so`, async () => {
      const stood = published();
      await afterForging(forge);
      assert.equal(published(), stood);
      assert.deepEqual(
        findings().map(({ code }) => code),
        ['issuance-log-changed'],
      );
      assert.deepEqual(failed(await audit()), []);
    });
  }

  test('an entry that a stranger pushed to the state branch does not make the log a forgery', async () => {
    await afterForging(() => {
      const [path = ''] = git('ls-tree', '-r', '--name-only', 'good-state', 'issuance').split('\n');
      pushState(path, git('show', `good-state:${path}`).replaceAll('shop.example.com', 'pay.example.com'));
    });
    assert.deepEqual(
      findings().filter(({ code }) => code === 'issuance-log-changed'),
      [],
    );
    assert.match(failed(await audit()).join('\n'), /no entry of a log of issuance was ever changed/);
  });

  /** Puts a file onto the state branch without the daemon's signature. */
  const pushState = (path: string, text: string | null): void => {
    const env = { ...process.env, GIT_INDEX_FILE: join(root, 'index'), GIT_DIR: bare };
    const run = (words: string[], input?: string): string =>
      execFileSync('git', words, { env, input, encoding: 'utf8' }).trim();
    rmSync(join(root, 'index'), { force: true });
    run(['read-tree', 'renewd/state']);
    if (text === null) run(['update-index', '--index-info'], `0 ${'0'.repeat(40)}\t${path}\n`);
    else {
      const oid = run(['hash-object', '-w', '--stdin'], text);
      run(['update-index', '--add', '--cacheinfo', `100644,${oid},${path}`]);
    }
    const tree = run(['write-tree']);
    const commit = run([
      '-c',
      'user.name=m',
      '-c',
      'user.email=m@example.com',
      'commit-tree',
      tree,
      '-p',
      'renewd/state',
      '-m',
      'x',
    ]);
    run(['update-ref', 'refs/heads/renewd/state', commit]);
  };

  for (const [name, change] of [
    ['changed', (text: string) => text.replaceAll('shop.example.com', 'pay.example.com')],
    ['taken away', () => null],
    ['no record any more', () => 'x'],
  ] as const) {
    test(`the audit fails where an entry was ${name}`, async () => {
      git('update-ref', 'refs/heads/renewd/state', git('rev-parse', 'good-state'));
      const [path = ''] = git('ls-tree', '-r', '--name-only', 'good-state', 'issuance').split('\n');
      pushState(path, change(`${git('show', `good-state:${path}`)}\n`));
      const words = failed(await audit()).join('\n');
      assert.match(words, /ever changed or taken away.*(vanished|was changed) in/);
      if (name !== 'taken away') assert.match(words, /says what its certificate says/);
    });
  }

  const inJournal = (work: (database: DatabaseSync) => void): void => {
    const database = new DatabaseSync(join(data, 'journal.db'));
    work(database);
    database.close();
  };
  const rehash = (database: DatabaseSync): void => {
    let previous = '';
    for (const row of database.prepare('SELECT * FROM entry ORDER BY sequence').all()) {
      const text = [previous, row['sequence'], row['at'], row['subject'], row['event'], row['detail']].join(
        '\n',
      );
      previous = execFileSync('sha256sum', { input: text, encoding: 'utf8' }).slice(0, 64);
      database.prepare('UPDATE entry SET hash = ? WHERE sequence = ?').run(previous, Number(row['sequence']));
    }
  };
  const journals: readonly [string, (database: DatabaseSync) => void, RegExp][] = [
    [
      'its end cut off',
      (database) => database.exec('DELETE FROM entry WHERE sequence > 1'),
      /its end was cut off/,
    ],
    [
      'an entry changed and every hash made anew',
      (database) => {
        database.exec("UPDATE entry SET detail = 'nothing happened' WHERE sequence = 1");
        rehash(database);
      },
      /it was written anew/,
    ],
    [
      'an entry changed',
      (database) => database.exec("UPDATE entry SET event = 'z' WHERE sequence = 2"),
      /entry 2/,
    ],
    [
      'an entry taken out of the middle and every hash made anew',
      (database) => {
        database.exec('DELETE FROM entry WHERE sequence = 2');
        rehash(database);
      },
      /entry 2/,
    ],
  ];
  for (const [name, change, words] of journals) {
    test(`a journal with ${name} is said, and the turn goes on`, async () => {
      await afterForging(() => {
        inJournal(change);
      });
      const found = findings().filter(({ code }) => code === 'journal-changed');
      assert.equal(found.length, 1, JSON.stringify(findings()));
      assert.match(found[0]?.message ?? '', words);
    });
  }

  test('an untouched journal and log say nothing', async () => {
    await afterForging(() => undefined);
    assert.deepEqual(findings(), []);
  });
});
