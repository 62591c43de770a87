/** What every kind of declaration must say of itself. A kind that leaves a question open does not compile. Types only. */
import type { Declared, Desired } from '../../core/model.ts';
import type { Resource } from '../../core/parsed-document.ts';
import type { JsonSchema } from '../../ports/plugin.ts';
import type { CheckedDocument, Place } from '../convert.ts';
import type { PluginSchemas } from '../schemas/index.ts';

export type KindName = Resource['kind'];
export type ResourceOf<K extends KindName> = Extract<Resource, { readonly kind: K }>;

export interface Kind<K extends KindName> {
  readonly kind: K;
  /**
   * Where its documents stand. Who may approve what is said by folder: a Profile, which is a list of commands, must not come in through the
   * folder of somebody who may only request certificates.
   */
  readonly folder: `inventory/${string}/` | 'policies/';
  /** A name of the file that fits whatever the resource is called: for a kind of which one document counts. */
  readonly fileName?: string;
  /** `keep`: what can no longer be read stays as it was last accepted. `drop`: it is gone until it is fixed, which must harm nobody. */
  readonly whenBroken: 'keep' | 'drop';
  /** Whether it decides over changes or certificates: bound by the hash of a plan, and nothing new is issued while it was never read. */
  readonly governs: boolean;
  readonly schema: (plugins: PluginSchemas) => JsonSchema;
  /** The resource a checked document declares. Complains where a value cannot be meant; the caller then drops the document. */
  readonly convert: (declared: Declared, document: CheckedDocument, place: Place) => ResourceOf<K>;
  /** Those in a state, by id. */
  readonly of: (desired: Desired) => ReadonlyMap<string, ResourceOf<K>>;
  /** The state with these in place of its own. */
  readonly put: (desired: Desired, all: ReadonlyMap<string, ResourceOf<K>>) => Desired;
}
