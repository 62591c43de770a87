/** Words that become part of a command line, read by the shells that people log in with. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { boundedCommand, quoteWords } from '../../daemon/ssh/words.ts';

const root = mkdtempSync(join(tmpdir(), 'renewd-words-'));
after(() => {
  rmSync(root, { recursive: true, force: true });
});
const mark = join(root, 'was-here');

const hostile = [
  `a\\'(touch ${mark})\\'`,
  `a\\';touch ${mark};'`,
  `'; touch ${mark}; '`,
  `$(touch ${mark})`,
  '`touch ' + mark + '`',
  `\\\\'(touch ${mark})`,
  `"; touch ${mark}; "`,
  `a\\`,
  `\\`,
  `'`,
  `\\'`,
  `'\\`,
  '$HOME ~ * ? [a] {a,b} | & ; < > # ( ) ^ %',
  'é ü 漢字 😀',
  '',
  ' ',
  '-n',
];

/** What a shell makes of a command line that prints its words between marks. */
function wordsSeenBy(shell: readonly string[], words: readonly string[]): string[] {
  const [command = 'sh', ...rest] = shell;
  const line = quoteWords(['/usr/bin/printf', '%s\\n<end>\\n', ...words]);
  const { stdout } = spawnSync(command, [...rest, '-c', line], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: root, LC_ALL: 'C.UTF-8' },
  });
  return stdout.split('\n<end>\n').slice(0, -1);
}

for (const shell of ['sh', 'bash', 'busybox sh', 'mksh', 'yash', 'zsh', 'ksh', 'fish', 'tcsh']) {
  const words = shell.split(' ');
  const there = spawnSync(words[0] ?? '', [...words.slice(1), '-c', 'exit 0']).status === 0;
  test(`in ${shell} words stay words`, { skip: there ? false : `${shell} is not installed` }, () => {
    // A C shell expands an exclamation mark even in quotes, when it is asked by a person; no line of ours holds one.
    for (const word of hostile) assert.deepEqual(wordsSeenBy(words, [word, 'last']), [word, 'last'], word);
    const line = boundedCommand(['echo', ...hostile], 10, 'mark');
    spawnSync(words[0] ?? '', [...words.slice(1), '-c', line], {
      env: { PATH: process.env['PATH'], HOME: root },
    });
    assert.ok(!existsSync(mark), line);
    const plain = fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        "'",
        '"',
        '\\',
        '`',
        '$',
        '(',
        ')',
        ';',
        '&',
        '|',
        '<',
        '>',
        '*',
        '?',
        '[',
        ']',
        '{',
        '}',
        '~',
        '#',
        '^',
        '%',
        '=',
        ' ',
      ),
    });
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 4 }), (list) => {
        assert.deepEqual(wordsSeenBy(words, list), list);
      }),
      { numRuns: 25 },
    );
  });
}
