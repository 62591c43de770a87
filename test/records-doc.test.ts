import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { statusMeanings, statusPrecedence } from '../daemon/core/status.ts';

test('docs/records.md lists every status with its meaning in the order of precedence', () => {
  const rows = readFileSync('docs/records.md', 'utf8')
    .split('\n')
    .map((line) => /^\| `([a-z-]+)` \| ([A-Z].+) \|$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => [match[1], match[2]]);
  assert.deepEqual(
    rows,
    statusPrecedence.map((status) => [status, statusMeanings[status]]),
  );
});
