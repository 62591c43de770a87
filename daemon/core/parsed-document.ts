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

/** One file of declarations. A mistake in one document leaves the others in place. */
export interface ParsedFile {
  readonly path: string;
  /** Object id of the blob. */
  readonly oid: string;
  readonly documents: readonly Resource[];
  readonly problems: readonly DocumentProblem[];
}
