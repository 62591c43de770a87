/** Every kind of declaration, in the order people meet them. What must hold for every kind loops over this list. */
import type { Declared } from '../../core/model.ts';
import type { Resource } from '../../core/parsed-document.ts';
import type { JsonSchema } from '../../ports/plugin.ts';
import type { CheckedDocument, Place } from '../convert.ts';
import type { PluginSchemas } from '../schemas/index.ts';
import { certificateKind } from './certificate.ts';
import { changeControlKind } from './change-control.ts';
import { endpointKind } from './endpoint.ts';
import { issuerKind } from './issuer.ts';
import type { Kind, KindName } from './kind.ts';
import { offerKind } from './offer.ts';
import { policyKind } from './policy.ts';
import { policyPackKind } from './policy-pack.ts';
import { profileKind } from './profile.ts';
import { programKind } from './program.ts';
import { ruleKind } from './rule.ts';
import { teamKind } from './team.ts';
import { waiverKind } from './waiver.ts';

export type { Kind, KindName, ResourceOf } from './kind.ts';

/** One entry a kind of `Resource`: one that is missing does not compile. */
export const kinds: { readonly [K in KindName]: Kind<K> } = {
  Team: teamKind,
  Issuer: issuerKind,
  Endpoint: endpointKind,
  Certificate: certificateKind,
  Policy: policyKind,
  PolicyPack: policyPackKind,
  Rule: ruleKind,
  Waiver: waiverKind,
  ChangeControl: changeControlKind,
  Offer: offerKind,
  Program: programKind,
  Profile: profileKind,
};

/** All of them, for what treats every kind alike. */
export const allKinds = Object.values(kinds) as readonly Kind<KindName>[];

/** Kind to its complete JSON Schema. Pure. */
export function kindSchemas(plugins: PluginSchemas): ReadonlyMap<string, JsonSchema> {
  return new Map(allKinds.map(({ kind, schema }) => [kind, schema(plugins)]));
}

/** The resource a checked document declares. Complains where a value cannot be meant; the caller then drops the document. */
export function toResource(document: CheckedDocument, place: Place): Resource {
  const { metadata } = document;
  const declared: Declared = {
    name: metadata.name,
    labels: metadata.labels ?? {},
    source: place.at([]),
    blob: place.blob,
  };
  return kinds[document.kind].convert(declared, document, place);
}

/** What tells a resource from all others: its kind and id. Of a kind that counts once all share one. Pure. */
export function keyOf(resource: Resource): string {
  if (kinds[resource.kind].fileName !== undefined) return resource.kind;
  return `${resource.kind} ${resource.kind === 'Certificate' ? resource.id : resource.name}`;
}
