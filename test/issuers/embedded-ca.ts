/** An embedded CA in a home of its own, as tests open it: `internal`, for example.com and 10.0.0.0/8, 47 days. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openCustody } from '../../daemon/custody/custody.ts';
import { ca } from '../../daemon/issuers/ca.ts';
import type { Issuer, Publisher } from '../../daemon/ports/issuer.ts';
import type { Tools } from '../../daemon/ports/plugin.ts';

export const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** What the daemon gives an issuer, below `home`. */
export async function tools(home: string, now: () => number = Date.now): Promise<Tools> {
  const custody = await openCustody({ directory: join(home, 'custody'), identity: null, log: silent });
  return {
    now,
    secret: () => Promise.reject(new Error('no secrets')),
    agentSocket: () => Promise.reject(new Error('no agent')),

    published: () => Promise.resolve({ text: null, unsure: null }),
    directory: async (name) => {
      const path = join(home, 'issuers', name);
      await mkdir(path, { recursive: true });
      return path;
    },
    custody,
    log: silent,
  };
}

export const config = {
  type: 'ca',
  organization: 'Example, Trading',
  permittedDnsNames: ['example.com'],
  permittedIpRanges: ['10.0.0.0/8'],
  lifetime: '47d',
};
/** Opens it, or opens it again where its home is known. */
export const open = async (
  home: string,
  now?: () => number,
  changes: Record<string, unknown> = {},
): Promise<Issuer & Publisher> => ca.create('internal', { ...config, ...changes }, await tools(home, now));
