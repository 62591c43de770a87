// Starts a TypeScript file of this project, after saying plainly when the running Node cannot. Plain JavaScript on purpose:
// an older Node must be able to read it. `npm run` finds the pinned Node first; elsewhere the system's is used.
import module from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `renewd needs Node 24.12 or newer and this is ${process.versions.node}.\n` +
      'On Linux x64 and arm64 "npm ci" brings the right one: start renewd with "npm run -s renewd -- <command>" or bin/renewd.\n' +
      'Elsewhere install Node 24 LTS.\n',
  );
  process.exit(78);
}
// What was compiled once is kept for this user alone: a start takes half the time. Without a home there is no cache; a shared one could be written by others.
const cache =
  process.env.XDG_CACHE_HOME ??
  (process.env.HOME === undefined ? undefined : join(process.env.HOME, '.cache'));
if (cache !== undefined && process.env.NODE_COMPILE_CACHE === undefined)
  module.enableCompileCache?.(join(cache, 'renewd'));
const [, , file, ...rest] = process.argv;
process.argv.splice(1, process.argv.length - 1, resolve(file), ...rest);
await import(pathToFileURL(resolve(file)).href);
