/** Git objects as bytes: their types, their ids (SHA-1), and the failure that says one is damaged or missing. */
import { createHash } from 'node:crypto';
import { OperationError } from '../ports/failure.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

/** The tree without entries: every Git knows it, no repository need hold it. */
export const emptyTreeOid = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** The id of an object: SHA-1 over its header and bytes, in lower-case hex. Pure. */
export function objectOid(type: ObjectType, bytes: Uint8Array): string {
  return createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
}

/** True for 40 lower-case hex digits. */
export function isOid(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The failure for bytes in the mirror or repository that cannot be right. Disposition `retry`: a mirror is discarded and fetched anew. */
export function corrupt(message: string, cause?: unknown): OperationError {
  return new OperationError('git-corrupt', message, {
    disposition: 'retry',
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * The failure for an object that breaks the grammar of Git, or a bound of ours. Not `git-corrupt`: a new copy would hold the same object, so nothing is
 * fetched anew; it is what somebody pushed.
 */
export function malformed(message: string): OperationError {
  return new OperationError('git-malformed', message, { disposition: 'stall', endsWhen: ['repository'] });
}

/** The failure for a sound object that brings more than a bound of ours. Unlike what is malformed it can be named, refused and left behind: what comes on top of it can be compared with it. */
export function tooLarge(message: string): OperationError {
  return new OperationError('git-too-large', message, { disposition: 'stall', endsWhen: ['repository'] });
}

/**
 * Runs something that reads files of a repository. Whatever it throws becomes `git-corrupt`: bytes that were damaged in any way (an index that points outside, a
 * folder where a pack should be, a disk that fails) are a damaged copy, never the end of the process.
 */
export function readingFiles<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw corrupt(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}
