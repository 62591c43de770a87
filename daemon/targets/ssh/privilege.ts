/** How an endpoint of type `ssh` comes by the rights it needs, as its declaration says. Data only. */

export interface Privilege {
  readonly mode: 'direct' | 'helper';
  /** Where the script of mode helper is installed. */
  readonly path: string;
}

const installedAt = '/usr/local/sbin/renewd-endpoint';

/** From a configuration that fits the schema: `direct`, and the usual place, where it does not say. Pure. */
export function privilegeOf({ privilege }: { readonly privilege?: unknown }): Privilege {
  const said: object = typeof privilege === 'object' && privilege !== null ? privilege : {};
  return {
    mode: 'mode' in said && said.mode === 'helper' ? 'helper' : 'direct',
    path: 'path' in said && typeof said.path === 'string' ? said.path : installedAt,
  };
}
