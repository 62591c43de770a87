/** What an audit says: one line a claim, with what it rests on. Values only. */

/**
 * `proved`: follows from the clone alone. `attested`: only the daemon saw it; its signature stands for it. `assumed`: taken on trust, named so that somebody can
 * check it elsewhere. `unproven`: claimed, and the evidence is not there. `failed`: the evidence says otherwise.
 */
export type ClaimVerdict = 'proved' | 'attested' | 'assumed' | 'unproven' | 'failed';

export interface Claim {
  /** What it is about: a commit, a certificate, the records. */
  readonly subject: string;
  readonly claim: string;
  readonly verdict: ClaimVerdict;
  /** The evidence, or what is missing. */
  readonly detail: string;
}

/** Collects claims in the order they were examined. */
export interface Claims {
  readonly add: (subject: string, claim: string, verdict: ClaimVerdict, detail: string) => void;
  /** `proved` where `holds`, otherwise `failed`. */
  readonly prove: (subject: string, claim: string, holds: boolean, detail: string) => void;
  readonly all: () => readonly Claim[];
}

/** An empty list. */
export function collectClaims(): Claims {
  const list: Claim[] = [];
  const add: Claims['add'] = (subject, claim, verdict, detail) => {
    list.push({ subject, claim, verdict, detail });
  };
  return {
    add,
    prove: (subject, claim, holds, detail) => {
      add(subject, claim, holds ? 'proved' : 'failed', detail);
    },
    all: () => list,
  };
}
