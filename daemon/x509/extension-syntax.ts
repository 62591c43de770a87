/**
 * The inside of the standard extensions, each against its ASN.1 (RFC 5280 section 4.2 and appendix A.2): an extension that cannot be read
 * is not passed over because nobody asked for it. Whether what it says is allowed is judged elsewhere.
 */
import {
  extensionIds,
  readBasicConstraints,
  readKeyUsageBits,
  readUsages,
  type Extension,
} from './certificate.ts';
import {
  childrenOf,
  expectTag,
  readDer,
  readInteger,
  readOid,
  readSmallInteger,
  tags,
  type Der,
} from './der.ts';
import { relativeNames } from './distinguished-name.ts';
import { MalformedInput } from './malformed.ts';
import { checkNameConstraints } from './name-constraints.ts';
import { isMailbox } from './server-name.ts';

type Extensions = ReadonlyMap<string, Extension>;

/** Reads every standard extension. Pure. @throws MalformedInput when one is not what its standard says */
export function checkExtensions(extensions: Extensions): void {
  for (const [id, check] of checks) {
    const extension = extensions.get(id);
    if (extension !== undefined) check(extension.value, extensions);
  }
}

const checks: readonly (readonly [string, (value: Uint8Array, extensions: Extensions) => void])[] = [
  [extensionIds.basicConstraints, (_, extensions) => void readBasicConstraints(extensions)],
  [extensionIds.keyUsage, (_, extensions) => void readKeyUsageBits(extensions)],
  [extensionIds.extendedKeyUsage, (_, extensions) => void readUsages(extensions)],
  [extensionIds.subjectKeyIdentifier, (value) => void someBytes(readDer(value, tags.octetString))],
  [extensionIds.authorityKeyIdentifier, authorityKeyIdentifier],
  [extensionIds.subjectAltName, (value) => void generalNames(readDer(value, tags.sequence), true)],
  [extensionIds.issuerAltName, (value) => void generalNames(readDer(value, tags.sequence), false)],
  [extensionIds.nameConstraints, checkNameConstraints],
  [extensionIds.authorityInfoAccess, accessDescriptions],
  [extensionIds.subjectInfoAccess, accessDescriptions],
  [extensionIds.crlDistributionPoints, distributionPoints],
  [extensionIds.freshestCrl, distributionPoints],
  [extensionIds.certificatePolicies, (value) => void readPolicies(value)],
  [extensionIds.policyMappings, (value) => void readMappings(value)],
  [extensionIds.policyConstraints, (value) => void readPolicyConstraints(value)],
  [extensionIds.inhibitAnyPolicy, (value) => void readSmallInteger(readDer(value, tags.integer))],
];

/** `SEQUENCE SIZE (1..MAX)`. */
function some(element: Der): readonly Der[] {
  const children = childrenOf(element);
  if (children.length === 0) throw new MalformedInput('an extension with an empty list');
  return children;
}

function someBytes({ content }: Der): Uint8Array {
  if (content.length === 0) throw new MalformedInput('an extension with an empty value');
  return content;
}

/** Parts under implicit tags of these numbers, in their order, each at most once. */
function optional(element: Der, allowed: readonly number[]): ReadonlyMap<number, Der> {
  const parts = new Map<number, Der>();
  let last = -1;
  for (const part of childrenOf(element)) {
    const place = allowed.indexOf(part.tag);
    if (place <= last) throw new MalformedInput('an extension with a part that its standard does not know');
    last = place;
    parts.set(part.tag, part);
  }
  return parts;
}

/** GeneralNames; `isStrict`: mailboxes and URIs must be some, too. @throws MalformedInput */
function generalNames(list: Der, isStrict: boolean): readonly Der[] {
  const names = some(list);
  for (const name of names) checkGeneralName(name, isStrict);
  return names;
}

/** One GeneralName (section 4.2.1.6). Host names are judged by `server-name.ts`. @throws MalformedInput */
function checkGeneralName(name: Der, isStrict: boolean): void {
  const text = Buffer.from(name.content).toString('latin1');
  switch (name.tag) {
    case 0xa0: {
      const [type, value, ...more] = childrenOf(name);
      readOid(type);
      if (value?.tag !== 0xa0 || more.length > 0)
        throw new MalformedInput('a name of another kind that is none');
      return;
    }
    case 0x81:
      if (isStrict && !isMailbox(text)) throw new MalformedInput('a mail address that is none');
      return;
    case 0xa4: {
      const [directory, ...more] = childrenOf(name);
      if (more.length > 0) throw new MalformedInput('a directory name that is more than one');
      relativeNames(expectTag(directory, tags.sequence).whole);
      return;
    }
    case 0x86:
      // "The name MUST NOT be a relative URI": RFC 3986 section 4.3, in ASCII.
      if (isStrict && !/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(text))
        throw new MalformedInput('a URI that is none');
      return;
    case 0x87:
      if (name.content.length !== 4 && name.content.length !== 16)
        throw new MalformedInput('an IP address that is neither 4 nor 16 bytes long');
      return;
    case 0x88:
      readOid({ ...name, tag: tags.oid });
      return;
    case 0x82:
    case 0xa3:
    case 0xa5:
      return;
    default:
      throw new MalformedInput('a name of a kind that RFC 5280 does not know');
  }
}

