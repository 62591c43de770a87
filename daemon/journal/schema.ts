/** The journal's tables. Forward-only: a new version adds a step to `migrations`, an old one is never edited. */

export const migrations: readonly string[] = [
  `
  CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE installation (
    id TEXT PRIMARY KEY,
    installed TEXT,
    chain TEXT,
    certificate TEXT
  ) STRICT;
  CREATE TABLE operation (
    installation TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    csr BLOB,
    handle TEXT,
    chain TEXT
  ) STRICT;
  CREATE TABLE attempt (subject TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE observation (installation TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE source (path TEXT PRIMARY KEY, oid TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  `,
  // Lists that were one text each, written anew with every commit. In the order in which their entries came (rowid).
  `
  CREATE TABLE kept (list TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (list, key)) STRICT;
  INSERT INTO kept SELECT 'held-changes', json_extract(each.value, '$.commit'), each.value
    FROM fact, json_each(fact.value) AS each WHERE fact.key = 'held-changes' ORDER BY each.key;
  INSERT INTO kept SELECT 'change-records',
      json_extract(each.value, '$.commit') || iif(json_extract(each.value, '$.part') IS NULL, '', '-part'), each.value
    FROM fact, json_each(fact.value) AS each WHERE fact.key = 'change-records' ORDER BY each.key;
  DELETE FROM fact WHERE key IN ('held-changes', 'change-records');
  `,
];
