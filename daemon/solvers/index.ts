/** Which solver a declaration selects. One line each. */
import type { Issuer as IssuerSpec } from '../core/model.ts';
import type { Log } from '../ports/plugin.ts';
import type { Solver } from '../ports/solver.ts';
import type { Target, WebrootWriter } from '../ports/target.ts';
import { createResponder } from './standalone.ts';
import { createWebrootSolver } from './webroot.ts';

export interface Solvers {
  /** How control of names is shown for what is installed at `target`; null when the issuer needs or offers none. */
  readonly solverFor: (spec: IssuerSpec, target: Target & Partial<WebrootWriter>) => Solver | null;
  readonly close: () => Promise<void>;
}

/** Makes the solvers of one process. */
export function createSolvers({ log }: { readonly log: Log }): Solvers {
  const responder = createResponder({ log });
  return {
    solverFor: (spec, target) => {
      const challenge = (spec.config['challenge'] ?? {}) as {
        readonly type?: string;
        readonly path?: string;
        readonly listen?: string;
      };
      if (challenge.type === 'standalone') {
        const listen = challenge.listen ?? '0.0.0.0:80';
        const colon = listen.lastIndexOf(':');
        return responder.solverAt(
          listen.slice(0, colon).replace(/^\[|\]$/g, ''),
          Number(listen.slice(colon + 1)),
        );
      }
      const { writeWebroot, removeWebroot } = target;
      if (
        challenge.type !== 'webroot' ||
        challenge.path === undefined ||
        writeWebroot === undefined ||
        removeWebroot === undefined
      )
        return null;
      return createWebrootSolver({ target: { writeWebroot, removeWebroot }, webroot: challenge.path });
    },
    close: responder.close,
  };
}
