/** `renewd codeowners`: the CODEOWNERS file that teams and change control ask for. */
import { resolve } from 'node:path';
import { codeowners as render, codeownersMark } from '../core/codeowners.ts';
import { exitOf } from '../exit-codes.ts';
import { checkDirectory } from './check-directory.ts';
import { presentIn } from './codeowners-file.ts';
import type { Command } from './command.ts';
import { writeInside } from './write-inside.ts';

export const codeowners: Command = {
  name: 'codeowners',
  summary: 'print CODEOWNERS from teams and change control, or write it',
  positionals: '[dir]',
  positionalsMax: 1,
  about:
    'Makes CODEOWNERS from the handles of the teams (inventory/teams) and the paths of the ChangeControl (policies), so that the forge asks those for review whom the daemon will ask. With --write it replaces the file that renewd wrote before, or writes CODEOWNERS; a file somebody wrote by hand is left alone. renewd check warns when it is out of date. Exit code 0, 1 if a file written by hand stands in the way.',
  options: { write: { type: 'boolean', description: 'write the file instead of printing it' } },
  examples: ['renewd codeowners', 'renewd codeowners --write'],
  run: ({ flags, positionals, out, err }) => {
    const directory = resolve(positionals[0] ?? '.');
    const text = render(checkDirectory(directory).desired);
    if (flags['write'] !== true) {
      out.write(text);
      return Promise.resolve(exitOf('ok'));
    }
    const found = presentIn(directory);
    if (found !== null && !found.text.startsWith(codeownersMark)) {
      err.write(
        `${found.path} was written by hand and is left alone; remove it, or take over its lines: renewd codeowners\n`,
      );
      return Promise.resolve(exitOf('findings'));
    }
    const path = found?.path ?? 'CODEOWNERS';
    writeInside(directory, path, text, 'replace');
    out.write(`wrote ${path}\n`);
    return Promise.resolve(exitOf('ok'));
  },
};
