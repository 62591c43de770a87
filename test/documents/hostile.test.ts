/** Texts that are written to hurt: each must end quickly in positioned problems, and never take the reader or another document with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { documentReader } from '../../daemon/reader.ts';
import type { ParsedFile } from '../../daemon/core/parsed-document.ts';
import { renderProblem } from '../../daemon/documents/write.ts';
import { limits } from '../../daemon/limits.ts';

const reader = documentReader();

function read(text: string | Uint8Array, path = 'example/shop.yaml'): ParsedFile {
  return reader.parseFile({ path, oid: 'oid', bytes: typeof text === 'string' ? Buffer.from(text) : text });
}

const document = (kind: string, metadata: string, spec: string): string =>
  `apiVersion: renewd/v1\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`;
const team = (spec: string): string => document('Team', '{ name: web }', spec);
const certificate = (installation: string, rest = ''): string =>
  document(
    'Certificate',
    '{ name: shop, team: web }',
    `\n  dnsNames: [shop.example.com]\n  issuer: ca\n  installations: [{ endpoint: web-01, profile: nginx${installation} }]\n${rest}`,
  );

const codesOf = ({ problems }: ParsedFile): string[] => [...new Set(problems.map(({ code }) => code))];

/** Every problem stands on a line of the text, at most one column behind its end. */
function assertPlaced(text: string, { problems }: ParsedFile): void {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  for (const { source, message } of problems) {
    const line = lines[source.line - 1];
    assert.ok(line !== undefined, `line ${String(source.line)} of ${String(lines.length)}: ${message}`);
    assert.ok(source.column >= 1 && source.column <= line.length + 1, `${String(source.column)}: ${message}`);
  }
}

describe('values that deceive are refused, by code', () => {
  const table: readonly [string, string, string][] = [
    ['an IPv6 address with a zone', certificate('', '  ipAddresses: ["fe80::1%eth0"]'), 'document-value'],
    [
      'a zone in a server name',
      certificate(', serves: [{ address: "a:1", serverName: "fe80::1%lo" }]'),
      'document-value',
    ],
    ['an address twice in two forms', certificate('', '  ipAddresses: ["::1", "0::1"]'), 'document-value'],
    [
      'a wildcard as what a client asks for',
      certificate(', serves: ["*.example.com:443"]'),
      'document-value',
    ],
    [
      'a shell word as a host',
      certificate(', serves: [{ address: "a$(x)b:443", serverName: a.example.com }]'),
      'document-value',
    ],
    [
      'a wildcard as a host',
      certificate(', serves: [{ address: "*.a:1", serverName: a.b }]'),
      'document-value',
    ],
    ['a name of numbers', team('{ dnsNames: ["10.0.0"] }'), 'document-value'],
    ['an A-label that stands for nothing', team('{ dnsNames: [xn--a.example.com] }'), 'document-value'],
    ['a NUL by escape', team('{ displayName: "a\\0b" }'), 'document-characters'],
    ['reversed text by escape', team('{ displayName: "a\\u202eb" }'), 'document-characters'],
    ['half a surrogate pair by escape', team('{ displayName: "a\\ud800b" }'), 'document-characters'],
    ['an escape in a key', team('{ "display\\u200bName": a }'), 'document-characters'],
    ['a NUL in a parameter', certificate(', parameters: { key: "/a\\0b" }'), 'document-characters'],
    ['a line end in a parameter', certificate(', parameters: { key: "/a\\nb" }'), 'document-schema'],
    ['a line end in a display name', team('{ displayName: "a\\nb" }'), 'document-schema'],
    ['an ordered map where a map should be', team('!!omap []'), 'yaml-syntax'],
    ['a set where a map should be', team('!!set {}'), 'yaml-syntax'],
    ['binary', team('{ displayName: !!binary aGVsbG8= }'), 'yaml-syntax'],
    ['an anchor that nobody uses', team('&a {}'), 'yaml-alias'],
    [
      'a merge key, also under YAML 1.1',
      `%YAML 1.1\n---\n${team('{ <<: { owners: [a] } }')}`,
      'document-schema',
    ],
    ['not a number', certificate('', '  renewAt: .nan'), 'document-schema'],
    ['infinity', certificate('', '  renewAt: .inf'), 'document-schema'],
    [
      'a number with fifty thousand digits',
      certificate('', `  renewAt: ${'9'.repeat(50_000)}`),
      'document-schema',
    ],
    ['a kind that every object has', document('constructor', '{ name: a }', '{}'), 'document-kind'],
    [
      'a type that every object has',
      document('Issuer', '{ name: a }', '{ type: __proto__ }'),
      'document-schema',
    ],
    ['a map as a key', '? { a: b }\n: c\n', 'yaml-syntax'],
    ['true where text should be', team('{ displayName: true }'), 'document-schema'],
  ];
  for (const [name, text, code] of table) {
    test(name, () => {
      const file = read(text);
      assert.deepEqual(codesOf(file), [code], JSON.stringify(file.problems));
      assert.deepEqual(file.documents, []);
      assertPlaced(text, file);
    });
  }
});

