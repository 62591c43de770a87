/** What a repository stands on: a directory on this machine, or a mirror of a server. `repository.ts` asks only this. */
import type { ObjectStore } from './object-store.ts';
import type { BuiltPack } from './pack-write.ts';

/** One try of a push: the tip was read, nothing else has happened. */
export interface PushSession {
  readonly tip: string | null;
  /** Stores the pack and moves the reference from `tip` to `commit`. @throws OperationError `git-push-race`, `git-push-denied`, `git-auth`, `git-unavailable` */
  readonly push: (commit: string, pack: BuiltPack) => Promise<void>;
  readonly close: () => void;
}

export interface Backend {
  /** Where it is, without credentials, for messages. */
  readonly place: string;
  readonly store: () => ObjectStore;
  /** Commits whose parents are not here on purpose (shallow). */
  readonly shallow: () => ReadonlySet<string>;
  /** As `Repository.advertise`. */
  readonly advertise: (
    signal: AbortSignal,
    wanted: readonly string[],
  ) => Promise<ReadonlyMap<string, string>>;
  /** Brings what the references lead to into the store. */
  readonly fetch: (refs: readonly string[], signal: AbortSignal) => Promise<void>;
  /** The id of a reference as last fetched (mirror) or as it is (local). */
  readonly resolve: (ref: string) => string | null;
  readonly openPush: (ref: string, signal: AbortSignal) => Promise<PushSession>;
  /** Throws the copy away and fetches again; null when there is no copy to throw away. */
  readonly renew: ((signal: AbortSignal) => Promise<void>) | null;
  readonly close: () => void;
}
