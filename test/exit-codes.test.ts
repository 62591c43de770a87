import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitCodes } from '../daemon/exit-codes.ts';

test('docs/exit-codes.md has exactly the codes, names and meanings of the table, in order', () => {
  const rows = readFileSync('docs/exit-codes.md', 'utf8')
    .split('\n')
    .map((line) => /^\| (\d+) \| `([a-z-]+)` \| (.+) \|$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => [match[2], Number(match[1]), match[3]]);
  assert.deepEqual(
    rows,
    Object.entries(exitCodes).map(([name, { code, meaning }]) => [name, code, meaning]),
  );
});

test('every code is a different number that a shell can see', () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert.ok(code >= 0 && code <= 255);
});
