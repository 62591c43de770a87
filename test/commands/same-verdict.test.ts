/**
 * Whoever judges a change says the same: the pipeline with what it needs, the pipeline with everything, the daemon, and the audit. Random repositories, made
 * with git fast-import: files are broken, mended, removed, doubled, moved and changed on the base, then changed by a pull request, then merged in one of two ways.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { judgeChangeRequest } from '../../daemon/commands/change-request.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { ChangeReport } from '../../daemon/core/change-report.ts';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { replay } from '../../daemon/audit/replay.ts';
import { edits, estateFiles, type Files } from '../fixtures/random-estate.ts';

const root = mkdtempSync(join(tmpdir(), 'renewd-same-'));
after(() => {
  rmSync(root, { recursive: true, force: true });
});
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const now = Date.UTC(2026, 10, 20);

/** One commit of the stream: all files anew, so that git makes the same trees as anywhere. */
function commitText(mark: number, parents: readonly number[], files: Files): string {
  const message = `Commit ${String(mark)}`;
  const date = `${String(1_790_000_000 + mark * 60)} +0000`;
  const [first, second] = parents;
  return [
    `commit refs/heads/c${String(mark)}`,
    `mark :${String(mark)}`,
    `author Ada <ada@example.com> ${date}`,
    `committer Ada <ada@example.com> ${date}`,
    `data ${String(Buffer.byteLength(message))}`,
    message,
    ...(first === undefined ? [] : [`from :${String(first)}`]),
    ...(second === undefined ? [] : [`merge :${String(second)}`]),
    'deleteall',
    ...[...files].flatMap(([path, { mode, text }]) => [
      `M ${mode} inline ${path}`,
      `data ${String(Buffer.byteLength(text))}`,
      text,
    ]),
    '',
  ].join('\n');
}

let count = 0;

/** The verdict of the pipeline; null: it refuses to give one. */
async function verdictOf(
  repository: Repository,
  base: string,
  head: string,
  scope: 'needed' | 'all',
): Promise<ChangeReport | null> {
  try {
    return await judgeChangeRequest(repository, { base, head }, now, AbortSignal.timeout(60_000), scope);
  } catch (error) {
    if (error instanceof OperationError && error.code === 'unsupported') return null;
    throw error;
  }
}

const pick = fc.record({ edit: fc.nat(1000), file: fc.nat(1000), value: fc.nat(3) });
const steps = fc.array(pick, { minLength: 0, maxLength: 4 });
const situation = fc.record({
  controlled: fc.boolean(),
  base: fc.array(steps, { minLength: 0, maxLength: 3 }),
  change: fc.array(pick, { minLength: 1, maxLength: 4 }),
  meanwhile: fc.array(pick, { minLength: 0, maxLength: 2 }),
  merged: fc.boolean(),
});

/** Two endpoints pin one host key, written whole: the certificate of one takes the path of the other's. */
const sharedHostKey = {
  controlled: false,
  base: [],
  change: [
    { edit: 443, file: 161, value: 1 },
    { edit: 0, file: 464, value: 0 },
  ],
  meanwhile: [],
  merged: false,
};

test('the pipeline, narrowed or not, the daemon and the audit judge alike, or the pipeline says nothing', async () => {
  let judged = 0;
  let silent = 0;
  await fc.assert(
    fc.asyncProperty(situation, async ({ controlled, base, change, meanwhile, merged }) => {
      const directory = join(root, String(count++));
      execFileSync('git', ['init', '-q', '--bare', directory]);
      const states: Files[] = [estateFiles(controlled)];
      const parts: string[] = [commitText(1, [], states[0] ?? new Map())];
      for (const list of base) {
        const next = list.reduce((files, each) => edits(files, each), states.at(-1) ?? new Map());
        states.push(next);
        parts.push(commitText(states.length, [states.length - 1], next));
      }
      const fork = states.at(-1) ?? new Map();
      const forkMark = states.length;
      // Of what the pull request touches nothing else is touched meanwhile: a conflict is a verdict of its own.
      const asked = change.reduce((files, each) => edits(files, each), fork);
      const touched = new Set(
        [...fork.keys(), ...asked.keys()].filter((path) => fork.get(path) !== asked.get(path)),
      );
      let target = fork;
      if (merged) {
        for (const each of meanwhile) {
          const next = edits(target, each);
          const paths = [...target.keys(), ...next.keys()].filter(
            (path) => target.get(path) !== next.get(path),
          );
          if (!paths.some((path) => touched.has(path))) target = next;
        }
      }
      const together = new Map(target);
      for (const path of touched) {
        const entry = asked.get(path);
        if (entry === undefined) together.delete(path);
        else together.set(path, entry);
      }
      const [targetMark, headMark, mergeMark] = [forkMark + 1, forkMark + 2, forkMark + 3];
      parts.push(
        commitText(targetMark, [forkMark], target),
        commitText(headMark, [merged ? forkMark : targetMark], asked),
        commitText(mergeMark, [targetMark, headMark], together),
      );
      execFileSync('git', ['-C', directory, 'fast-import', '--quiet'], { input: parts.join('\n') });
      const idOf = (mark: number): string =>
        execFileSync('git', ['-C', directory, 'rev-parse', `refs/heads/c${String(mark)}`], {
          encoding: 'utf8',
        }).trim();
      const repository = await openRepository({ url: directory, directory, now: Date.now });
      try {
        const [trusted, on, head] = [idOf(1), idOf(targetMark), idOf(headMark)];
        const landed = merged ? idOf(mergeMark) : head;
        const narrow = await verdictOf(repository, on, head, 'needed');
        const whole = await verdictOf(repository, on, head, 'all');
        assert.deepEqual(narrow, whole, 'reading what is needed and reading everything');
        const { records } = await replay({
          repository,
          trusted,
          head: landed,
          recorded: [],
          seenAt: () => now,
          now,
          log: quiet,
        });
        if (whole === null) {
          silent++;
          return;
        }
        judged++;
        compare(whole, records.get(landed) ?? null);
      } finally {
        await repository.close();
        rmSync(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: Number(process.env['RENEWD_RUNS'] ?? '40'), examples: [[sharedHostKey]] },
  );
  assert.ok(
    judged > silent,
    `${String(judged)} judged, ${String(silent)} not: the property must say something`,
  );
});

function compare(report: ChangeReport, record: ChangeRecord | null): void {
  if (record === null) {
    assert.deepEqual(report.plan.documents, [], 'what the daemon does not see changes nothing');
    return;
  }
  assert.deepEqual(report.plan, record.plan);
  assert.equal(report.hash, record.hash, 'an approval of what the pipeline shows counts for the daemon');
  const refused = record.reasons.filter((each) => each.code !== 'approval-missing');
  for (const { code, message } of refused)
    assert.ok(
      report.problems.some((each) => each.code === code && each.message === message),
      `the pipeline says nothing of ${code}: ${message}`,
    );
  if (report.verdict === 'allowed') {
    assert.ok(['accepted', 'waiting'].includes(record.outcome), record.outcome);
    assert.equal(report.waiting, record.outcome === 'waiting');
  } else if (record.outcome === 'accepted') {
    assert.ok(
      report.problems.some(
        (each) => each.severity === 'error' && !refused.some(({ code }) => code === each.code),
      ),
      'denied for a document or a policy, which the daemon refuses to issue by',
    );
  }
}
