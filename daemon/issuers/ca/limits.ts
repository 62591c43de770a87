/** What the declaration of an embedded CA does not let it issue. Reads nothing. */
import { parseDuration } from '../../core/duration.ts';
import type { IssuerLimits } from '../../core/model.ts';

/** Lifetime of what it issues where its declaration does not say, in ms: 90 days, as public CAs gave when this was written. */
export const defaultLifetimeMs = 90 * 86_400_000;

/** From a configuration that fits the schema. Ranges that are none hold no address. */
export function caLimits(config: Readonly<Record<string, unknown>>): IssuerLimits {
  const { lifetime } = config;
  return {
    lifetimeMaxMs: (typeof lifetime === 'string' ? parseDuration(lifetime) : null) ?? defaultLifetimeMs,
    domains: texts(config['permittedDnsNames']),
    ipRanges: texts(config['permittedIpRanges']),
    noWildcards: null,
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
