/** The shape of a plug-in: one file exports one of these; the list is explicit in the folder's `index.ts`. */

import type { SecretDestination } from '../core/secret-binding.ts';

/** What the shell hands to every plug-in: nothing else of the program is reachable from one. */
export interface Tools {
  /** The only clock a plug-in may read. UTC epoch ms. */
  readonly now: () => number;
  /**
   * Opens the secret that the declaration of `user` names, to be sent to `to` and nowhere else; the use is that of the plug-in's room.
   * Throws OperationError `secret-refused` where the operator's configuration binds it otherwise, `secret-unavailable`.
   */
  readonly secret: (name: string, user: string, to: SecretDestination) => Promise<Secret>;
  /** Socket of the SSH agent for a log-in at `to`. Throws OperationError `secret-refused`, `ssh-auth` without an agent. */
  readonly agentSocket: (user: string, to: SecretDestination) => Promise<string>;
  /** A directory of this plug-in's own under the data directory, mode 0700; created on first use. */
  readonly directory: (name: string) => Promise<string>;
  /**
   * What the daemon itself ever published at this path of the records (`issuers/internal/root.pem`), the newest version: not what stands at the tip, where
   * anybody who may push can put or take away things. IO: asks the Git server. For what must not be made twice, when this machine knows of none. Throws the
   * OperationError of the repository: not to know is no leave to make another.
   */
  readonly published: (path: string) => Promise<PublishedRecord>;
  /** Private keys the daemon itself must hold (ACME accounts, the embedded CA), encrypted at rest. */
  readonly custody: Custody;
  readonly log: Log;
}

/** What was published at one path of the records. */
export interface PublishedRecord {
  /** The newest text that a key which counts signed; null when there is none. */
  readonly text: string | null;
  /** With no such text: why one may have been there all the same, as a sentence without its end; null when it is certain that none was. */
  readonly unsure: string | null;
}

/** A secret value. It shows as `[secret]` wherever it is printed; only `reveal()` gives the text. */
export interface Secret {
  readonly reveal: () => string;
  readonly toString: () => string;
  readonly toJSON: () => string;
}

/** Keys at rest: age-encrypted files, written whole or not at all (temporary file, fsync, rename). */
export interface Custody {
  /** The PEM stored under this name (`[a-z0-9./-]`), or null when nothing is. Throws `secret-unavailable` if it cannot be decrypted. */
  readonly read: (name: string) => Promise<string | null>;
  /** Stores the PEM; safe to repeat. */
  readonly write: (name: string, pem: string) => Promise<void>;
}

/** Structured log. Values pass a redactor; give secrets as `Secret`, never as text. */
export interface Log {
  readonly debug: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly info: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly error: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

/** A JSON Schema, as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Plugin<Port> {
  /** The value of `spec.type` that selects it. */
  readonly kind: string;
  /** Schema of the whole `spec` object; checked before `create`. */
  readonly schema: JsonSchema;
  /** Does no IO. `name` is the resource's `metadata.name`. */
  readonly create: (name: string, config: Readonly<Record<string, unknown>>, tools: Tools) => Port;
}
