/** What the reader of declarations hands to core: typed resources with their places, references not yet resolved. */
import type {
  Certificate,
  ChangeControl,
  CustomRule,
  DocumentProblem,
  Endpoint,
  Issuer,
  Offer,
  Policy,
  PolicyPack,
  Profile,
  Program,
  Team,
  Waiver,
} from './model.ts';

/** One declared thing, its `spec` checked against its schema. Profile parameters of installations are as written. */
export type Resource =
  | Team
  | Issuer
  | Endpoint
  | Certificate
  | Policy
  | PolicyPack
  | CustomRule
  | Waiver
  | ChangeControl
  | Offer
  | Program
  | Profile;

/** One file of declarations, as it counts: where its newest content cannot be used, with the documents of the last one that could. */
export interface ParsedFile {
  readonly path: string;
  /** Object id of its newest content, also where that cannot be used; a document says by its own `blob` where it comes from. */
  readonly oid: string;
  /** What stands there where it is no regular file: the mode of the entry. */
  readonly mode?: string;
  readonly documents: readonly Resource[];
  readonly problems: readonly DocumentProblem[];
}
