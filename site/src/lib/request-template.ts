/** A declaration with placeholders and comments for each offer: for people without scripts, and for those who would rather write. Made with the function of `renewd request`. Pure. */
import {
  requestPath,
  requestText,
  type RequestAnswers,
} from '../../../daemon/commands/request/declaration.ts';
import { offerDefaults, type CatalogueOffer, type CatalogueProfile } from './request-form.ts';

export interface RequestTemplate {
  readonly path: string;
  readonly text: string;
}

/** The template of an offer. `profiles`: all that there are. */
export function offerTemplate(offer: CatalogueOffer, profiles: readonly CatalogueProfile[]): RequestTemplate {
  const [onlyTeam] = offer.teams;
  const profile =
    profiles.find((each) => each.name === offer.profile) ??
    profiles.find((each) => each.name === 'nginx') ??
    profiles[0];
  const needed = (profile?.parameters ?? []).filter((each) => each.default === null);
  const optional = (profile?.parameters ?? []).filter((each) => each.default !== null);
  const answers: RequestAnswers = {
    team: offer.teams.length === 1 && onlyTeam !== undefined ? onlyTeam : 'your-team',
    name: 'your-service',
    dnsNames: ['your-service.example.com'],
    issuer: offer.issuer,
    endpoints: ['your-server'],
    profile: offer.profile ?? profile?.name ?? 'your-profile',
    parameters: Object.fromEntries(needed.map(({ name }) => [name, `your-${name}`])),
    serves: [],
    labels: {},
  };
  const installation = 'spec.installations.0';
  return {
    path: requestPath(answers),
    text: requestText(answers, offerDefaults(offer), {
      metadata: 'Put your team and a short name for the certificate here, and in the path of the file.',
      'spec.dnsNames':
        'Names that people or programs use to reach the service. Your team may ask for those its own document lists.',
      'spec.issuer': 'From here to the installations the offer says what is right.',
      [`${installation}.profile`]: profileComment(offer, profile, profiles, optional),
      ...Object.fromEntries(
        needed.map(({ name, description }) => [
          `${installation}.parameters.${name}`,
          `${description}; needed.`,
        ]),
      ),
      [`${installation}.serves`]:
        'Where clients must see it, host:port. renewd looks there and proves what is served.',
    }),
  };
}

function profileComment(
  offer: CatalogueOffer,
  profile: CatalogueProfile | undefined,
  profiles: readonly CatalogueProfile[],
  optional: CatalogueProfile['parameters'],
): string {
  const kinds =
    offer.profile === null && profiles.length > 1
      ? `Kind of server: one of ${profiles.map((each) => each.name).join(', ')}. `
      : '';
  const names = optional.map(({ name }) => name).join(', ');
  return `${kinds}${profile?.name ?? 'The profile'}${names === '' ? ' has no further parameters.' : ` also takes, under parameters: ${names}.`}`;
}
