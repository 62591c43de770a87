/** What differs between two declarations of one certificate, field by field, in words. Pure. */
import { durationText } from './duration.ts';
import type { Certificate, Installation } from './model.ts';
import { timestamp } from './timestamp.ts';

export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** Every field that differs; the order is fixed. Empty: the same declaration, whatever its layout. */
export function differingFields(before: Certificate, after: Certificate): readonly FieldChange[] {
  const fields: FieldChange[] = [];
  const compare = (field: string, old: string, next: string): void => {
    if (old !== next) fields.push({ field, before: old, after: next });
  };
  compare('names', namesOf(before), namesOf(after));
  compare('key', before.key.algorithm, after.key.algorithm);
  compare('issuer', before.issuer, after.issuer);
  compare('usages', [...before.usages].sort().join(', '), [...after.usages].sort().join(', '));
  compare('lifetime', lifetimeOf(before), lifetimeOf(after));
  compare('reissue', reissueOf(before), reissueOf(after));
  compare('renewAt', String(before.renewAtFraction ?? 'default'), String(after.renewAtFraction ?? 'default'));
  compare('drift', before.drift, after.drift);
  compare('state', before.state, after.state);
  compare('labels', labelsOf(before), labelsOf(after));
  compare('installations', installationsOf(before), installationsOf(after));
  return fields;
}

function namesOf({ dnsNames, ipAddresses }: Certificate): string {
  return [...dnsNames, ...ipAddresses].sort().join(', ');
}

function lifetimeOf({ lifetimeMs }: Certificate): string {
  return lifetimeMs === null ? 'left to the issuer' : durationText(lifetimeMs);
}

function reissueOf({ reissue }: Certificate): string {
  return reissue === undefined
    ? 'none'
    : `what was issued before ${timestamp(reissue.before)}: ${reissue.because}`;
}

function labelsOf({ labels }: Certificate): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(', ');
}

function installationsOf({ installations }: Certificate): string {
  return installations.map(installationText).sort().join('; ');
}

function installationText({ endpoint, profile, parameters, serves }: Installation): string {
  const set = Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const seen = serves.map((each) => `${each.host}:${String(each.port)}/${each.serverName}`).sort();
  return [endpoint, profile, ...set, ...seen].join(' ');
}
