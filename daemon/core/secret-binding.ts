/**
 * Whom a secret may be sent to. The operator's configuration binds each secret to one use and, where a declaration may name it, to hosts.
 * Pure. Whatever is not understood matches nothing.
 */
import { canonicalHost } from './host-name.ts';
import { readIp } from './ip-range.ts';

/** Uses of the daemon itself: only the configuration names these secrets, never a declaration. */
export const ownUses = ['git', 'signing', 'custody', 'http'] as const;
/** Uses for which a declaration may name a secret. */
export const declaredUses = ['endpoints', 'issuers'] as const;

export type OwnUse = (typeof ownUses)[number];
export type DeclaredUse = (typeof declaredUses)[number];
export type SecretUse = OwnUse | DeclaredUse;

/** What the configuration says a secret is for. */
export interface SecretRule {
  /** null: it does not say, so no declaration may use it. */
  readonly for: SecretUse | null;
  /** Patterns of `hostPattern`. */
  readonly hosts: readonly string[];
  /** Further hosts that a connection to `hosts` may pass on its way (jump hosts). */
  readonly through: readonly string[];
  /** Names of the Endpoints or Issuers that may use it; empty: every one whose host fits. */
  readonly names: readonly string[];
}

/** The rule of an entry that says nothing: of no use to a declaration. */
export const unbound: SecretRule = { for: null, hosts: [], through: [], names: [] };

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where a declaration wants a secret sent. */
export interface SecretDestination extends HostPort {
  /** Hosts on the way, in any order: each could show the daemon another machine than the one meant. */
  readonly through: readonly HostPort[];
}

/** One secret that a declaration names. */
export interface NamedSecret {
  /** null: the SSH agent. */
  readonly secret: string | null;
  readonly to: SecretDestination;
}

/** Who asks for a secret: a use and the name of the Endpoint or Issuer. */
export interface SecretUser {
  readonly use: DeclaredUse;
  readonly name: string;
}

/** The port that a pattern without a port means. */
export const standardPort: Readonly<Record<DeclaredUse, number>> = { endpoints: 22, issuers: 443 };

interface HostPattern {
  readonly matches: (host: string) => boolean;
  /** null: the standard port; `*`: any. */
  readonly port: number | '*' | null;
}

/**
 * Reads `host`, `*.domain`, an address, a range (`10.0.0.0/8`), each with `:port` or `:*` behind it (IPv6 then in brackets).
 * null for anything else: a bare `*` is refused, so that nobody binds a secret to everybody by habit.
 */
export function hostPattern(written: string): HostPattern | null {
  const text = written.trim();
  const bracketed = /^\[([^[\]]*)\](\/\d{1,3})?(?::(\*|\d{1,5}))?$/.exec(text);
  const plain = /^([^:[\]]*)(?::(\*|\d{1,5}))?$/.exec(text);
  const [host, port] =
    bracketed !== null
      ? [`${bracketed[1] ?? ''}${bracketed[2] ?? ''}`, bracketed[3]]
      : plain !== null
        ? [plain[1] ?? '', plain[2]]
        : // Two colons and more without brackets: an IPv6 address, which cannot have a port behind it.
          [text, undefined];
  const number = port === undefined ? null : port === '*' ? port : Number(port);
  if (typeof number === 'number' && (number < 1 || number > 65_535)) return null;
  const matches = matcherOf(host);
  return matches === null ? null : { matches, port: number };
}

function matcherOf(text: string): ((host: string) => boolean) | null {
  const slash = text.indexOf('/');
  if (slash >= 0) return rangeMatcher(text.slice(0, slash), text.slice(slash + 1));
  if (text.startsWith('*.')) {
    const domain = canonicalHost(text.slice(2));
    // Addresses have no names below them.
    if (domain === null || readIp(domain) !== null) return null;
    return (host) => host.endsWith(`.${domain}`);
  }
  const own = canonicalHost(text);
  return own === null ? null : (host) => host === own;
}

function rangeMatcher(base: string, length: string): ((host: string) => boolean) | null {
  const address = canonicalHost(base);
  const from = address === null ? null : readIp(address);
  if (from === null || !/^\d{1,3}$/.test(length) || Number(length) > from.bits) return null;
  const shift = BigInt(from.bits - Number(length));
  return (host) => {
    const asked = readIp(host);
    return asked?.bits === from.bits && asked.value >> shift === from.value >> shift;
  };
}

/** May a secret with this rule be sent there on behalf of `user`? null when it may, otherwise why not, as the end of a sentence about the secret. */
export function refusal(rule: SecretRule, user: SecretUser, to: SecretDestination): string | null {
  if (rule.for === null) return 'is bound to no use by the configuration';
  if (rule.for !== user.use) return `is bound to ${rule.for} by the configuration`;
  if (rule.names.length > 0 && !rule.names.includes(user.name))
    return `is bound to ${rule.names.join(', ')} by the configuration`;
  if (!allows(rule.hosts, to, user.use))
    return `may be sent to ${rule.hosts.join(', ') || 'no host'} only, not to ${shownHost(to)}`;
  const strange = to.through.find((hop) => !allows([...rule.hosts, ...rule.through], hop, user.use));
  return strange === undefined
    ? null
    : `may not be sent through ${shownHost(strange)}; the configuration names the way under "through"`;
}

function allows(patterns: readonly string[], { host, port }: HostPort, use: DeclaredUse): boolean {
  const canonical = canonicalHost(host);
  if (canonical === null) return false;
  return patterns.some((written) => {
    const pattern = hostPattern(written);
    if (pattern === null || !pattern.matches(canonical)) return false;
    return pattern.port === '*' || port === (pattern.port ?? standardPort[use]);
  });
}

/** `host:port`, IPv6 in brackets. */
export function shownHost({ host, port }: HostPort): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${String(port)}`;
}

/** The pattern that would admit exactly this host. */
export function patternFor({ host, port }: HostPort, use: DeclaredUse): string {
  return port === standardPort[use] ? host : shownHost({ host, port });
}

/** What the secret is bound to, in words. */
export function describeRule(rule: SecretRule): string {
  if (rule.for === null) return 'bound to no use: no declaration may name it';
  const who = rule.names.length === 0 ? '' : ` (${rule.names.join(', ')})`;
  const where = rule.hosts.length === 0 ? '' : ` at ${rule.hosts.join(', ')}`;
  const way = rule.through.length === 0 ? '' : ` through ${rule.through.join(', ')}`;
  return `for ${rule.for}${who}${where}${way}`;
}
