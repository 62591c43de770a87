/**
 * When turns happen: by the clock, when something falls due, and sooner when somebody hints (webhook, SIGHUP). One turn at a time;
 * a hint during a turn means one more after it. It knows nothing of what a turn does.
 */
import { limits } from '../limits.ts';

/** What one round tells about the next. */
export interface Round {
  /** UTC epoch ms at which something falls due; null when nothing does. */
  readonly nextDueAt: number | null;
}

export interface Loop {
  /** "Take a turn soon." Returns at once; safe at any time, any number of times. */
  readonly hint: (why: string) => void;
  /** Resolves when `stop` has fired and the round under way has ended. Rejects when a round rejects. */
  readonly done: Promise<void>;
}

/** Starts the loop: the first round runs at once. `round` gets the reason it was called for. */
export function startLoop(options: {
  readonly round: (why: string) => Promise<Round>;
  readonly pollIntervalMs: number;
  readonly now: () => number;
  readonly stop: AbortSignal;
}): Loop {
  const { round, pollIntervalMs, now, stop } = options;
  let hinted: string | null = 'start';
  let wake: (() => void) | null = null;
  const call = (): void => {
    wake?.();
  };
  stop.addEventListener('abort', call);
  const run = async (): Promise<void> => {
    while (!stop.aborted) {
      const why = hinted ?? 'time';
      hinted = null;
      const { nextDueAt } = await round(why);
      if (stop.aborted) return;
      if (hinted !== null) continue;
      const untilDue = nextDueAt === null ? pollIntervalMs : nextDueAt - now();
      const waitMs = Math.max(limits.turn.pauseMinMs, Math.min(pollIntervalMs, untilDue));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = null;
    }
  };
  return {
    hint: (why) => {
      hinted = why;
      call();
    },
    done: run(),
  };
}
