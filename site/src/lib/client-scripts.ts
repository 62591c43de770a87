/** The scripts that pages may load beside the reading script: one file each in `site/src/client/`. */
export const clientScripts = ['inventory', 'view', 'not-found', 'request'] as const;
export type ClientScript = (typeof clientScripts)[number];
