/** Solver for HTTP-01 through the web server that already answers: the answer is a file below its own directory, written over the target. */
import type { Solver } from '../ports/solver.ts';
import type { WebrootWriter } from '../ports/target.ts';

/** A solver that writes below `webroot` on `target`. */
export function createWebrootSolver({
  target,
  webroot,
}: {
  readonly target: WebrootWriter;
  readonly webroot: string;
}): Solver {
  return {
    types: ['http-01'],
    present: (challenge, signal) =>
      target.writeWebroot(webroot, challenge.token, challenge.keyAuthorization, signal),
    cleanUp: (challenge, signal) => target.removeWebroot(webroot, challenge.token, signal),
  };
}
