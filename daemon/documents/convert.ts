/** From checked plain values to the nouns of core: defaults filled in, names normalised, places kept. What a schema cannot say is said here. */
import { parseDuration } from '../core/duration.ts';
import { timestamp } from '../core/timestamp.ts';
import type {
  Address,
  Certificate,
  Contact,
  Declared,
  DriftMode,
  Installation,
  KeyAlgorithm,
  SourcePosition,
  Team,
} from '../core/model.ts';
import type { Resource } from '../core/parsed-document.ts';
import type { PluginSchemas } from './schemas/index.ts';
import { networks } from './convert-endpoint.ts';
import { list, map, text, textMap, texts } from './plain.ts';
import { readAddress, readDnsName, readHost, readIpAddress, readServerName } from './names.ts';

/** A document after its schema. */
export interface CheckedDocument {
  readonly kind: Resource['kind'];
  readonly metadata: {
    readonly name: string;
    readonly team?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Where it was read, and how to say that something in it is wrong. */
export interface Place {
  readonly blob: string;
  readonly driftDefault: DriftMode;
  readonly issuerLimits: PluginSchemas['issuerLimits'];
  readonly at: (path: readonly (string | number)[]) => SourcePosition;
  readonly complain: (message: string, path: readonly (string | number)[]) => void;
}

/** A Team. */
export function toTeam(declared: Declared, spec: CheckedDocument['spec'], place: Place): Team {
  return {
    ...declared,
    kind: 'Team',
    displayName: text(spec['displayName']) || declared.name,
    owners: texts(spec['owners']),
    contacts: list(spec['contacts']).map((each): Contact => {
      const contact = map(each);
      return 'email' in contact
        ? { type: 'email', value: text(contact['email']) }
        : { type: 'url', value: text(contact['url']) };
    }),
    dnsNames: names(spec['dnsNames'], ['spec', 'dnsNames'], place),
    issuers: texts(spec['issuers']),
    endpoints: texts(spec['endpoints']),
    signers: texts(spec['signers']),
    networks: networks(spec['networks'], place, false),
    handles: texts(spec['handles']),
  };
}

function names(value: unknown, path: readonly string[], place: Place): string[] {
  const read: string[] = [];
  for (const [index, written] of texts(value).entries()) {
    const result = readDnsName(written);
    if ('wrong' in result) place.complain(result.wrong, [...path, index]);
    else if (read.includes(result.name)) place.complain(`${result.name} stands here twice`, [...path, index]);
    else read.push(result.name);
  }
  return read;
}

/** A Certificate. Complains where it names nothing, and about names and addresses that are none. */
export function toCertificate(
  declared: Declared,
  team: string,
  spec: CheckedDocument['spec'],
  place: Place,
): Certificate {
  const id = `${team}/${declared.name}`;
  const dnsNames = names(spec['dnsNames'], ['spec', 'dnsNames'], place);
  const ipAddresses = addresses(spec['ipAddresses'], place);
  if (texts(spec['dnsNames']).length + texts(spec['ipAddresses']).length === 0) {
    place.complain('a certificate needs at least one name under dnsNames or ipAddresses', ['spec']);
  }
  const key = map(spec['key']);
  return {
    ...declared,
    kind: 'Certificate',
    id,
    team,
    dnsNames,
    ipAddresses,
    issuer: text(spec['issuer']),
    key: { algorithm: (text(key['algorithm']) || 'ecdsa-p256') as KeyAlgorithm },
    usages: spec['usages'] === undefined ? ['serverAuth'] : (texts(spec['usages']) as Certificate['usages']),
    lifetimeMs: spec['lifetime'] === undefined ? null : parseDuration(text(spec['lifetime'])),
    ...reissueIn(spec['reissue'], place),
    renewAtFraction: fraction(spec['renewAt'], place),
    drift: (text(spec['drift']) || place.driftDefault) as Certificate['drift'],
    state: (text(spec['state']) || 'present') as Certificate['state'],
    installations: list(spec['installations']).map((each, index) =>
      toInstallation(id, map(each), index, place),
    ),
    ...(spec['released'] === undefined ? {} : { released: texts(spec['released']) }),
    sourceOf: {
      dnsNames: place.at(['spec', 'dnsNames']),
      issuer: place.at(['spec', 'issuer']),
      key: place.at(['spec', 'key']),
      lifetime: place.at(['spec', 'lifetime']),
    },
  };
}

function addresses(value: unknown, place: Place): string[] {
  const read: string[] = [];
  for (const [index, written] of texts(value).entries()) {
    const address = readIpAddress(written);
    const path = ['spec', 'ipAddresses', index];
    if (address === null) place.complain(`${JSON.stringify(written)} is not an IP address`, path);
    else if (read.includes(address)) place.complain(`${address} stands here twice`, path);
    else read.push(address);
  }
  return read;
}

function reissueIn(value: unknown, place: Place): Pick<Certificate, 'reissue'> {
  if (value === undefined) return {};
  const written = map(value);
  const before = Date.parse(text(written['before']));
  // The schema knows the form, the calendar which days there are.
  if (!Number.isNaN(before) && timestamp(before) === written['before'])
    return { reissue: { before, because: text(written['because']) } };
  place.complain(`${JSON.stringify(written['before'])} is no day of the calendar`, [
    'spec',
    'reissue',
    'before',
  ]);
  return {};
}

function fraction(value: unknown, place: Place): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number') return value;
  const [part = 0, whole = 1] = text(value).split('/').map(Number);
  if (part < whole) return part / whole;
  place.complain(`${JSON.stringify(value)} is not less than the whole lifetime`, ['spec', 'renewAt']);
  return null;
}

function toInstallation(
  certificate: string,
  written: Readonly<Record<string, unknown>>,
  index: number,
  place: Place,
): Installation {
  const path = ['spec', 'installations', index] as const;
  const endpoint = text(written['endpoint']);
  return {
    id: `${certificate}@${endpoint}`,
    certificate,
    endpoint,
    profile: text(written['profile']),
    parameters: textMap(written['parameters']),
    ...placementIn(written),
    parameterSources: Object.fromEntries(
      Object.keys(map(written['parameters'])).map((name) => [name, place.at([...path, 'parameters', name])]),
    ),
    serves: list(written['serves']).flatMap((each, number) =>
      toAddress(each, [...path, 'serves', number], place),
    ),
    servesSources: list(written['serves']).map((_, number) => place.at([...path, 'serves', number])),
    source: place.at(path),
  };
}

/** What an installation or a profile says of links and copies; nothing where it is silent. Pure. */
export function placementIn(written: Readonly<Record<string, unknown>>): {
  readonly placement?: 'link' | 'copy';
} {
  const { placement } = written;
  return placement === 'link' || placement === 'copy' ? { placement } : {};
}

/** Ports of protocols that ask for TLS in their own words first: a handshake there is none that a client makes. */
const upgradedPorts: Readonly<Record<number, string>> = {
  21: 'FTP',
  24: 'LMTP',
  25: 'SMTP',
  110: 'POP3',
  119: 'NNTP',
  143: 'IMAP',
  389: 'LDAP',
  587: 'SMTP submission',
  1433: 'SQL Server',
  3306: 'MySQL',
  3389: 'RDP',
  4190: 'ManageSieve',
  5222: 'XMPP',
  5269: 'XMPP between servers',
  5432: 'PostgreSQL',
};

function toAddress(written: unknown, path: readonly (string | number)[], place: Place): Address[] {
  const given = typeof written === 'string' ? written : text(map(written)['address']);
  const address = readAddress(given);
  if (address === null) {
    place.complain(`${JSON.stringify(given)} is not host:port with a port from 1 to 65535`, path);
    return [];
  }
  const upgraded = upgradedPorts[address.port];
  if (upgraded !== undefined) {
    place.complain(
      `${upgraded} on port ${String(address.port)} begins without TLS (STARTTLS), which cannot be proved yet. Leave it out of serves, or name a port that speaks TLS from the start (465, 636, 993, 995, 5223, 990)`,
      path,
    );
    return [];
  }
  const asked = typeof written === 'string' ? address.host : text(map(written)['serverName']);
  const name = readServerName(asked);
  const host = readHost(address.host);
  const wrong = 'wrong' in name ? name.wrong : 'wrong' in host ? host.wrong : null;
  if (wrong !== null) place.complain(wrong, path);
  return 'wrong' in name || 'wrong' in host
    ? []
    : [{ host: host.name, port: address.port, serverName: name.name }];
}
