/**
 * Name constraints (RFC 5280 section 4.2.1.10): which names a CA may sign for. A constraint of a kind that is not
 * understood refuses every name of that kind.
 */
import {
  extensionIds,
  hostNameText,
  nameTags,
  readGeneralNames,
  type CertificateFields,
} from './certificate.ts';
import { childrenOf, expectTag, readDer, tags, type Der } from './der.ts';
import { comparableNames, mailAddresses, relativeNames } from './distinguished-name.ts';
import { MalformedInput, TooMuchWork } from './malformed.ts';
import { isCertifiableName } from './server-name.ts';

/** A name or the base of a subtree, read once: it is compared many times. */
interface Name {
  readonly tag: number;
  readonly bytes: Uint8Array;
  /** As a host name. */
  readonly host: string;
  /** As RDNs; empty for what is no directory name. */
  readonly rdns: readonly string[];
}

interface Constraints {
  readonly permitted: readonly Name[];
  readonly excluded: readonly Name[];
}

/** Comparisons of names that are left for a whole verdict: both lists are hostile, and so is the number of CAs that bring one. */
export interface ComparisonBudget {
  left: number;
}

/** Says of constraints and certificates what was said of them before: paths of a search share most of both. */
const constraintsRead = new WeakMap<CertificateFields, Constraints | null>();
const namesRead = new WeakMap<CertificateFields, readonly Name[]>();

/**
 * Does this CA's name constraint allow every name of that certificate? Takes its work from `budget`; otherwise pure. true when the CA has none.
 * @throws MalformedInput when either cannot be read, TooMuchWork when the budget is used up: the caller treats both as "no"
 */
export function namesAllowed(
  ca: CertificateFields,
  certificate: CertificateFields,
  budget: ComparisonBudget,
): boolean {
  const constraints = constraintsOf(ca);
  if (constraints === null) return true;
  const names = namesOf(certificate);
  budget.left -= names.length * (constraints.permitted.length + constraints.excluded.length);
  if (budget.left < 0) throw new TooMuchWork('too many names for too many name constraints');
  return names.every((name) => {
    const ofKind = (list: readonly Name[]): Name[] => list.filter((base) => base.tag === name.tag);
    const permitted = ofKind(constraints.permitted);
    if (ofKind(constraints.excluded).some((base) => covers(base, name, 'excluded'))) return false;
    return permitted.length === 0 || permitted.some((base) => covers(base, name, 'permitted'));
  });
}

function constraintsOf(ca: CertificateFields): Constraints | null {
  let read = constraintsRead.get(ca);
  if (read === undefined) {
    const extension = ca.extensions.get(extensionIds.nameConstraints);
    read = extension === undefined ? null : readConstraints(extension.value);
    constraintsRead.set(ca, read);
  }
  return read;
}

/** Reads the extension and forgets it. Pure. @throws MalformedInput when it is not what RFC 5280 section 4.2.1.10 says */
export function checkNameConstraints(value: Uint8Array): void {
  readConstraints(value);
}

function namesOf(certificate: CertificateFields): readonly Name[] {
  const before = namesRead.get(certificate);
  if (before !== undefined) return before;
  const names = readGeneralNames(certificate.extensions).map(({ tag, content }) => readName(tag, content));
  // The subject itself is a directory name, unless it is empty.
  if (relativeNames(certificate.subject).length > 0)
    names.push(readName(nameTags.directory, certificate.subject));
  // "the rfc822Name constraint MUST be applied to the attribute of type emailAddress in the subject".
  for (const mail of mailAddresses(certificate.subject)) names.push(readName(nameTags.mail, mail));
  namesRead.set(certificate, names);
  return names;
}

function readName(tag: number, bytes: Uint8Array): Name {
  const rdns = tag === nameTags.directory ? comparableNames(bytes) : [];
  return { tag, bytes, host: hostNameText(bytes), rdns };
}

