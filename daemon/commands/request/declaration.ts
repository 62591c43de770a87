/** The declaration of a requested certificate: an offer's defaults, the requester's answers, comments for whoever reads it next. The command and the form of the site make the same. Pure; runs in a browser too. */
import { certificateText } from '../../documents/certificate-text.ts';

export interface RequestAnswers {
  readonly team: string;
  readonly name: string;
  readonly dnsNames: readonly string[];
  readonly issuer: string;
  readonly endpoints: readonly string[];
  readonly profile: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** `host:port`; empty: every DNS name that is no wildcard at port 443. */
  readonly serves: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What an offer brings to a declaration. */
export interface OfferDefaults {
  readonly title: string;
  readonly description: string;
  readonly keyAlgorithm: string | null;
  readonly lifetime: string | null;
  readonly usages: readonly string[] | null;
  readonly certificateLabels: Readonly<Record<string, string>>;
}

/** The file it belongs into. */
export function requestPath({ team, name }: Pick<RequestAnswers, 'team' | 'name'>): string {
  return `inventory/certificates/${team}/${name}.yaml`;
}

/** `www.shop.example.com` becomes `www-shop`: short, and the same each time. */
export function nameFor(dnsName: string): string {
  const labels = dnsName.toLowerCase().replace(/^\*\./, 'any.').split('.');
  return (
    labels
      .slice(0, Math.max(labels.length - 2, 1))
      .join('-')
      .replaceAll(/[^a-z0-9-]/g, '')
      // A name has single dashes, and none at its ends.
      .replaceAll(/-+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'certificate'
  );
}

/** What people type as a list: with spaces, commas or line ends between. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '');
}

/** Where clients see it: what was said, else every name at port 443. A wildcard is no address. */
export function addressesOf({
  serves,
  dnsNames,
}: Pick<RequestAnswers, 'serves' | 'dnsNames'>): readonly string[] {
  if (serves.length > 0) return serves;
  return dnsNames.filter((name) => !name.startsWith('*.')).map((name) => `${name}:443`);
}

/** The document as a plain value, keys in the order in which they are written: what a validator of kind Certificate is given. */
export function requestDraft(
  answers: RequestAnswers,
  offer: OfferDefaults | null,
): {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
} {
  const labels = Object.fromEntries(
    Object.entries({ ...offer?.certificateLabels, ...answers.labels }).sort(([left], [right]) =>
      left < right ? -1 : 1,
    ),
  );
  const serves = addressesOf(answers);
  return {
    metadata: {
      name: answers.name,
      team: answers.team,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    },
    spec: {
      dnsNames: answers.dnsNames,
      issuer: answers.issuer,
      ...(offer?.keyAlgorithm == null ? {} : { key: { algorithm: offer.keyAlgorithm } }),
      ...(offer?.lifetime == null ? {} : { lifetime: offer.lifetime }),
      ...(offer?.usages == null ? {} : { usages: offer.usages }),
      installations: answers.endpoints.map((endpoint) => ({
        endpoint,
        profile: answers.profile,
        ...(Object.keys(answers.parameters).length === 0 ? {} : { parameters: answers.parameters }),
        ...(serves.length === 0 ? {} : { serves }),
      })),
    },
  };
}

/** The document as text. The same answers give the same bytes. `above`: further comments by the path of a key, for templates. */
export function requestText(
  answers: RequestAnswers,
  offer: OfferDefaults | null,
  above: Readonly<Record<string, string>> = {},
): string {
  return certificateText(requestDraft(answers, offer), {
    top: offer === null ? 'A certificate for our service.' : `${offer.title}: ${offer.description}`,
    above: { 'spec.installations': 'Each server makes a key of its own; none leaves its server.', ...above },
  });
}
