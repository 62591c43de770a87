/** `renewd diff A..B`: what happened to the estate between two moments, from the records: a change report. */
import { counted } from '../core/count.ts';
import type { ChangeRecord } from '../core/change-record.ts';
import { estateDifference, type EstateDifference } from '../core/estate-difference.ts';
import { keyOf } from '../core/same.ts';
import { exitOf } from '../exit-codes.ts';
import { changesAt, recordsAt } from '../records/past.ts';
import { escapeControls } from '../terminal.ts';
import { warnOfForeign } from './foreign-records.ts';
import { UsageError, type Command, type Invocation } from './command.ts';
import { historyOptions, stateAt, withHistory } from './open-history.ts';

export const diff: Command = {
  name: 'diff',
  summary: 'say what happened between two moments: a change report',
  positionals: '<from>..<to>',
  positionalsMax: 1,
  about:
    'Compares the committed records of two moments: certificates that came and went, what was issued and why, changes of status, findings opened and closed, and which changes of declarations were accepted or refused meanwhile. A moment is a day (its end, UTC), an instant (2026-03-31T12:00:00Z) or a revision of the branch of records; nothing after the two dots means now. Exit code 0, or 1 where records at the later moment were not written by the daemon, which is said.',
  options: { ...historyOptions, json: { type: 'boolean', description: 'print JSON instead of words' } },
  examples: [
    'renewd diff 2026-09-30..2026-10-31',
    'renewd diff 2026-11-20.. --json',
    "renewd diff 'renewd/state~5..renewd/state'",
  ],
  run: (invocation) => {
    const range = invocation.positionals[0] ?? '';
    const match = /^(.+?)\.\.(.*)$/.exec(range);
    if (match === null) throw new UsageError('give two moments: renewd diff 2026-09-30..2026-10-31');
    const [from = '', to = ''] = match.slice(1);
    return withHistory(invocation, async (history) => {
      const { repository, prefix, state } = history;
      const before = await stateAt(history, from, invocation.signal);
      const after = to === '' ? state : await stateAt(history, to, invocation.signal);
      const difference = estateDifference(
        await recordsAt(repository, before, prefix),
        await recordsAt(repository, after, prefix),
      );
      const known = new Set(
        (await changesAt(repository, before, prefix)).map((each) => keyOf(each.commit, each.outcome)),
      );
      const changes = (await changesAt(repository, after, prefix)).filter(
        (each) => !known.has(keyOf(each.commit, each.outcome)),
      );
      const isForeign = await warnOfForeign(invocation, { ...history, state: after });
      const code = print(invocation, { from: before, to: after }, difference, changes);
      return isForeign ? exitOf('findings') : code;
    });
  },
};

function print(
  { flags, out }: Invocation,
  range: { readonly from: string | null; readonly to: string | null },
  difference: EstateDifference,
  changes: readonly ChangeRecord[],
): number {
  if (flags['json'] === true) {
    out.write(
      `${JSON.stringify({ apiVersion: 'renewd/v1', kind: 'ChangesBetween', ...range, ...difference, changes }, null, 2)}\n`,
    );
    return exitOf('ok');
  }
  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    out.write(`${out.style('bold', title)}\n`);
    for (const line of lines) out.write(`  ${escapeControls(line)}\n`);
  };
  section(
    'changes of declarations',
    changes.map((each) => `${each.commit.slice(0, 10)} ${each.outcome}: ${each.subject} (${each.author})`),
  );
  section(
    'certificates that came',
    difference.added.map((each) => `${each.certificate}: ${each.dnsNames.join(', ')}, ${each.status}`),
  );
  section(
    'certificates that went',
    difference.removed.map((each) => each.certificate),
  );
  section(
    'issued',
    difference.renewed.map(
      (each) =>
        `${each.installation}: serial ${each.serial} until ${each.notAfter}${each.because === null ? '' : `, ${each.because}`}`,
    ),
  );
  section(
    'status',
    difference.status.map((each) => `${each.certificate}: ${each.before} -> ${each.after}`),
  );
  section(
    'findings opened',
    difference.opened.map((each) => `${each.severity} ${each.code}: ${each.message}`),
  );
  section(
    'findings closed',
    difference.closed.map((each) => `${each.code}: ${each.message}`),
  );
  const counts = `${String(difference.renewed.length)} issued, ${counted(difference.opened.length, 'finding')} opened, ${String(difference.closed.length)} closed, ${counted(changes.length, 'change')} judged`;
  out.write(
    `${counts}; records ${range.from?.slice(0, 10) ?? 'none'} to ${range.to?.slice(0, 10) ?? 'none'}\n`,
  );
  return exitOf('ok');
}
