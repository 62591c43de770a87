import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { failureCodes } from '../daemon/ports/failure.ts';

test('docs/failures.md has exactly the codes and meanings of the table, in order', () => {
  const rows = readFileSync('docs/failures.md', 'utf8')
    .split('\n')
    .map((line) => /^\| `([a-z-]+)` \| (.+) \|$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => [match[1], match[2]]);
  assert.deepEqual(rows, Object.entries(failureCodes));
});
