/**
 * A turn with nothing to do, a turn after one change, the first load, and memory, at several sizes. Each size runs in a process of its own, so
 * that memory is that size's alone. The peer of a quiet turn is `git ls-remote`: what any poller pays to learn that nothing happened.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { row, type Row } from './row.ts';
import { makeSynthetic } from './synthetic.ts';

export interface Measured {
  readonly firstTurnMs: number;
  readonly quietTurnMs: number;
  readonly changedTurnMs: number;
  readonly restartTurnMs: number;
  readonly rssMiB: number;
  readonly lsRemoteMs: number;
}

/** Runs the sizes. IO: a temporary directory. */
export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  const root = mkdtempSync(join(tmpdir(), 'renewd-bench-'));
  try {
    for (const certificates of [1000, 10_000, 100_000]) {
      const { bare, data } = await makeSynthetic(root, certificates);
      const measured = inProcess(bare, data) as Measured;
      const restarted = inProcess(bare, data, 'restart') as { readonly rssMiB: number };
      const size = certificates.toLocaleString('en');
      rows.push(
        row(
          `quiet turn, ${size} certificates`,
          measured.quietTurnMs,
          measured.lsRemoteMs,
          'ms',
          'peer: git ls-remote',
        ),
        row(
          `turn after a change of one, ${size}`,
          measured.changedTurnMs,
          measured.quietTurnMs,
          'ms',
          'peer: the quiet turn',
        ),
        row(`first turn (load, judge, write all records), ${size}`, measured.firstTurnMs, null, 'ms'),
        row(`first turn after a restart, ${size}`, measured.restartTurnMs, null, 'ms'),
        row(`resident memory after the very first turn, ${size}`, measured.rssMiB, null, 'MiB'),
        row(`resident memory after a restart, ${size}`, restarted.rssMiB, null, 'MiB'),
      );
      rmSync(bare, { recursive: true });
      rmSync(data, { recursive: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return rows;
}

/** Runs one size in a process of its own, started as bin/renewd starts the daemon. */
function inProcess(bare: string, data: string, only = ''): unknown {
  const text = execFileSync(
    process.execPath,
    [
      '--no-warnings',
      '--max-semi-space-size=4',
      '--optimize-for-size',
      join(import.meta.dirname, 'turn-process.ts'),
      bare,
      data,
      only,
    ],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 1 << 26,
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    },
  );
  return JSON.parse(text.trim().split('\n').at(-1) ?? '{}');
}
