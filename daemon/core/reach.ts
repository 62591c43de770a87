/**
 * Over which addresses an installation may be looked at. A certificate names addresses, and the daemon stands inside the network: without bounds whoever
 * may ask for a certificate could have it connect anywhere. Judged for the very address that is connected to. Pure.
 */
import { plainAddress } from './host-name.ts';
import { isInRange, readRange } from './ip-range.ts';
import type { Endpoint, Team } from './model.ts';

export interface Reach {
  /** Host of the endpoint: its own addresses may be looked at. null: it has none that the daemon knows. */
  readonly host: string | null;
  readonly endpoint: string;
  /** File of the endpoint, for messages. */
  readonly file: string;
  /** What the endpoint allows beside its own addresses. */
  readonly endpointNetworks: readonly string[];
  /** What the document of the team allows. Opens nothing that is special. */
  readonly teamNetworks: readonly string[];
}

/** The reach of a team's certificate at an endpoint. */
export function reachOf(endpoint: Endpoint, team: Team | null): Reach {
  const { host } = endpoint.config;
  return {
    host: typeof host === 'string' ? host : null,
    endpoint: endpoint.name,
    file: endpoint.source.file,
    endpointNetworks: endpoint.networks,
    teamNetworks: team?.networks ?? [],
  };
}

/** Nobody may be looked at: for what is no longer declared. */
export const noReach: Reach = {
  host: null,
  endpoint: 'none',
  file: '',
  endpointNetworks: [],
  teamNetworks: [],
};

/**
 * Ranges that lead to the daemon's own machine, its neighbours on the wire, or to whom a cloud gives its secrets (IANA special-purpose registries, RFC 6890;
 * the metadata services of AWS, Azure, Google, Alibaba and Oracle). Single addresses first: a range around one does not open it.
 */
const special: readonly (readonly [range: string, what: string])[] = [
  ...[
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ].map((each) => [each, 'a metadata service'] as const),
  ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'].map((each) => [each, 'a metadata service'] as const),
  ['0.0.0.0/8', 'this machine'],
  ['127.0.0.0/8', 'the loopback of the daemon'],
  ['::1', 'the loopback of the daemon'],
  ['::', 'this machine'],
  ['169.254.0.0/16', 'a link-local address'],
  ['fe80::/10', 'a link-local address'],
  ['fec0::/10', 'a site-local address'],
  ['192.0.0.0/24', 'an address of IETF protocols'],
  ['224.0.0.0/4', 'a multicast address'],
  ['240.0.0.0/4', 'a reserved address'],
  ['ff00::/8', 'a multicast address'],
  // Where the address of IPv4 stands in these, the operator of a translator, or both ends of a tunnel, decide (RFC 6052 section 2.2, RFC 8215, RFC 4380).
  ['64:ff9b:1::/48', 'an address of a translator to IPv4 (NAT64)'],
  ['2001::/32', 'an address of a tunnel to IPv4 (Teredo)'],
  // Who answers there is a relay nobody knows (RFC 7526), or whoever made the tunnel of 6to4.
  ['2002::/16', 'an address of a tunnel to IPv4 (6to4)'],
];

/**
 * The special range an address lies in, as it is judged; undefined: none. Interface identifiers of ISATAP (RFC 5214 section 6.1) stand below any prefix, and
 * behind them the IPv4 address of a tunnel.
 */
function specialRange(plain: string): readonly [range: string, what: string] | undefined {
  const groups = plain.split(':');
  const isIsatap = groups.length === 8 && /^(?:0|200)$/.test(groups[4] ?? '') && groups[5] === '5efe';
  if (isIsatap) return [`${groups.slice(0, 6).join(':')}:0:0/96`, 'an address of a tunnel to IPv4 (ISATAP)'];
  return special.find(([range]) => isInRange(plain, range));
}

/**
 * Why `address` may not be connected to, to be read after it; null when it may. `own` are the addresses of the endpoint's host. What cannot be read as an
 * address is refused.
 */
export function refuseAddress(address: string, own: readonly string[], reach: Reach): string | null {
  const plain = plainAddress(address);
  if (plain === null) return 'is not an address';
  const say = (what: string): string =>
    `${what}: if it is meant, the owner of endpoint ${reach.endpoint} writes it under spec of ${reach.file}: networks: ['${plain}']`;
  const found = specialRange(plain);
  if (found !== undefined) {
    const [range, what] = found;
    // Only a network that lies within the special range says that it is meant.
    return reach.endpointNetworks.some((each) => isInRange(plain, each) && liesIn(each, range))
      ? null
      : say(`is ${what}`);
  }
  const allowed =
    own.some((each) => plainAddress(each) === plain) ||
    [...reach.endpointNetworks, ...reach.teamNetworks].some((each) => isInRange(plain, each));
  return allowed
    ? null
    : say(
        `is no address of ${reach.host ?? 'the endpoint'}, and neither endpoint nor team allow its network`,
      );
}

/** Whether an address written in a declaration is refused wherever the endpoint's name leads; the connection itself is judged again. */
export function refuseWritten(address: string, reach: Reach): string | null {
  const own = reach.host === null ? null : plainAddress(reach.host);
  const refused = refuseAddress(address, own === null ? [] : [own], reach);
  const plain = plainAddress(address);
  const isSpecial = plain === null || specialRange(plain) !== undefined;
  // A host that is a name may have this address.
  return isSpecial || own !== null || reach.host === null ? refused : null;
}

function liesIn(range: string, outer: string): boolean {
  const [inner, around] = [readRange(range), readRange(outer)];
  if (inner === null || around === null || inner.prefix < around.prefix) return false;
  return isInRange(range.split('/')[0] ?? '', outer);
}

/** What is wrong with a network in a declaration; null when nothing is. */
export function networkFault(written: string): string | null {
  const range = readRange(written);
  if (range === null) return 'is no address and no network (10.0.0.0/8, 2001:db8::/32)';
  return range.prefix === 0 ? 'is every address: name the networks that are meant' : null;
}

/** Whether a network opens something only an endpoint may open. */
export function isSpecialNetwork(network: string): boolean {
  const base = plainAddress(network.split('/')[0] ?? '');
  const found = base === null ? undefined : specialRange(base);
  return [...special, ...(found === undefined ? [] : [found])].some(([range]) => liesIn(network, range));
}
