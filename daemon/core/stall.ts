/** What a failure stops, what ends the wait, and how a wait that has ended is noticed. Pure. */
import { canonicalJson } from './canonical.ts';
import { withJumps } from './jump-hosts.ts';
import type { Certificate, Desired } from './model.ts';

/** What waits because of a failure: the one installation, all of an endpoint, all of an issuer, or everything in the repository. */
export type Scope = 'installation' | 'endpoint' | 'issuer' | 'repository';

/** What a person changes to end a stall. A changed declaration or secret is seen at once; the rest is found out by the next try. */
export type EndsWhen =
  | 'declaration'
  | 'secret'
  | 'configuration'
  | 'endpoint'
  | 'issuer'
  | 'repository'
  | 'data-directory';

/** Who waits: `installation:team/name@endpoint`, `endpoint:name` or `issuer:name`. */
export type Subject = `${'installation' | 'endpoint' | 'issuer'}:${string}`;

/** What stands behind a subject now: the blobs of its documents, and a stamp of each secret they name (`Vault.stamp`). */
export interface Ground {
  readonly desired: Pick<Desired, 'endpoints' | 'issuers' | 'profiles'>;
  /** The certificate in force or only watched under this id; null when neither. */
  readonly certificate: (id: string) => Certificate | null;
  /** By `endpoint:name` or `issuer:name`; nothing for those that name no secret. */
  readonly stamps: ReadonlyMap<string, string>;
}

/** What a wait depends on, as text to be compared: another text ends the wait. Never holds a secret. Pure. */
export function basisOf(subject: string, ground: Ground): string {
  const colon = subject.indexOf(':');
  const name = subject.slice(colon + 1);
  switch (subject.slice(0, colon)) {
    case 'endpoint':
      return canonicalJson(endpointBasis(name, ground));
    case 'issuer':
      return canonicalJson(issuerBasis(name, ground));
    default: {
      const certificate = ground.certificate(name.slice(0, name.lastIndexOf('@')));
      const installation = certificate?.installations.find((each) => each.id === name) ?? null;
      return canonicalJson([
        certificate?.blob ?? null,
        ground.desired.profiles.get(installation?.profile ?? '')?.blob ?? null,
        installation === null ? [] : endpointBasis(installation.endpoint, ground),
        certificate === null ? [] : issuerBasis(certificate.issuer, ground),
        certificate === null ? [] : [certificate.issuer, ...certificate.dnsNames, ...certificate.ipAddresses],
      ]);
    }
  }
}

/** What is kept of a wait (`Attempt`). */
interface Wait {
  readonly code: string;
  readonly basis?: string;
  readonly askedUntil?: number;
}

/** Of the basis of an installation: what its CA is asked with, and what it is asked for. */
const asked = { issuer: 3, wish: 4 } as const;

/**
 * Whether what a wait was met with is another now. Where the other side asked to be left alone (RFC 9110 section 10.2.3, a rate limit, an order it works on), only what it is
 * asked with counts: its declaration and secrets, and the names. A new log-in key of the endpoint or a word in the declaration is nothing to a CA. Pure.
 */
export function isMetWithOther(subject: string, wait: Wait, ground: Ground, now: number): boolean {
  const { basis } = wait;
  const current = basisOf(subject, ground);
  if (basis === undefined || basis === current) return false;
  if (!subject.startsWith('installation:') || !isAskedFor(wait, now)) return true;
  const [before, after] = [partsOf(basis), partsOf(current)];
  const differs = (part: number): boolean => canonicalJson(before[part]) !== canonicalJson(after[part]);
  // A basis that an older version wrote has no names.
  return differs(asked.issuer) || (before.length > asked.wish && differs(asked.wish));
}

/** Whether the other side asked for this wait. Pure. */
export function isAskedFor({ code, askedUntil = 0 }: Omit<Wait, 'basis'>, now: number): boolean {
  return code === 'rate-limited' || code === 'pending' || askedUntil > now;
}

function partsOf(basis: string): readonly unknown[] {
  return JSON.parse(basis) as readonly unknown[];
}

function endpointBasis(name: string, { desired, stamps }: Ground): (string | null)[] {
  const endpoint = desired.endpoints.get(name);
  if (endpoint === undefined) return [];
  const blobs = withJumps(endpoint, desired.endpoints)?.blobs ?? [endpoint.blob];
  return [...blobs, stamps.get(`endpoint:${name}`) ?? null];
}

function issuerBasis(name: string, { desired, stamps }: Ground): (string | null)[] {
  const issuer = desired.issuers.get(name);
  return issuer === undefined ? [] : [issuer.blob, stamps.get(`issuer:${name}`) ?? null];
}

/** Codes of a CA: it counts what it is asked, and may have said when to come back. */
const ofTheCa = /^(acme-.*|ca-.*|rate-limited|certificate-rejected|csr-rejected|pending)$/;

/**
 * Whether a wait ends because a person asks now: they may have corrected what only a try can find out, at an endpoint or in what a CA knows of an account. What a CA answered to
 * one request goes on waiting: asking again would count against its limits. Pure.
 */
export function endsWhenAsked(
  subject: string,
  { code, endsWhen = [] }: { readonly code: string; readonly endsWhen?: readonly EndsWhen[] },
): boolean {
  if (subject.startsWith('endpoint:')) return true;
  if (subject.startsWith('issuer:')) return endsWhen.includes('issuer') && code !== 'rate-limited';
  return !ofTheCa.test(code);
}

const places: Readonly<Record<EndsWhen, string>> = {
  declaration: 'its declaration',
  secret: 'a secret it uses',
  configuration: "renewd's configuration",
  endpoint: 'the endpoint',
  issuer: 'the CA',
  repository: 'the repository',
  'data-directory': 'the data directory',
};

/** The message of a failure, and when it is tried again. A message that somebody else wrote may lack its full stop. Pure. */
export function withStall(message: string, endsWhen: readonly EndsWhen[] = []): string {
  if (endsWhen.length === 0) return message;
  return `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${stallSentence(endsWhen)}`;
}

/** When it is tried again, as a sentence to stand behind the message of a stall. Pure. */
export function stallSentence(endsWhen: readonly EndsWhen[]): string {
  const isSeen = (each: EndsWhen): boolean => each === 'declaration' || each === 'secret';
  const seen = endsWhen.filter(isSeen);
  const found = endsWhen.filter((each) => !isSeen(each));
  const list = (each: readonly EndsWhen[]): string => each.map((one) => places[one]).join(' or ');
  const asked = found.some((each) => each === 'endpoint' || each === 'issuer')
    ? ' renewd once, or SIGHUP to the daemon, tries it now.'
    : '';
  if (seen.length === 0) return `Correct ${list(found)}: it is tried again at least once a day.${asked}`;
  const also = found.length === 0 ? '' : ` A correction of ${list(found)} is found within a day.${asked}`;
  return `It is tried again at once when ${list(seen)} changes, and otherwise at least once a day.${also}`;
}
