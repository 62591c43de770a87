/** Whom a selector means, in words. Pure. */
import type { Selector } from '../../daemon/core/governance.ts';

/** `certificates of team web with env=prod`; `every certificate` for a selector that says nothing. */
export function selectorWords(selector: Selector): string {
  const { teams, labels, issuers, certificates } = selector;
  const { teamLabels = {}, endpointLabels = {}, endpoints = [], dnsNames = [] } = selector;
  if (certificates.length > 0) return certificates.join(', ');
  const parts = [
    teams.length === 0 ? '' : `of ${teams.length === 1 ? 'team' : 'teams'} ${teams.join(', ')}`,
    issuers.length === 0 ? '' : `from ${issuers.join(', ')}`,
    Object.keys(labels).length === 0 ? '' : `with ${pairs(labels)}`,
    Object.keys(teamLabels).length === 0 ? '' : `of teams with ${pairs(teamLabels)}`,
    Object.keys(endpointLabels).length === 0 ? '' : `on endpoints with ${pairs(endpointLabels)}`,
    endpoints.length === 0 ? '' : `on ${endpoints.join(', ')}`,
    dnsNames.length === 0 ? '' : `for ${dnsNames.join(', ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'every certificate' : `certificates ${parts.join(' ')}`;
}

function pairs(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