test('no, off, and 1.10 are what they look like: text stays text, and a number is refused where text should be', () => {
  const labels = (value: string): ParsedFile =>
    read(document('Team', `{ name: web, labels: { a: ${value} } }`, '{}'));
  for (const word of ['no', 'off', 'y', '2026-11-21', '1:20', '0o7x', '"1.10"']) {
    assert.deepEqual(labels(word).problems, [], word);
    assert.equal(labels(word).documents[0]?.labels['a'], word.replaceAll('"', ''));
  }
  assert.match(labels('1.10').problems[0]?.message ?? '', /must be a string/);
  const directive = read(`%YAML 1.1\n---\n${team('{ displayName: no }')}`);
  assert.equal(directive.documents[0]?.kind === 'Team' && directive.documents[0].displayName, 'no');
});

describe('floods end in few problems', () => {
  const kib60 = 60_000;
  const lines = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join('');
  const table: readonly [string, string][] = [
    ['dashes and tabs', '-\t'.repeat(kib60 / 2)],
    ['question marks and tabs', '?\t'.repeat(kib60 / 2)],
    ['colons and tabs', ':\t'.repeat(kib60 / 2)],
    ['closing brackets', ']'.repeat(kib60)],
    ['commas', `[${','.repeat(kib60)}`],
    ['quotes', '"'.repeat(kib60)],
    ['anchors', '&a '.repeat(kib60 / 3)],
    ['aliases', `[${'*a,'.repeat(kib60 / 3)}]`],
    ['tags', `[${'!x 1,'.repeat(kib60 / 5)}]`],
    ['empty documents', '---\n'.repeat(kib60 / 4)],
    ['directives', `${'%FOO\n'.repeat(kib60 / 5)}a`],
    ['steps of indentation', lines(340, (index) => `${' '.repeat(index)}a:\n`)],
    ['unknown keys', team(`\n${lines(5500, (index) => `  k${String(index)}: 1\n`)}`)],
    ['empty installations', certificate('').replace(/\{ endpoint.*?\}/, '{},'.repeat(18_000))],
    [
      'usages that are all different',
      certificate('', `  usages: [${lines(5500, (index) => `{a: ${String(index)}},`)}]`),
    ],
    ['addresses that are none', certificate(`, serves: [${'1,'.repeat(28_000)}]`)],
    ['a kind without end', `kind: ${'x'.repeat(kib60)}`],
    ['depth behind quotes that hide it', '["]", '.repeat(10_000)],
    ['brackets behind a quote that hides them', `"[": a\n${'? '.repeat(31)}\n${'a:\n '.repeat(400)}`],
  ];
  for (const [name, text] of table) {
    test(name, () => {
      const file = read(text);
      assert.deepEqual(file.documents, []);
      assert.ok(file.problems.length >= 1 && file.problems.length <= limits.documents.problemsPerFileMax);
      for (const problem of file.problems) {
        assert.ok(problem.message.length <= limits.documents.messageMaxChars + 100);
        assert.doesNotMatch(renderProblem(problem).replaceAll('\n', ''), /\p{Cc}/u);
      }
      assertPlaced(text, file);
    });
  }
});

test('what is not shown is counted', () => {
  const { problems } = read(`[${'*a,'.repeat(60)}]`);
  assert.equal(problems.length, limits.documents.problemsPerFileMax);
  assert.match(problems.at(-1)?.message ?? '', /\(and 10 more in this file\)$/);
});

