/**
 * A process that runs turns until nothing is left to do and ends itself with SIGKILL at the crash point whose number it is given (0: never).
 * It is started by `crash.test.ts`: `victim.ts <configuration as JSON file> <number>`. Prints the names of the points it passed.
 */
import { readFileSync, writeSync } from 'node:fs';
import type { Config } from '../../daemon/config.ts';
import { turnsUntilQuiet } from '../../daemon/commands/once.ts';
import { openHouse } from './estate.ts';

const [, , file, number] = process.argv;
const config = JSON.parse(readFileSync(file ?? '', 'utf8')) as Config;
const fatal = Number(number);
let passed = 0;

const house = await openHouse(config, {
  crashPoint: (name) => {
    passed++;
    writeSync(1, `${name}\n`);
    if (passed === fatal) process.kill(process.pid, 'SIGKILL');
  },
});
const reports = await turnsUntilQuiet(house, new AbortController().signal);
for (const report of reports) {
  for (const trouble of report.troubles) process.stderr.write(`${trouble.code}: ${trouble.message}\n`);
  for (const { action, failure } of report.outcomes) {
    if (failure !== null)
      process.stderr.write(`${action.installation}: ${failure.step}: ${failure.message}\n`);
  }
}
await house.close();