function authorityKeyIdentifier(value: Uint8Array): void {
  const parts = optional(readDer(value, tags.sequence), [0x80, 0xa1, 0x82]);
  const issuer = parts.get(0xa1);
  const serial = parts.get(0x82);
  const id = parts.get(0x80);
  if (id !== undefined) someBytes(id);
  if (issuer !== undefined) generalNames(issuer, false);
  if (serial !== undefined) readInteger(serial, 0x82);
  // Section 4.2.1.1: "MUST both be present or both be absent".
  if ((issuer === undefined) !== (serial === undefined))
    throw new MalformedInput("half of an issuer's name and serial number");
}

function accessDescriptions(value: Uint8Array): void {
  for (const description of some(readDer(value, tags.sequence))) {
    const [method, location, ...more] = childrenOf(expectTag(description, tags.sequence));
    readOid(method);
    if (location === undefined || more.length > 0)
      throw new MalformedInput('an access description of other than two parts');
    checkGeneralName(location, true);
  }
}

/** Names of a DistributionPointName: `fullName`, or none where it is relative to the issuer. @throws MalformedInput */
export function readPointNames(point: Der): readonly Der[] {
  const [choice, ...more] = childrenOf(point);
  if (choice === undefined || more.length > 0)
    throw new MalformedInput('a distribution point name that is none');
  if (choice.tag === 0xa0) return generalNames(choice, false);
  if (choice.tag !== 0xa1) throw new MalformedInput('a distribution point name of an unknown kind');
  return [];
}

function distributionPoints(value: Uint8Array): void {
  readDistributionPoints(value);
}

/** The full names of each distribution point (section 4.2.1.13). Pure. @throws MalformedInput */
export function readDistributionPoints(value: Uint8Array): readonly (readonly Der[])[] {
  return some(readDer(value, tags.sequence)).map((point) => {
    const parts = optional(expectTag(point, tags.sequence), [0xa0, 0x81, 0xa2]);
    const name = parts.get(0xa0);
    const issuer = parts.get(0xa2);
    // "MUST NOT consist of only the reasons field".
    if (name === undefined && issuer === undefined)
      throw new MalformedInput('a distribution point without a place');
    if (issuer !== undefined) generalNames(issuer, false);
    return name === undefined ? [] : readPointNames(name);
  });
}

/** Policies of certificatePolicies (section 4.2.1.4). Pure. @throws MalformedInput also when one stands there twice */
export function readPolicies(value: Uint8Array): ReadonlySet<string> {
  const policies = new Set<string>();
  for (const information of some(readDer(value, tags.sequence))) {
    const [id, qualifiers, ...more] = childrenOf(expectTag(information, tags.sequence));
    const policy = readOid(id);
    if (more.length > 0 || policies.has(policy)) throw new MalformedInput('a policy that stands there twice');
    if (qualifiers !== undefined)
      for (const qualifier of some(expectTag(qualifiers, tags.sequence)))
        readOid(childrenOf(expectTag(qualifier, tags.sequence))[0]);
    policies.add(policy);
  }
  return policies;
}

/** Pairs of policyMappings (section 4.2.1.5), issuer's policy first. Pure. @throws MalformedInput also for anyPolicy */
export function readMappings(value: Uint8Array): readonly (readonly [string, string])[] {
  return some(readDer(value, tags.sequence)).map((pair) => {
    const [from, to, ...more] = childrenOf(expectTag(pair, tags.sequence));
    const mapping = [readOid(from), readOid(to)] as const;
    if (more.length > 0 || mapping.includes('2.5.29.32.0'))
      throw new MalformedInput('a mapping of any policy');
    return mapping;
  });
}

/** policyConstraints (section 4.2.1.11); null: not said. Pure. @throws MalformedInput when it says nothing */
export function readPolicyConstraints(value: Uint8Array): {
  readonly requireExplicit: number | null;
  readonly inhibitMapping: number | null;
} {
  const parts = optional(readDer(value, tags.sequence), [0x80, 0x81]);
  if (parts.size === 0) throw new MalformedInput('policy constraints that constrain nothing');
  const read = (tag: number): number | null =>
    parts.has(tag) ? readSmallInteger(parts.get(tag), tag) : null;
  return { requireExplicit: read(0x80), inhibitMapping: read(0x81) };
}
