import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DocumentProblem } from '../../daemon/core/model.ts';
import { excerptOf } from '../../daemon/documents/excerpt.ts';
import { renderProblem, renderRecord } from '../../daemon/documents/write.ts';
import { limits } from '../../daemon/limits.ts';

test('a record keeps the order of its keys, leaves out what is undefined, and ends with a line end', () => {
  assert.equal(
    renderRecord({ b: 1, a: [undefined, 'x'], c: undefined }),
    '{\n  "b": 1,\n  "a": [\n    null,\n    "x"\n  ]\n}\n',
  );
});

test('equal values give equal bytes, and the bytes give the value back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = renderRecord(value);
      assert.equal(renderRecord(structuredClone(value)), text);
      assert.equal(renderRecord(JSON.parse(text)), text);
    }),
  );
});

const problem: DocumentProblem = {
  code: 'x',
  message: 'is \u001b[31mred\u202e',
  source: { file: 'inventory/a\u0007.yaml', line: 3, column: 5 },
  excerpt: 'a: b\n    ^',
  severity: 'warning',
  scope: 'inventory',
};

test('a problem is shown with its place and its line, and with nothing that a terminal would obey', () => {
  assert.equal(
    renderProblem(problem),
    'inventory/a\\x07.yaml:3:5: warning: is \\x1b[31mred\\u202e\n  a: b\n      ^',
  );
  assert.equal(renderProblem({ ...problem, excerpt: null }).split('\n').length, 1);
});

test('the caret stands below its column however long the line is', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(500), (length, at) => {
      const line = '.'.repeat(length + 1);
      const column = Math.min(at, length) + 1;
      const marked = `${line.slice(0, column - 1)}X${line.slice(column)}`;
      const [shown = '', caret = ''] = excerptOf(marked, column).split('\n');
      assert.equal(shown[caret.indexOf('^')], 'X');
      assert.ok(shown.length <= limits.documents.excerptMaxChars);
    }),
  );
});
