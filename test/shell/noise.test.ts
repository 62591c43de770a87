/** Any number of changes that nobody known signed, pushed at once: what is kept of them until it is published has a total, and what somebody known signed goes on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import { limits } from '../../daemon/limits.ts';
import { parseRecord } from '../../daemon/records/read.ts';
import { inOneWrite, recallList, saveList } from '../../daemon/shell/kept-lists.ts';
import { addRecord } from '../../daemon/shell/noise.ts';
import { certificate, openSignedEstate } from './signed-estate.ts';

const id = (at: number): string => at.toString(16).padStart(40, '0');

function recordOf(at: number, of: Partial<ChangeRecord> = {}): ChangeRecord {
  return {
    apiVersion: 'renewd/v1',
    kind: 'ChangeRecord',
    commit: id(at),
    previous: null,
    subject: 'x',
    author: 'm',
    committedAt: '2026-01-01T00:00:00Z',
    seenAt: '2026-01-01T00:00:00Z',
    outcome: 'refused',
    acceptedAt: null,
    reasons: [],
    commits: [{ commit: id(at), verdict: 'unsigned', principals: [], key: null }],
    approvals: [],
    breakGlass: null,
    hash: null,
    judgedBy: [],
    plan: null,
    ...of,
  };
}

describe('records of changes that are not published yet', () => {
  test('of nobody known there is a total, and one record stands for the rest; what is signed or in force is never left out', () => {
    const records = new Map<string, ChangeRecord>();
    const max = limits.governance.noiseRecordsMax;
    const signed = [{ commit: id(1), verdict: 'good', principals: ['ada'], key: 'k' }];
    for (let at = 1; at <= 3 * max; at++) {
      addRecord(records, recordOf(10_000 + at));
      if (at % 100 === 0) addRecord(records, recordOf(at, { commits: signed }));
      if (at % 100 === 50) addRecord(records, recordOf(at, { outcome: 'accepted' }));
    }
    const all = [...records.values()];
    assert.equal(all.filter((each) => Number.parseInt(each.commit, 16) < 10_000).length, (3 * max) / 50);
    const noise = all.filter((each) => Number.parseInt(each.commit, 16) > 10_000);
    assert.equal(noise.length, max + 1);
    const standing = noise.filter((each) => each.leftOut !== undefined);
    assert.deepEqual(
      standing.map(({ commit, leftOut }) => ({ commit, leftOut })),
      [{ commit: id(10_000 + 3 * max), leftOut: { changes: 2 * max, first: id(10_000 + max + 1) } }],
    );
    const [last] = standing;
    const path = `changes/2026-01/${last?.commit ?? ''}.json`;
    assert.equal(
      parseRecord(path, Buffer.from(JSON.stringify(last)), Date.now()).record?.kind,
      'ChangeRecord',
    );
  });

  test('of their text, too', () => {
    const records = new Map<string, ChangeRecord>();
    const subject = 'x'.repeat(1024 * 1024);
    for (let at = 1; at <= 40; at++) addRecord(records, recordOf(at, { subject }));
    const text = [...records.values()]
      .filter((each) => each.leftOut === undefined)
      .map((each) => JSON.stringify(each).length);
    assert.ok(text.reduce((sum, each) => sum + each, 0) <= limits.governance.noiseRecordsMaxChars);
    assert.equal(text.length + ([...records.values()].at(-1)?.leftOut?.changes ?? 0), 40);
  });
});

describe('a list the journal keeps entry by entry', () => {
  const keeper = (): Parameters<typeof saveList>[0] & {
    written: string[];
    atomically: (write: () => void) => void;
  } => {
    const lists = new Map<string, string>();
    const written: string[] = [];
    return {
      written,
      kept: () => new Map(lists),
      keep: (_, key, body) => {
        written.push(key);
        lists.set(key, body);
      },
      letGo: (_, key) => {
        written.push(`-${key}`);
        lists.delete(key);
      },
      atomically: (write) => {
        const before = new Map(lists);
        try {
          write();
          throw new Error('disk full');
        } catch (error) {
          lists.clear();
          for (const [key, body] of before) lists.set(key, body);
          throw error;
        }
      },
    };
  };

  test('only what is new, otherwise or gone is written', () => {
    const journal = keeper();
    const values = new Map<string, object>([['a', { n: 1 }]]);
    for (const key of ['b', 'c', 'd']) {
      values.set(key, { key });
      saveList(journal, 'change-records', values);
    }
    values.delete('a');
    values.set('b', { n: 2 });
    saveList(journal, 'change-records', values);
    saveList(journal, 'change-records', values);
    assert.deepEqual(journal.written, ['a', 'b', 'c', 'd', '-a', 'b']);
    assert.deepEqual(recallList(journal, 'change-records'), [{ n: 2 }, { key: 'c' }, { key: 'd' }]);
  });

  test('after a write that failed it is written whole', () => {
    const journal = keeper();
    const values = new Map<string, object>([['a', { n: 1 }]]);
    saveList(journal, 'held-changes', values);
    values.delete('a');
    values.set('b', { n: 2 });
    assert.throws(() => {
      inOneWrite(journal, () => {
        saveList(journal, 'held-changes', values);
      });
    }, /disk full/);
    saveList(journal, 'held-changes', values);
    assert.deepEqual(recallList(journal, 'held-changes'), [{ n: 2 }]);
  });
});

test('a small push of large refused changes is recorded within the total, and a signed change on top of it takes effect', async () => {
  const estate = await openSignedEstate();
  try {
    const { git, directory } = estate.tree;
    const from = git('rev-parse', 'HEAD');
    const long = Array.from({ length: 14 }, () => 'd'.repeat(250)).join('/');
    const files = (content: string): string =>
      `blob\nmark :1\ndata 2\n${content}\n\n${['x', 'y'].includes(content) ? `commit refs/heads/${content}` : ''}\ncommitter m <m@example.com> 1700000000 +0000\ndata 1\nx\nfrom ${from}\n${Array.from({ length: 480 }, (_, at) => `M 100644 :1 inventory/z/${long}/f${String(at)}.yaml\n`).join('')}\n`;
    const load = (input: string): void => {
      execFileSync('git', ['-C', directory, 'fast-import', '--quiet', '--force'], { input });
    };
    load(files('x'));
    load(files('y'));
    const trees = ['x', 'y'].map((each) => git('rev-parse', `${each}^{tree}`));
    const flood = Array.from(
      { length: 14 },
      (_, at) =>
        `commit refs/heads/main\ncommitter m <m@example.com> 1700000000 +0000\ndata 1\nx\n${at === 0 ? `from ${from}\n` : ''}M 040000 ${trees[at % 2] ?? ''} \n\n`,
    );
    load(flood.join(''));
    const tip = git('rev-parse', 'main');
    git('reset', '-q', '--hard', from);
    // On top of the flood, with the files of before it.
    git('reset', '-q', '--soft', tip);
    const two = { 'inventory/certificates/web/two.yaml': certificate('two', 'two.example.com') };
    estate.tree.commit(two, 'Two', { by: estate.people['ada'] ?? null });
    await estate.push();
    for (let turns = 0; turns < 3 && !estate.inForce('web/two'); turns++) await estate.turn();
    assert.ok(estate.inForce('web/two'));
    assert.equal(estate.memory().changeRecords.size, 0, 'published');
  } finally {
    await estate.close();
  }
});
