import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import type { CertificateStatus } from '../daemon/core/record-format.ts';
import {
  columnsOf,
  escapeControls,
  openTerminal,
  statusMark,
  table,
  truncate,
  wrap,
} from '../daemon/terminal.ts';

const stream = (isTTY: boolean, columns?: number) => ({
  isTTY,
  ...(columns === undefined ? {} : { columns }),
  write: () => true,
});

const statuses: readonly CertificateStatus[] = [
  'expired',
  'failing',
  'drift',
  'blocked',
  'overdue',
  'unknown',
  'non-compliant',
  'renewal-due',
  'pending',
  'retired',
  'ok',
];

test('colour: a terminal has it, a pipe does not', () => {
  assert.equal(openTerminal(stream(true), {}).colour, true);
  assert.equal(openTerminal(stream(false), {}).colour, false);
});

test('NO_COLOR turns colour off, an empty NO_COLOR does not', () => {
  assert.equal(openTerminal(stream(true), { NO_COLOR: '1' }).colour, false);
  assert.equal(openTerminal(stream(true), { NO_COLOR: '' }).colour, true);
  assert.equal(openTerminal(stream(true), { NO_COLOR: '1', FORCE_COLOR: '1' }).colour, false);
});

test('FORCE_COLOR turns colour on in a pipe, FORCE_COLOR=0 turns it off on a terminal', () => {
  assert.equal(openTerminal(stream(false), { FORCE_COLOR: '1' }).colour, true);
  assert.equal(openTerminal(stream(true), { FORCE_COLOR: '0' }).colour, false);
});

test('TERM=dumb has no colour and redraws nothing', () => {
  const terminal = openTerminal(stream(true), { TERM: 'dumb' });
  assert.equal(terminal.colour, false);
  assert.equal(terminal.interactive, false);
});

test('every status shows a shape and its word, with and without colour', () => {
  for (const status of statuses) {
    const plain = statusMark(status, openTerminal(stream(false), {}));
    assert.match(plain, new RegExp(`^\\S ${status}$`, 'u'));
    assert.equal(stripVTControlCharacters(statusMark(status, openTerminal(stream(true), {}))), plain);
  }
});

test('hostile characters become visible, printable text stays', () => {
  assert.equal(escapeControls('a\u001b[31mred\u0007'), 'a\\x1b[31mred\\x07');
  assert.equal(escapeControls('one\ntwo\r\tx'), 'one\\ntwo\\r\\tx');
  assert.equal(escapeControls('gpj.\u202eexe'), 'gpj.\\u202eexe');
  assert.equal(escapeControls('zero\u200bwidth\u2028'), 'zero\\u200bwidth\\u2028');
  assert.equal(escapeControls('\u009b31m'), '\\x9b31m');
  assert.equal(escapeControls('Zürich 東京 ✓'), 'Zürich 東京 ✓');
});

test('escaped text never holds a control, format or separator character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escapeControls(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});

test('wide characters take two columns, combining marks and styles none', () => {
  assert.equal(columnsOf('abc'), 3);
  assert.equal(columnsOf('東京'), 4);
  assert.equal(columnsOf('e\u0301'), 1);
  assert.equal(columnsOf('\u001b[31mred\u001b[0m'), 3);
});

test('truncated text never takes more columns than asked', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      assert.ok(columnsOf(truncate(escapeControls(text), width)) <= width);
    }),
  );
  assert.equal(truncate('abcdef', 6), 'abcdef');
  assert.equal(truncate('abcdefg', 6), 'abcde…');
});

test('wrapping keeps every word, in order, within the width unless a word is longer', () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 4, max: 40 }), (words, width) => {
      const lines = wrap(words.join(' '), width, '  ').split('\n');
      assert.deepEqual(
        lines
          .join(' ')
          .split(' ')
          .filter((each) => each !== ''),
        words,
      );
      for (const line of lines) assert.ok(columnsOf(line) <= width || !line.trim().includes(' '), line);
    }),
  );
});

test('a table aligns columns and escapes what comes from the world', () => {
  const terminal = openTerminal(stream(false), {});
  const text = table(
    ['CERTIFICATE', 'STATUS'],
    [
      ['web/shop', 'ok'],
      ['web/東京', { text: 'dr\u001b[2Jift', style: 'red' }],
    ],
    terminal,
  );
  assert.equal(text, 'CERTIFICATE  STATUS\nweb/shop     ok\nweb/東京     dr\\x1b[2Jift\n');
});

test('a table fits a narrow terminal and is never cut in a pipe', () => {
  const rows = [['x'.repeat(100), 'y'.repeat(100), 'ok']];
  const header = ['A', 'B', 'C'];
  const narrow = table(header, rows, openTerminal(stream(true, 60), {}));
  for (const line of narrow.split('\n')) assert.ok(columnsOf(line) <= 60, line);
  assert.ok(table(header, rows, openTerminal(stream(false), {})).includes('y'.repeat(100)));
});

test('a table without rows is empty', () => {
  assert.equal(table(['A'], [], openTerminal(stream(false), {})), '');
});
