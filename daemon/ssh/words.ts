/** Words for a remote shell: the one place where text becomes part of a command line. */
import { OperationError } from '../ports/failure.ts';

/**
 * One command line whose words are exactly these, whatever is in them and whichever shell the user logs in with: each is put in single quotes. Quotes and
 * backslashes stand outside of them, each behind a backslash, since fish reads a backslash inside of single quotes too and a POSIX shell does not. Pure.
 * @throws OperationError `unsupported` for a NUL, which no command line can hold
 */
export function quoteWords(words: readonly string[]): string {
  return words
    .map((word) => {
      if (word.includes('\0')) {
        throw new OperationError(
          'unsupported',
          'a word of a command holds a NUL character, which no command line can hold; take it out of the declaration',
          {
            disposition: 'stall',
            endsWhen: ['declaration'],
          },
        );
      }
      return `'${word.replaceAll(/['\\]/g, String.raw`'\$&'`)}'`;
    })
    .join(' ');
}

/**
 * Says the mark on both channels, then runs the rest of its arguments under timeout(1) where there is one; the first argument is the number of seconds, the second
 * the mark. What start files of a shell print stands before the mark.
 */
const underTimeout =
  't=$1; m=$2; shift 2; echo "$m"; echo "$m" >&2; if command -v timeout >/dev/null 2>&1; then exec timeout -k 5 "$t" "$@"; else exec "$@"; fi';

/** The command line that runs `words` for at most `seconds`, whatever the login shell of the user is, and says `mark` (letters and digits) on a line of its own before. Pure. */
export function boundedCommand(words: readonly string[], seconds: number, mark: string): string {
  return `exec ${quoteWords(['/bin/sh', '-c', underTimeout, 'renewd', String(seconds), mark, ...words])}`;
}
