/** What judging the intent branch works with. The daemon gives its world and memory, an auditor a clock of the records and a journal that keeps nothing. */
import type { Desired } from '../core/model.ts';
import type { AppliedChange } from './in-force.ts';
import type { IntentSource } from './intent.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

/** What a state of the files declares, with what is broken kept as it was. */
export type Build = (commit: string, files: AppliedChange['files']) => Desired;

/** Takes a state as the one in force: journal first, then memory. */
export type Take = (applied: AppliedChange, desired: Desired, commit: string) => void;

/** The part of the world that judging needs: an auditor gives a journal that keeps nothing and the clock of the records. */
export interface JudgingWorld extends Pick<World, 'now' | 'log'> {
  readonly journal: Pick<
    World['journal'],
    'append' | 'setFact' | 'saveSource' | 'atomically' | 'keep' | 'letGo' | 'kept'
  >;
}

/** The part of memory that judging reads and changes. */
export type JudgingMemory = Pick<
  Memory,
  'accepted' | 'desired' | 'held' | 'notKept' | 'openReviews' | 'changeRecords'
>;

/** One walk along the branch. */
export interface Judging {
  readonly world: JudgingWorld;
  readonly intent: Pick<IntentSource, 'repository' | 'reader' | 'files' | 'trust'>;
  readonly memory: JudgingMemory;
  readonly build: Build;
  readonly take: Take;
}
