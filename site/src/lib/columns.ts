/** The form of `data/inventory.*.json`: one array a column, words by their number in a dictionary, days as numbers. Version 1. */
export interface InventoryColumns {
  readonly version: 1;
  /** Commit of the state branch, and the instant of the build. */
  readonly state: string;
  readonly at: string;
  /** Length of every column. Rows are in the order of need: those that need a person first. */
  readonly total: number;
  readonly dictionaries: {
    readonly [
      Name in
        | 'status'
        | 'team'
        | 'environment'
        | 'issuer'
        | 'algorithm'
        | 'endpoint'
        | 'served'
        | 'code'
        | 'policy'
        | 'origin'
    ]: readonly string[];
  };
  readonly columns: {
    readonly name: readonly string[];
    /** Numbers into the dictionaries. */
    readonly team: readonly number[];
    readonly status: readonly number[];
    readonly environment: readonly number[];
    readonly issuer: readonly number[];
    readonly algorithm: readonly number[];
    readonly served: readonly number[];
    readonly origin: readonly number[];
    readonly endpoints: readonly (readonly number[])[];
    /** Codes of its findings, and policies whose rules it breaks or is excepted from. */
    readonly codes: readonly (readonly number[])[];
    readonly policies: readonly (readonly number[])[];
    /** Days since 1970-01-01 UTC; null for none. */
    readonly since: readonly (number | null)[];
    readonly expires: readonly (number | null)[];
    readonly renews: readonly (number | null)[];
    /** Names with spaces between, the first `limits.site.searchNamesMax`. */
    readonly names: readonly string[];
    readonly nameCount: readonly number[];
    /** How many endpoints there are, of which `endpoints` has the first `limits.site.searchNamesMax`. */
    readonly endpointCount: readonly number[];
    /** 1: the declaration is gone, the certificate is only watched. */
    readonly withdrawn: readonly (0 | 1)[];
    /** 1: it has a page of its own. 0: `/certificates/view/#team/name` shows it. */
    readonly page: readonly (0 | 1)[];
  };
}
