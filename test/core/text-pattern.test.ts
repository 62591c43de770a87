/** Patterns of documents against values of others: the same answer as JavaScript's, in time that no pattern and no value can stretch. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Arbitrary,
  array,
  assert as holds,
  constantFrom,
  letrec,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check';
import { readTextPattern } from '../../daemon/core/text-pattern.ts';
import { documentReader } from '../../daemon/reader.ts';
import { printLoopDelay } from '../fixtures/loop-delay.ts';

function matches(pattern: string, text: string): boolean {
  const read = readTextPattern(pattern);
  assert.ok('matches' in read, `${pattern}: ${'fault' in read ? read.fault.message : ''}`);
  return read.matches(text);
}

/** Patterns of few characters, so that texts of few characters meet them. */
const pattern: Arbitrary<string> = letrec<{ whole: string }>((tie) => ({
  whole: oneof(
    { maxDepth: 4, withCrossShrink: true },
    constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '\\w',
      '\\S',
      '\\.',
      '[a-c\\d-]',
      '\\u0061',
      'é',
      '😀',
      '\\x62',
      '[^\\n]',
      '',
    ),
    tuple(tie('whole'), tie('whole')).map(([left, right]) => left + right),
    tuple(tie('whole'), tie('whole')).map(([left, right]) => `(?:${left}|${right})`),
    tuple(tie('whole'), constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '{0}')).map(
      ([part, times]) => `(${part})${times}`,
    ),
  ),
})).whole;

test('the answer is the one of JavaScript', () => {
  const texts = array(
    array(constantFrom('a', 'b', 'c', '1', '.', '-', '\n', 'é', '😀', '\u2028', '_'), { maxLength: 7 }).map(
      (each) => each.join(''),
    ),
    { minLength: 1, maxLength: 8 },
  );
  holds(
    property(pattern, texts, (source, samples) => {
      const theirs = new RegExp(`^(?:${source})$`, 'u');
      for (const text of samples)
        assert.equal(matches(source, text), theirs.test(text), JSON.stringify([source, text]));
    }),
    { numRuns: 2000, seed: 7 },
  );
  for (const [source, text] of [
    ['^/[a-z]+$', '/abc'],
    ['(/[^\\u0000-\\u0020"\';{}$]+)?', '/etc/nginx/tls/a.pem'],
    ['[0-9]+/[a-z0-9_-]+', '15/main'],
    ['a|bc|', ''],
    ['[\\]\\\\^-]+', ']\\^-'],
    ['\\$\\(\\)\\{\\}\\/\\|\\*\\+\\?\\[', '$(){}/|*+?['],
    ['a\\\\$', 'a\\'],
    ['\\u{1f600}{2}', '😀😀'],
  ] as const)
    assert.ok(matches(source, text), source);
});

test('no pattern takes long with any value', async (context) => {
  const long = 'a'.repeat(1000);
  for (const [source, text] of [
    ['(a+)+b', `${long}!`],
    ['(a|a)*b', long],
    ['(a|aa)+$', `${long}!`],
    ['(.*.*.*.*)*x', long],
    ['((a?){20}){20}b', long],
    ['(((a*)*)*)*b', long],
    ['([a-z]+)*[0-9]', long],
    ['a*'.repeat(240), `${long}!`],
    ['(a?){0,300}', `${long}!`],
  ] as const)
    await printLoopDelay(context, `${source.slice(0, 30)} with ${String(text.length)} characters`, () => {
      assert.equal(matches(source, text), false, source);
      return Promise.resolve();
    });
});

describe('a pattern that is not taken says where, and what to write instead', () => {
  const faults: readonly (readonly [pattern: string, at: number, message: RegExp])[] = [
    ['a(?=b)', 2, /not available: write \(/],
    ['(?<!a)b', 1, /not available/],
    ['(?<n>a)', 1, /not available/],
    ['(a)\\1', 4, /back-references are not available/],
    ['\\p{L}', 1, /not available: write a list/],
    ['a\\b', 2, /not available/],
    ['a**', 3, /after a repetition/],
    ['a+?', 3, /after a repetition/],
    ['*a', 1, /nothing before it: write \\\*/],
    ['a{', 2, /no repetition: write \{2\}.*or \\\{/],
    ['a{3,2}', 2, /ends before it begins/],
    ['a{1001}', 2, /more than 1000/],
    ['(a', 1, /without its \)/],
    ['a)', 2, /without its \(/],
    ['[a', 1, /without its \]/],
    ['[]', 1, /without characters/],
    ['[z-a]', 2, /a range that is none/],
    ['[\\d-z]', 2, /a range that is none/],
    ['[\\W]', 2, /write the list/],
    ['a^b', 2, /leave it out, or write \\\^/],
    ['\\', 1, /write \\\\/],
    ['\\q', 1, /means nothing: write q/],
    ['\\u12', 1, /without its number/],
    ['(((((a{9}){9}){9}){9}){9})', 1, /written out: repeat less/],
    [`${'('.repeat(20)}${'){1000}'.repeat(20)}`, 1, /written out: repeat less/],
    [`${'('.repeat(20)}a{0}${'){1000}'.repeat(20)}`, 1, /written out: repeat less/],
    [`${'('.repeat(21)}a${')'.repeat(21)}`, 21, /groups inside one another/],
  ];
  for (const [source, at, message] of faults)
    test(JSON.stringify(source.slice(0, 30)), () => {
      const read = readTextPattern(source);
      assert.ok('fault' in read, source);
      assert.match(read.fault.message, message);
      assert.equal(read.fault.at, at);
    });

  test('no text at all makes reading fail otherwise', () => {
    holds(
      property(string({ unit: 'binary', maxLength: 40 }), (source) => {
        const read = readTextPattern(source);
        if ('matches' in read) {
          const theirs = new RegExp(`^(?:${source})$`, 'u');
          assert.equal(read.matches(source), theirs.test(source));
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
    holds(
      property(
        array(constantFrom(...Array.from('ab([{|*+?^$\\)]}.-,12ux:d')), { maxLength: 14 }).map((each) =>
          each.join(''),
        ),
        (source) => {
          const read = readTextPattern(source);
          if ('matches' in read) new RegExp(`^(?:${source})$`, 'u').test('');
        },
      ),
      { numRuns: 3000, seed: 7 },
    );
  });
});

test('a Profile with such a pattern is refused at its line and column', () => {
  const text =
    "apiVersion: renewd/v1\nkind: Profile\nmetadata: { name: own }\nspec:\n  parameters:\n    path:\n      setBy: certificate\n      pattern: '/(?!etc)[a-z]+'\n  files: [{ name: a.pem, content: fullchain }]\n";
  const path = 'policies/own.yaml';
  const { problems } = documentReader().parseFile({ path, oid: path, bytes: Buffer.from(text) });
  assert.deepEqual(
    problems.map(
      ({ source, message }) => `${source.file}:${String(source.line)}:${String(source.column)} ${message}`,
    ),
    [
      'policies/own.yaml:8:7 character 2 of the pattern: looking ahead or behind, and names of groups, are not available: write ( or (?:',
    ],
  );
});
