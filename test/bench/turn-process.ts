/** One size of `turn.ts`, in its own process: `turn-process.ts <repository> <data directory>`; the last line it prints is JSON. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTurn, type TurnReport } from '../../daemon/cycle.ts';
import type { House } from '../../daemon/assembly.ts';
import { openHouse, plainConfig } from '../real/estate.ts';
import { medianMs } from './row.ts';
import { certificateText } from './synthetic.ts';
import type { Measured } from './turn.ts';

const [, , bare = '', data = '', only = ''] = process.argv;
const config = { ...plainConfig(data, bare), dataDirectory: data };
const once = async (house: House): Promise<TurnReport> => {
  const report = await runTurn(
    house.world,
    house.estate,
    house.memory,
    { observeAll: false, dryRun: false, heartbeat: false },
    new AbortController().signal,
  );
  if (report.troubles.length > 0 || report.outcomes.length > 0 || report.observed > 0) {
    throw new Error(
      `not a quiet turn: ${JSON.stringify({ ...report, planned: report.planned.slice(0, 2) })}`,
    );
  }
  return report;
};
const timed = async (house: House): Promise<number> => {
  const started = performance.now();
  await once(house);
  return performance.now() - started;
};

const house = await openHouse(config);
const firstTurnMs = await timed(house);
if (only === 'restart') {
  process.stdout.write(`${JSON.stringify({ rssMiB: process.memoryUsage().rss / (1 << 20) })}\n`);
  process.exit(0);
}
const quietTurnMs = await medianMs(20, () => once(house));
const rssMiB = process.memoryUsage().rss / (1 << 20);
const changed: number[] = [];
for (let index = 0; index < 5; index++) {
  commitOne(index);
  changed.push(await timed(house));
}
await house.close();
const again = await openHouse(config);
const restartTurnMs = await timed(again);
await again.close();
const lsRemoteMs = await medianMs(10, () =>
  execFileSync('git', ['ls-remote', bare], { stdio: ['ignore', 'pipe', 'inherit'] }),
);
const measured: Measured = {
  firstTurnMs,
  quietTurnMs,
  changedTurnMs: changed.sort((left, right) => left - right)[2] ?? 0,
  restartTurnMs,
  rssMiB,
  lsRemoteMs,
};
process.stdout.write(`${JSON.stringify(measured)}\n`);

/** A person changes a label of one certificate. */
function commitOne(index: number): void {
  const text = certificateText(index).replace('env: prod', `env: test-${String(index)}`);
  const file = join(data, 'stream');
  const path = `inventory/certificates/team-${String(index)}/service-${String(index)}.yaml`;
  writeFileSync(
    file,
    `commit refs/heads/main\ncommitter bench <bench@example.com> ${String(1_790_000_100 + index)} +0000\ndata 6\nchange\nfrom refs/heads/main^0\nM 100644 inline ${path}\ndata ${String(Buffer.byteLength(text))}\n${text}\n\n`,
  );
  execFileSync('sh', ['-c', 'git -C "$1" fast-import --quiet < "$2"', 'sh', bare, file]);
}
