/** What stopped the journal, and what a person can do about it. */
import { remedyOfSystem } from '../system-trouble.ts';
import { OperationError } from '../ports/failure.ts';

/** What a row or a file of the journal has against being read: not the disk, so more space or other permissions change nothing. */
export class JournalUnreadable extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Said where what is stored is not what renewd wrote. docs/restore.md plays it. */
export const restoreIt =
  'Put the data directory back from a backup (docs/restore.md), or move journal.db away: what was installed is then found again by looking at the endpoints.';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that a person can do something about. */
const remedies: Readonly<Record<number, string>> = {
  5: 'Another process holds the journal: end it, or wait until it has ended.',
  6: 'Another process holds the journal: end it, or wait until it has ended.',
  8: 'Make the data directory and the files in it writable for the user of renewd.',
  10: 'Check the disk of the data directory: reading or writing it failed.',
  11: `The file is damaged. ${restoreIt}`,
  13: 'Free space on the disk of the data directory.',
  14: 'Make the data directory and the files in it readable and writable for the user of renewd.',
  26: `The file is damaged, or is no journal. ${restoreIt}`,
};

/**
 * Runs `work`; whatever it throws becomes one sentence with the step that fits its cause.
 * @throws OperationError `journal-unavailable` (retry: a disk is freed without a word to renewd)
 */
export function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof OperationError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperationError(
      'journal-unavailable',
      `the journal could not ${what}: ${reason}. ${remedyOf(cause)} Nothing is changed until it works.`,
      { disposition: 'retry', cause },
    );
  }
}

function remedyOf(cause: unknown): string {
  if (cause instanceof JournalUnreadable) return cause.remedy;
  const ofSystem = remedyOfSystem(cause);
  if (ofSystem !== null) return ofSystem;
  const number = (cause as { readonly errcode?: unknown }).errcode;
  // The low byte is the primary code.
  const remedy = typeof number === 'number' ? remedies[number % 256] : undefined;
  return (
    remedy ??
    'Check the data directory: that it is there, may be written by the user of renewd, and has free space (df, ls -ld).'
  );
}
