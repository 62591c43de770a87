/** The text of a requested certificate: an offer's defaults, the requester's answers, comments for whoever reads it next. Pure. */
import type { Offer } from '../../core/model.ts';

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

/** The file it belongs into. */
export function requestPath({ team, name }: Pick<RequestAnswers, 'team' | 'name'>): string {
  return `inventory/certificates/${team}/${name}.yaml`;
}

/** JSON strings are YAML strings: nothing a requester types can mean anything else than text. */
const quoted = (text: string): string =>
  /^[a-z0-9][a-z0-9./:-]*[a-z0-9]$/.test(text) && !/^[0-9.e+-]+$/.test(text) ? text : JSON.stringify(text);
const list = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;

/** The document. The same answers give the same bytes. */
export function requestText(answers: RequestAnswers, offer: Offer | null): string {
  const labels = { ...offer?.certificateLabels, ...answers.labels };
  const written = Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${quoted(key)}: ${quoted(value)}`);
  const lines = [
    offer === null ? '# A certificate for our service.' : `# ${offer.title}: ${offer.description}`,
    'apiVersion: renewd/v1',
    'kind: Certificate',
    `metadata: { name: ${answers.name}, team: ${answers.team}${written.length === 0 ? '' : `, labels: { ${written.join(', ')} }`} }`,
    'spec:',
    `  dnsNames: ${list(answers.dnsNames)}`,
    `  issuer: ${answers.issuer}`,
    ...(offer?.keyAlgorithm == null ? [] : [`  key: { algorithm: ${offer.keyAlgorithm} }`]),
    ...(offer?.lifetime == null ? [] : [`  lifetime: ${offer.lifetime}`]),
    ...(offer?.usages == null ? [] : [`  usages: ${list(offer.usages)}`]),
    '  # Each server makes a key of its own; none leaves its server.',
    '  installations:',
    ...answers.endpoints.flatMap((endpoint) => installation(endpoint, answers)),
    '',
  ];
  return lines.join('\n');
}

function installation(endpoint: string, { profile, parameters, serves, dnsNames }: RequestAnswers): string[] {
  const addresses =
    serves.length > 0
      ? serves
      : dnsNames.filter((name) => !name.startsWith('*.')).map((name) => `${name}:443`);
  const set = Object.entries(parameters);
  return [
    `    - endpoint: ${endpoint}`,
    `      profile: ${profile}`,
    ...(set.length === 0
      ? []
      : ['      parameters:', ...set.map(([key, value]) => `        ${key}: ${quoted(value)}`)]),
    ...(addresses.length === 0 ? [] : [`      serves: ${list(addresses)}`]),
  ];
}