function readConstraints(value: Uint8Array): Constraints {
  const lists = childrenOf(readDer(value, tags.sequence));
  const bases = (tag: number): Name[] => {
    const list = lists.find((each) => each.tag === tag);
    if (list === undefined) return [];
    const subtrees = childrenOf(list);
    if (subtrees.length === 0) throw new MalformedInput('name constraints with an empty list');
    return subtrees.map((subtree) => {
      const [base, ...bounds] = childrenOf(expectTag(subtree, tags.sequence));
      // "minimum MUST be zero, and maximum MUST be absent": DER omits the default zero.
      if (base === undefined || bounds.length > 0) throw new MalformedInput('name constraint with a bound');
      checkBase(base);
      return readName(base.tag, base.content);
    });
  };
  // permittedSubtrees [0], then excludedSubtrees [1], each at most once: a second list would be one that nobody obeys.
  const order = lists.map((each) => each.tag);
  if (!['160', '161', '160,161'].includes(order.join()))
    throw new MalformedInput('name constraints that are not one list of each kind');
  return { permitted: bases(0xa0), excluded: bases(0xa1) };
}

function checkBase(base: Der): void {
  const text = hostNameText(base.content);
  // Section 4.2.1.10: a host name, without the leading dot of URIs and without wildcards; an empty one stands for all.
  if (base.tag === nameTags.dns && text !== '' && (text.includes('*') || !isCertifiableName(text)))
    throw new MalformedInput('DNS name constraint that is no host name');
  if (base.tag === nameTags.mail) {
    const [host = '', local, ...more] = text.split('@').toReversed();
    if (more.length > 0 || local === '' || host === '' || /\\x/.test(text))
      throw new MalformedInput('mail constraint that is neither a mailbox nor a host');
  }
  if (base.tag === nameTags.uri && !isCertifiableName(text.replace(/^\./, '')))
    throw new MalformedInput('URI constraint that is no host name');
  if (base.tag === nameTags.directory) {
    const [directory, ...more] = childrenOf(base);
    if (directory?.tag !== tags.sequence || more.length > 0)
      throw new MalformedInput('directory constraint that is no name');
  }
  if (base.tag === nameTags.ip) {
    if (base.content.length !== 8 && base.content.length !== 32) {
      throw new MalformedInput('IP constraint that is not address and mask');
    }
    const mask = base.content.subarray(base.content.length / 2);
    const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    if (!/^1*0*$/.test(bits)) throw new MalformedInput('IP constraint whose mask has holes');
  }
}

function covers(base: Name, name: Name, list: 'permitted' | 'excluded'): boolean {
  switch (base.tag) {
    case nameTags.dns:
      return coversHost(base.host, name.host, list);
    case nameTags.mail:
      return coversMail(
        Buffer.from(base.bytes).toString('latin1'),
        Buffer.from(name.bytes).toString('latin1'),
      );
    case nameTags.uri:
      return coversUri(base.host, Buffer.from(name.bytes).toString('latin1'), list);
    case nameTags.ip:
      return coversAddress(base.bytes, name.bytes);
    case nameTags.directory:
      // A name is covered when it begins with the base's RDNs.
      return base.rdns.every((rdn, index) => rdn === name.rdns[index]);
    default:
      // Not understood: it covers nothing when it permits, everything when it excludes.
      return list === 'excluded';
  }
}

function coversHost(base: string, host: string, list: 'permitted' | 'excluded'): boolean {
  if (base === '' || host === base || host.endsWith(`.${base}`)) return true;
  // `*.example.com` also stands for the excluded `foo.example.com` (CVE-2025-61727).
  return list === 'excluded' && host.startsWith('*.') && base.endsWith(host.slice(1));
}

function coversMail(base: string, mail: string): boolean {
  const at = mail.lastIndexOf('@');
  const host = mail.slice(at + 1).toLowerCase();
  const baseAt = base.lastIndexOf('@');
  const baseHost = base.slice(baseAt + 1).toLowerCase();
  // A mailbox: the part before @ is compared as it is, with no wildcards.
  if (baseAt !== -1) return mail.slice(0, at) === base.slice(0, baseAt) && host === baseHost;
  return baseHost.startsWith('.') ? host.endsWith(baseHost) : host === baseHost;
}

function coversUri(base: string, uri: string, list: 'permitted' | 'excluded'): boolean {
  const host = URL.parse(uri)?.hostname.toLowerCase() ?? '';
  // "The constraint MUST be applied to the host part"; a URI without one cannot be judged, so nothing permits it and everything excludes it.
  if (host === '') return list === 'excluded';
  return base.startsWith('.') ? host.endsWith(base) : host === base;
}

function coversAddress(base: Uint8Array, address: Uint8Array): boolean {
  const length = base.length / 2;
  return (
    address.length === length &&
    address.every((byte, index) => {
      const mask = base[length + index] ?? 0;
      return (byte & mask) === ((base[index] ?? 0) & mask);
    })
  );
}
