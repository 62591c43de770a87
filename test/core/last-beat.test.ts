import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentSince } from '../../daemon/core/last-beat.ts';
import type { Heartbeat } from '../../daemon/core/record-format.ts';

const at = '2026-11-28T12:00:00Z';
const hour = 3_600_000;
const bounds = { daemonMs: 3 * hour, onceMs: 48 * hour };
const beat = (ended?: boolean): Heartbeat => ({
  apiVersion: 'renewd/v1',
  kind: 'Heartbeat',
  instance: 'a',
  version: '1',
  at,
  source: '0'.repeat(40),
  ...(ended !== undefined && { ended }),
});
const after = (hours: number, seconds = 0): number => Date.parse(at) + hours * hour + seconds * 1000;

test('a daemon that is silent for longer than its bound is told, and one that is not, is not', () => {
  assert.equal(silentSince(beat(), after(3), bounds), null);
  assert.deepEqual(silentSince(beat(), after(3, 1), bounds), { at, by: 'daemon' });
  assert.deepEqual(silentSince(beat(false), after(240), bounds), { at, by: 'daemon' });
});

test('a turn that somebody runs may be a day late', () => {
  assert.equal(silentSince(beat(true), after(48), bounds), null);
  assert.deepEqual(silentSince(beat(true), after(48, 1), bounds), { at, by: 'once' });
});

test('records of the future, and records without a heartbeat, say nothing of it', () => {
  assert.equal(silentSince(beat(), after(-5), bounds), null);
  assert.equal(silentSince(null, after(5), bounds), null);
});
