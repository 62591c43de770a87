/** Whom a selector means, in words. Pure. */
import type { Selector } from '../../daemon/core/governance.ts';

/** `certificates of team web with env=prod`; `every certificate` for a selector that says nothing. */
export function selectorWords({ teams, labels, issuers, certificates }: Selector): string {
  if (certificates.length > 0) return certificates.join(', ');
  const parts = [
    teams.length === 0 ? '' : `of ${teams.length === 1 ? 'team' : 'teams'} ${teams.join(', ')}`,
    issuers.length === 0 ? '' : `from ${issuers.join(', ')}`,
    Object.keys(labels).length === 0
      ? ''
      : `with ${Object.entries(labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(', ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'every certificate' : `certificates ${parts.join(' ')}`;
}
