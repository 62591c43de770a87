/**
 * The journal: intent before effect, on disk before the world is touched (DESIGN promise 4). The only door to node:sqlite.
 * It is not the truth about endpoints; it is what makes a crash harmless. Texts of entries, attempts and observations pass `daemon/record-text.ts`;
 * declarations and handles are kept to the byte, because they are acted on.
 *
 * WAL with synchronous=FULL: WAL with NORMAL can lose the last commits on power loss.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Attempt, Installed, Operation } from '../core/installation-state.ts';
import type { Certificate, Observation } from '../core/model.ts';
import { OperationError } from '../ports/failure.ts';
import { guarded, JournalUnreadable, restoreIt } from './trouble.ts';
import type { Json } from '../ports/issuer.ts';
import { limits } from '../limits.ts';
import { recordLine, recordValue, withheldIn } from '../record-text.ts';
import { firstOfLine } from '../said-text.ts';
import { migrations } from './schema.ts';
import { makeDirectory } from '../make-directory.ts';

/** A file of the accepted commit, kept so that renewal goes on when Git is away or its history was rewritten. */
export interface SourceRow {
  readonly path: string;
  readonly oid: string;
  readonly bytes: Uint8Array;
}

export interface StoredOperation {
  readonly operation: Operation;
  /** PKCS#10 DER; null until the key was generated. */
  readonly csr: Uint8Array | null;
  /** The issuer's handle; null until something exists on its side. */
  readonly handle: Json | null;
  /** PEM blocks, leaf first; null until issued. */
  readonly chain: readonly string[] | null;
}

export interface StoredInstallation {
  readonly installed: Installed | null;
  readonly chain: readonly string[] | null;
  /** The declaration as last accepted: what goes on being watched when its file is deleted. */
  readonly certificate: Certificate | null;
}

export interface JournalEntry {
  readonly sequence: number;
  readonly at: number;
  readonly subject: string;
  readonly event: string;
  readonly detail: string;
  readonly hash: string;
}

export interface JournalHead {
  readonly id: string;
  readonly count: number;
  readonly hash: string;
}

/** Every write is durable when the call returns. Throws OperationError `journal-unavailable` (stall is wrong: retry) on disk trouble. */
export interface Journal {
  readonly fact: (key: string) => string | null;
  readonly setFact: (key: string, value: string) => void;
  /** Entries of a list by key, in the order in which they came. */
  readonly kept: (list: string) => ReadonlyMap<string, string>;
  /** One entry of a list; one of the same key is replaced and stays where it was. */
  readonly keep: (list: string, key: string, body: string) => void;
  readonly letGo: (list: string, key: string) => void;
  readonly installations: () => ReadonlyMap<string, StoredInstallation>;
  readonly saveInstallation: (id: string, value: StoredInstallation) => void;
  readonly removeInstallation: (id: string) => void;
  readonly operations: () => ReadonlyMap<string, StoredOperation>;
  readonly saveOperation: (value: StoredOperation) => void;
  readonly removeOperation: (installation: string) => void;
  readonly attempts: () => ReadonlyMap<string, Attempt>;
  /** null forgets. */
  readonly saveAttempt: (subject: string, value: Attempt | null) => void;
  readonly observations: () => ReadonlyMap<string, Observation>;
  readonly saveObservations: (values: readonly Observation[]) => void;
  readonly source: () => readonly SourceRow[];
  /** Replaces the kept files and the accepted commit in one transaction. */
  readonly saveSource: (commit: string, changed: readonly SourceRow[], removed: readonly string[]) => void;
  /** Appends to the hash-chained log: who touched what, before it is touched. */
  readonly append: (at: number, subject: string, event: string, detail: string) => void;
  readonly entries: (limit: number) => readonly JournalEntry[];
  /** Which journal this is (made once, kept for ever), how many entries it has and the hash of the last: what the records keep of it. null while it has none. */
  readonly head: () => JournalHead | null;
  /** Hash of one entry; null when there is none of this number. */
  readonly hashAt: (sequence: number) => string | null;
  /** null when the chain holds; otherwise the first sequence that does not. */
  readonly verify: () => number | null;
  /** Runs the writes in one transaction: all or none. */
  readonly atomically: (write: () => void) => void;
  readonly close: () => void;
}

function entryHash(previous: string, entry: Omit<JournalEntry, 'hash'>): string {
  const text = [previous, entry.sequence, entry.at, entry.subject, entry.event, entry.detail].join('\n');
  return createHash('sha256').update(text).digest('hex');
}

