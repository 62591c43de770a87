/** What somebody filled into the request form, as the answers that `renewd request` takes: the same declaration comes of both. Runs in the browser; pure. */
import {
  nameFor,
  requestDraft,
  requestPath,
  requestText,
  wordsOf,
  type OfferDefaults,
  type RequestAnswers,
} from '../../../daemon/commands/request/declaration.ts';
import { nameReader, type NameReader } from '../../../daemon/core/dns-name.ts';
import { mayInstall } from '../../../daemon/core/rules/allowed-endpoints.ts';
import type { Catalogue } from './model.ts';

export type CatalogueOffer = Catalogue['offers'][number];
export type CatalogueProfile = Catalogue['profiles'][number];
export type CatalogueTeam = Catalogue['teams'][number];

/** The fields as they stand in the form: text, and names of what was chosen; empty for what was not. */
export interface FormFields {
  readonly offer: string;
  readonly team: string;
  readonly names: string;
  /** Empty: from the first DNS name. */
  readonly name: string;
  /** Asked only where the offer does not say. */
  readonly issuer: string;
  readonly profile: string;
  readonly endpoints: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly serves: string;
  readonly labels: string;
}

/** What the fields mean. */
export interface FormRequest {
  readonly answers: RequestAnswers;
  /** null: nothing is offered, or nothing was chosen. */
  readonly offer: CatalogueOffer | null;
  readonly profile: CatalogueProfile | null;
  readonly team: CatalogueTeam | null;
}

/** What a browser knows of international names: how they are written in certificates. Whether an A-label stands for nothing, the pipeline says. */
export const browserNames: NameReader = nameReader({
  toAscii: (name) => URL.parse(`http://${name}/`)?.hostname ?? '',
  isEmptyLabel: () => false,
});

/** DNS names as they were typed. */
export function writtenNames({ names }: Pick<FormFields, 'names'>): readonly string[] {
  return wordsOf(names);
}

/** Reads the fields. Never throws; what is missing stays empty. */
export function readFields(fields: FormFields, catalogue: Catalogue): FormRequest {
  const offer = catalogue.offers.find((each) => each.name === fields.offer) ?? null;
  const profileName = offer?.profile ?? fields.profile;
  const profile = catalogue.profiles.find((each) => each.name === profileName) ?? null;
  const dnsNames = writtenNames(fields).map((written) => {
    const read = browserNames.readDnsName(written);
    return 'name' in read ? read.name : written;
  });
  const typed = Object.entries(fields.parameters).filter(([, value]) => value !== '');
  return {
    offer,
    profile,
    team: catalogue.teams.find((each) => each.name === fields.team) ?? null,
    answers: {
      team: fields.team,
      name: fields.name.trim() || (dnsNames[0] === undefined ? '' : nameFor(dnsNames[0])),
      dnsNames,
      issuer: offer?.issuer ?? fields.issuer,
      endpoints: fields.endpoints,
      profile: profileName,
      parameters: Object.fromEntries(typed),
      serves: wordsOf(fields.serves),
      labels: Object.fromEntries(labelsOf(fields.labels).read),
    },
  };
}

/** `env=prod` and the like: those that can be read, and those that cannot. */
export function labelsOf(text: string): {
  readonly read: readonly (readonly [string, string])[];
  readonly wrong: readonly string[];
} {
  const read: (readonly [string, string])[] = [];
  const wrong: string[] = [];
  for (const each of wordsOf(text)) {
    const equals = each.indexOf('=');
    if (equals < 1) wrong.push(each);
    else read.push([each.slice(0, equals), each.slice(equals + 1)]);
  }
  return { read, wrong };
}

/** What an offer brings, as the command knows it. */
export function offerDefaults(offer: CatalogueOffer | null): OfferDefaults | null {
  return offer === null ? null : { ...offer, certificateLabels: offer.labels };
}

/** The declaration as a value, for the validator. */
export function documentOf({ answers, offer }: Pick<FormRequest, 'answers' | 'offer'>): unknown {
  return { apiVersion: 'renewd/v1', kind: 'Certificate', ...requestDraft(answers, offerDefaults(offer)) };
}

/** The declaration as text, and the file it belongs into. */
export function declarationOf({ answers, offer }: Pick<FormRequest, 'answers' | 'offer'>): {
  readonly path: string;
  readonly text: string;
} {
  return { path: requestPath(answers), text: requestText(answers, offerDefaults(offer)) };
}

/** Endpoints a team may install on by its own documents, and the others, which need the agreement of whose they are. */
export function endpointChoices(
  catalogue: Catalogue,
  team: string,
): { readonly usable: readonly string[]; readonly others: readonly string[] } {
  const declared = catalogue.teams.find((each) => each.name === team) ?? null;
  const usable: string[] = [];
  const others: string[] = [];
  for (const endpoint of catalogue.endpoints)
    (mayInstall(declared, team, endpoint.name, endpoint) ? usable : others).push(endpoint.name);
  return { usable, others };
}