test('a file of more documents than the bound gives the first ones and says so', () => {
  const max = limits.documents.perFileMax;
  const text = Array.from(
    { length: max + 1 },
    (_, index) => `---\n${team('{}').replace('web', `t${String(index)}`)}`,
  ).join('');
  const file = read(text);
  assert.equal(file.documents.length, max);
  assert.deepEqual(codesOf(file), ['document-count']);
});

test('what is no depth is not taken for depth: many keys on one line, a ruler in a comment', () => {
  const keys = Array.from({ length: 40 }, (_, index) => `k${String(index)}: v`).join(', ');
  assert.deepEqual(read(document('Team', `{ name: web, labels: { ${keys} } }`, '{}')).problems, []);
  assert.deepEqual(read(`# ${'- '.repeat(60)}\n  # ${'['.repeat(60)}\n${team('{}')}`).problems, []);
});

describe('a document that does not end leaves the next one standing', () => {
  const table: readonly [string, string][] = [
    ['an open bracket', 'kind: Team\nmetadata: { name: x\n'],
    ['an open double quote', 'kind: "Team\nmetadata: x\n'],
    ['an open double quote after a comment', '# first\nkind: "Team\n'],
    ['an open single quote', "kind: 'Team\n"],
    ['a key that stands twice', 'a: 1\na: 2\n'],
    ['a tab as indent', 'a:\n\t- b\n'],
    ['an anchor', 'a: &a 1\n'],
    ['an unknown tag', 'a: !x 1\n'],
  ];
  for (const [name, broken] of table) {
    test(name, () => {
      const text = `${team('{ owners: ["a"] }')}---\n${broken}---\n${team('{ displayName: "Last" }').replace('web', 'last')}`;
      const file = read(text);
      assert.deepEqual(
        file.documents.map(({ name: each, source }) => [each, source.line]),
        [
          ['web', 1],
          ['last', 6 + broken.split('\n').length],
        ],
      );
      assert.ok(file.problems.length >= 1);
      for (const { source } of file.problems) assert.ok(source.line >= 6, JSON.stringify(source));
      assertPlaced(text, file);
    });
  }
});

test('whatever stands at whatever place of a declaration, reading never throws and every problem has its place', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'fe80::1%eth0',
      '*.a',
      'a:0',
      '[::1]:99999',
      '__proto__',
      '1/0',
      '0/1',
      '9/9',
      '47d',
      '-',
      '\\',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.ipV6(),
    fc.domain(),
  );
  const value = fc.oneof(
    word,
    fc.double(),
    fc.constant(null),
    fc.boolean(),
    fc.array(word, { maxLength: 3 }),
    fc.dictionary(word, word, { maxKeys: 3 }),
  );
  const keys = [
    'dnsNames',
    'ipAddresses',
    'issuer',
    'key',
    'usages',
    'lifetime',
    'renewAt',
    'drift',
    'state',
    'installations',
  ];
  const changes = fc.record({
    key: fc.constantFrom(...keys),
    value,
    endpoint: value,
    serves: fc.oneof(value, fc.array(value, { maxLength: 3 })),
    parameters: value,
    labels: value,
  });
  fc.assert(
    fc.property(changes, (change) => {
      // JSON is YAML, and JSON.stringify escapes what must be.
      const text = JSON.stringify(
        {
          apiVersion: 'renewd/v1',
          kind: 'Certificate',
          metadata: { name: 'shop', team: 'web', labels: change.labels },
          spec: {
            dnsNames: ['shop.example.com'],
            issuer: 'ca',
            installations: [
              {
                endpoint: change.endpoint,
                profile: 'nginx',
                serves: change.serves,
                parameters: change.parameters,
              },
            ],
            [change.key]: change.value,
          },
        },
        null,
        1,
      );
      assertPlaced(text, read(text));
    }),
    { numRuns: 500 },
  );
});

test('any bytes at all are read without a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const { documents, problems } = read(bytes);
      assert.equal(documents.length, 0);
      assert.ok(problems.length <= limits.documents.problemsPerFileMax);
    }),
    { numRuns: 500 },
  );
});

test('reading leaves the program as it was: errors elsewhere keep their stack', () => {
  const before = Error.stackTraceLimit;
  read(']'.repeat(100));
  read('["]", '.repeat(10_000));
  assert.equal(Error.stackTraceLimit, before);
});
