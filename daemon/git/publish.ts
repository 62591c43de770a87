/** One commit on a branch by compare-and-swap: read the tip, edit, sign, push; on a lost race read and edit again. Nothing is ever forced. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RecordText } from '../core/record-text.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Backend, PushSession } from './backend.ts';
import { renderCommit, withSignature } from './commit.ts';
import { readOnLine } from './history.ts';
import { emptyTreeOid } from './object.ts';
import { createPackWriter, type BuiltPack } from './pack-write.ts';
import { isAncestor } from './ranges.ts';
import { editTree } from './tree-edit.ts';

export interface CommitSigner {
  /** The public key as a line of OpenSSH: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  /** Armored SSH signature (PROTOCOL.sshsig), namespace `git`. */
  readonly sign: (payload: Uint8Array) => Promise<string>;
}

export interface PublishRequest {
  /** Full name: `refs/heads/…`. */
  readonly ref: string;
  /** Path to text (null deletes) for the given tip; called again for each new tip. Throwing ends the publish. */
  readonly edit: (tip: string | null) => Promise<ReadonlyMap<string, RecordText | null>>;
  /** Subject and body, without trailers. */
  readonly message: (edits: ReadonlyMap<string, RecordText | null>) => RecordText;
  readonly trailers: readonly (readonly [key: string, value: RecordText])[];
  readonly author: { readonly name: string; readonly email: string };
  /** UTC epoch ms; a commit is never older than its parent, unless that one is dated in the future. */
  readonly at: number;
  readonly signer: CommitSigner | null;
}

export type PublishOutcome =
  | { readonly state: 'published'; readonly commit: string }
  | { readonly state: 'unchanged'; readonly tip: string | null };

/**
 * Publishes `request`. IO. Safe to repeat: equal bytes make no commit, and a push whose answer was lost is recognised by its commit.
 * @throws OperationError `git-push-race` after all attempts, `git-push-denied`, `git-auth`, `git-unavailable`, `git-corrupt`
 */
export async function publishCommit(
  backend: Backend,
  request: PublishRequest,
  signal: AbortSignal,
): Promise<PublishOutcome> {
  let sent: string | null = null;
  let lost: OperationError | null = null;
  for (let attempt = 0; attempt < limits.git.pushAttemptsMax; attempt++) {
    if (attempt > 0) await pauseAfter(attempt, signal);
    const session: PushSession = await backend.openPush(request.ref, signal);
    try {
      const { tip } = session;
      if (tip !== null && !backend.store().has(tip)) await backend.fetch([request.ref], signal);
      const history = { store: backend.store(), shallow: () => backend.shallow() };
      if (sent !== null && tip !== null && (await isAncestor(history, sent, tip))) {
        return { state: 'published', commit: sent };
      }
      const made = await prepare(backend, request, tip);
      if (made === null) return { state: 'unchanged', tip };
      sent = made.commit;
      await session.push(made.commit, made.pack);
      return { state: 'published', commit: made.commit };
    } catch (error) {
      if (!(error instanceof OperationError) || !mayHaveLanded(error, sent)) throw error;
      lost = error;
    } finally {
      session.close();
    }
  }
  throw lost ?? new Error('a publish ended without a verdict');
}

/** A lost race is tried again; so is a push whose answer did not arrive, because it may have landed. */
function mayHaveLanded(error: OperationError, sent: string | null): boolean {
  return error.code === 'git-push-race' || (error.code === 'git-unavailable' && sent !== null);
}

async function prepare(
  backend: Backend,
  request: PublishRequest,
  tip: string | null,
): Promise<{ readonly commit: string; readonly pack: BuiltPack } | null> {
  const store = backend.store();
  // Whoever may push can leave a commit there that breaks the grammar: ours goes on top of it like on any other.
  const parent = tip === null ? null : readOnLine(store, tip);
  const edits = await request.edit(tip);
  const pack = createPackWriter();
  const tree = editTree(store, parent?.tree ?? null, edits, pack) ?? pack.add('tree', new Uint8Array());
  if (tree === (parent?.tree ?? emptyTreeOid)) return null;
  const raw = renderCommit({
    tree,
    parents: tip === null ? [] : [tip],
    author: request.author,
    at: dateAfter(request.at, parent?.committer.at ?? 0),
    message: request.message(edits),
    trailers: request.trailers,
  });
  const signed = request.signer === null ? raw : withSignature(raw, await request.signer.sign(raw));
  const commit = pack.add('commit', signed);
  const built = pack.build();
  if (built === null) throw new Error('a pack with a commit is not empty');
  return { commit, pack: built };
}

/** Not before the parent, unless the parent is dated in the future: whoever pushed that must not date our commits. */
function dateAfter(at: number, parentAt: number): number {
  return parentAt > at + limits.clock.skewMaxMs ? at : Math.max(at, parentAt);
}

/** Full jitter, so that writers that collided do not collide again. */
async function pauseAfter(attempt: number, signal: AbortSignal): Promise<void> {
  const most = Math.min(limits.git.pushPauseMs * 2 ** attempt, limits.git.pushPauseMaxMs);
  await pause(Math.random() * most, undefined, { signal });
}
