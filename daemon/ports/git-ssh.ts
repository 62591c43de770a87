/** What the Git room needs from SSH: one exec channel per Git service. Implemented by the ssh room, called only by the git room. */
import type { SaidText } from '../core/record-text.ts';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

export interface GitSshLocation {
  /** null: the URL names no user; the implementation chooses (`git` is what forges use). */
  readonly user: string | null;
  readonly host: string;
  /** null: 22. */
  readonly port: number | null;
  /** As it stands in the URL; never quoted yet. The implementation quotes it for the remote shell. */
  readonly path: string;
}

export interface GitSshChannel {
  /** Standard output of the service. Ends when the service ends. */
  readonly readable: AsyncIterable<Uint8Array>;
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Ends the service's standard input. */
  readonly endInput: () => Promise<void>;
  /** Resolves when the service has ended; never rejects. `stderr` is bounded by the implementation. */
  readonly exit: Promise<{ readonly code: number; readonly stderr: SaidText }>;
  /** Ends the channel now; safe to repeat. */
  readonly close: () => void;
}

/**
 * Runs `<service> '<path>'` on the host with a verified host key. MUST honour `signal`, MUST NOT retry inside.
 * @throws OperationError `ssh-unreachable`, `ssh-auth`, `ssh-host-key`, `ssh-timeout`
 */
export type GitSshConnect = (
  url: GitSshLocation,
  service: GitService,
  signal: AbortSignal,
) => Promise<GitSshChannel>;