function open(directory: string, beside: boolean): DatabaseSync {
  makeDirectory(directory, 0o700);
  const path = join(directory, 'journal.db');
  const database = new DatabaseSync(path);
  // SQLite makes the file 0644 whatever the intent; the directory is 0700 already, this is the second lock.
  chmodSync(path, 0o600);
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = ${String(limits.journal.busyTimeoutMs)};`,
  );
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > migrations.length) {
    database.close();
    throw new JournalUnreadable(
      `it was written by a newer renewd (schema ${String(version)}, this one knows ${String(migrations.length)})`,
      'Run that version or a newer one.',
    );
  }
  if (beside && version < migrations.length) {
    database.close();
    throw new JournalUnreadable(
      'the renewd that works with it is older than this one',
      'Restart it: the new one brings the journal up to date.',
    );
  }
  for (let next = version; next < migrations.length; next++) {
    database.exec(
      `BEGIN IMMEDIATE; ${migrations[next] ?? ''} PRAGMA user_version = ${String(next + 1)}; COMMIT;`,
    );
  }
  return database;
}

function text(value: unknown): string {
  if (typeof value !== 'string')
    throw new JournalUnreadable('a row holds a value of the wrong type', restoreIt);
  return value;
}

/** Rows come back as JSON that this program wrote; the type is restored here and nowhere else. */
function restored<T>(value: unknown): T {
  const json = text(value);
  try {
    return JSON.parse(json) as T;
  } catch {
    throw new JournalUnreadable(
      `a row holds something else than renewd wrote: ${firstOfLine(json, 60)}`,
      restoreIt,
    );
  }
}

function nullable<T>(value: unknown): T | null {
  return value === null ? null : restored<T>(value);
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** A file that is open goes on taking what is written to it when it was deleted, and nobody can open that again: each use asks whether it is the one at its path. */
function placeOf(path: string): () => void {
  const opened = fileAt(path);
  return () => {
    const now = fileAt(path);
    if (opened !== null && now?.ino === opened.ino && now.dev === opened.dev) return;
    throw new JournalUnreadable(
      `${path} is ${now === null ? 'gone' : 'another file now'}: the data directory was deleted or replaced while renewd ran`,
      'Put it back from a backup (docs/restore.md) and start renewd again.',
    );
  };
}

function fileAt(path: string): { readonly ino: number; readonly dev: number } | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

/**
 * Opens (or makes) the journal under `directory`, mode 0600. IO. Safe to repeat. `beside`: another process has the directory and works with it, so that its form is left as it is.
 * @throws OperationError `journal-unavailable`
 */
export function openJournal(directory: string, { beside = false } = {}): Journal {
  const database = guarded('be opened', () => open(directory, beside));
  const requireInPlace = placeOf(join(directory, 'journal.db'));
  const statements = new Map<string, StatementSync>();
  const sql = (query: string): StatementSync => {
    requireInPlace();
    let statement = statements.get(query);
    if (statement === undefined) {
      statement = database.prepare(query);
      statements.set(query, statement);
    }
    return statement;
  };
  let depth = 0;
  const atomically = (write: () => void): void => {
    guarded('write', () => {
      if (depth > 0) return write();
      database.exec('BEGIN IMMEDIATE');
      depth++;
      try {
        write();
        database.exec('COMMIT');
      } catch (error) {
        // On a full disk SQLite has ended the transaction by itself, and a second end would hide why.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      } finally {
        depth--;
      }
    });
  };
  const write = (query: string, ...values: (string | number | Uint8Array | null)[]): void => {
    guarded('write', () => sql(query).run(...values));
  };
  const rows = <T>(query: string, read: (row: Record<string, unknown>) => T): T[] =>
    guarded('be read', () => sql(query).all().map(read));
  const journalId = (): string => {
    const row = guarded('be read', () => sql('SELECT value FROM fact WHERE key = ?').get('journal-id'));
    if (row !== undefined) return text(row['value']);
    const made = randomBytes(8).toString('hex');
    write('INSERT OR REPLACE INTO fact VALUES (?, ?)', 'journal-id', made);
    return made;
  };
  const entries = (limit: number): JournalEntry[] =>
    guarded('be read', () =>
      sql('SELECT * FROM (SELECT * FROM entry ORDER BY sequence DESC LIMIT ?) ORDER BY sequence')
        .all(limit)
        .map((row) => ({
          sequence: Number(row['sequence']),
          at: Number(row['at']),
          subject: text(row['subject']),
          event: text(row['event']),
          detail: text(row['detail']),
          hash: text(row['hash']),
        })),
    );

  return {
    fact: (key) => {
      return guarded('be read', () => {
        const row = sql('SELECT value FROM fact WHERE key = ?').get(key);
        return row === undefined ? null : text(row['value']);
      });
    },
    setFact: (key, value) => write('INSERT OR REPLACE INTO fact VALUES (?, ?)', key, value),
    kept: (list) =>
      new Map(
        guarded('be read', () =>
          sql('SELECT key, body FROM kept WHERE list = ? ORDER BY rowid')
            .all(list)
            .map((row) => [text(row['key']), text(row['body'])]),
        ),
      ),
    keep: (list, key, body) =>
      write(
        'INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (list, key) DO UPDATE SET body = excluded.body',
        list,
        key,
        body,
      ),
    letGo: (list, key) => write('DELETE FROM kept WHERE list = ? AND key = ?', list, key),
    installations: () =>
      new Map(
        rows('SELECT * FROM installation', (row) => [
          text(row['id']),
          {
            installed: nullable<Installed>(row['installed']),
            chain: nullable<string[]>(row['chain']),
            certificate: nullable<Certificate>(row['certificate']),
          },
        ]),
      ),
    saveInstallation: (id, value) =>
      write(
        'INSERT OR REPLACE INTO installation VALUES (?, ?, ?, ?)',
        id,
        json(value.installed),
        json(value.chain),
        json(value.certificate),
      ),
    removeInstallation: (id) => write('DELETE FROM installation WHERE id = ?', id),
    operations: () =>
      new Map(
        rows('SELECT * FROM operation', (row) => [
          text(row['installation']),
          {
            operation: restored<Operation>(row['body']),
            csr: row['csr'] instanceof Uint8Array ? row['csr'] : null,
            handle: nullable<Json>(row['handle']),
            chain: nullable<string[]>(row['chain']),
          },
        ]),
      ),
    saveOperation: (value) => {
      const chain = json(value.chain);
      if (chain !== null && withheldIn(recordValue(value.chain)).length > 0) {
        throw new OperationError(
          'certificate-rejected',
          `the issuer of ${value.operation.installation} sent a chain that holds a private key or a secret; nothing of it was kept. Ask whoever runs the issuer.`,
          { disposition: 'stall', endsWhen: ['issuer', 'declaration'] },
        );
      }
      write(
        'INSERT OR REPLACE INTO operation VALUES (?, ?, ?, ?, ?)',
        value.operation.installation,
        JSON.stringify(value.operation),
        value.csr,
        json(value.handle),
        chain,
      );
    },
    removeOperation: (installation) => write('DELETE FROM operation WHERE installation = ?', installation),
    attempts: () =>
      new Map(rows('SELECT * FROM attempt', (row) => [text(row['subject']), restored<Attempt>(row['body'])])),
    saveAttempt: (subject, value) =>
      value === null
        ? write('DELETE FROM attempt WHERE subject = ?', subject)
        : write('INSERT OR REPLACE INTO attempt VALUES (?, ?)', subject, JSON.stringify(recordValue(value))),
    observations: () =>
      new Map(
        rows('SELECT body FROM observation', (row) => {
          const observation = restored<Observation>(row['body']);
          return [observation.installation, observation];
        }),
      ),
    saveObservations: (values) =>
      atomically(() => {
        for (const value of values) {
          write(
            'INSERT OR REPLACE INTO observation VALUES (?, ?, ?)',
            value.installation,
            value.at,
            JSON.stringify(recordValue(value)),
          );
        }
      }),
    source: () =>
      rows('SELECT path, oid, bytes FROM source ORDER BY path', (row) => ({
        path: text(row['path']),
        oid: text(row['oid']),
        bytes: row['bytes'] instanceof Uint8Array ? row['bytes'] : new Uint8Array(),
      })),
    saveSource: (commit, changed, removed) =>
      atomically(() => {
        for (const path of removed) write('DELETE FROM source WHERE path = ?', path);
        for (const row of changed) {
          write('INSERT OR REPLACE INTO source VALUES (?, ?, ?)', row.path, row.oid, row.bytes);
        }
        write('INSERT OR REPLACE INTO fact VALUES (?, ?)', 'accepted-commit', commit);
      }),
    append: (at, givenSubject, givenEvent, givenDetail) =>
      atomically(() => {
        const subject = recordLine(givenSubject);
        const event = recordLine(givenEvent);
        const detail = recordLine(givenDetail);
        const last = sql('SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1').get();
        const sequence = Number(last?.['sequence'] ?? 0) + 1;
        const hash = entryHash(last === undefined ? '' : text(last['hash']), {
          sequence,
          at,
          subject,
          event,
          detail,
        });
        write('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)', sequence, at, subject, event, detail, hash);
      }),
    entries,
    head: () => {
      const last = guarded('be read', () =>
        sql('SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1').get(),
      );
      if (last === undefined) return null;
      return { id: journalId(), count: Number(last['sequence']), hash: text(last['hash']) };
    },
    hashAt: (sequence) => {
      const row = guarded('be read', () => sql('SELECT hash FROM entry WHERE sequence = ?').get(sequence));
      return row === undefined ? null : text(row['hash']);
    },
    verify: () => {
      let previous = '';
      let expected = 1;
      for (const row of entries(Number.MAX_SAFE_INTEGER)) {
        // A first entry that is taken out, or one in the middle with all hashes made anew, leaves a gap.
        if (row.sequence !== expected || entryHash(previous, row) !== row.hash) return expected;
        previous = row.hash;
        expected++;
      }
      return null;
    },
    atomically,
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

/**
 * Writes a copy of the journal under `from` into the directory `to`, consistent even while a daemon writes (SQLite `VACUUM INTO`). IO.
 * @throws OperationError `journal-unavailable`
 */
export function copyJournal(from: string, to: string): void {
  guarded('be copied', () => {
    const database = new DatabaseSync(join(from, 'journal.db'), { readOnly: true });
    try {
      database.prepare('VACUUM INTO ?').run(join(to, 'journal.db'));
    } finally {
      database.close();
    }
  });
}
