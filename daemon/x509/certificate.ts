/**
 * The fields of a certificate (RFC 5280 section 4.1) as slices of its DER, strictly read. What node:crypto does not
 * show, or shows as text that would have to be parsed again, is read here. Judges nothing.
 */
import { limits } from '../limits.ts';
import {
  childrenOf,
  expectTag,
  readBitString,
  readBoolean,
  readDer,
  readInteger,
  readNamedBits,
  readOid,
  readSmallInteger,
  tags,
  type Der,
} from './der.ts';
import { formatIpAddress } from './ip-address.ts';
import { MalformedInput } from './malformed.ts';
import { readTime, type ReadTime } from './time.ts';

export interface Extension {
  readonly critical: boolean;
  /** DER inside the OCTET STRING. */
  readonly value: Uint8Array;
}

export interface CertificateFields {
  /** 1, 2 or 3. */
  readonly version: number;
  /** Content of the INTEGER, minimal; it may be negative. */
  readonly serial: Uint8Array;
  /** DER of the issuer's and the subject's Name, for comparison byte by byte (RFC 5280 section 7.1 asks more; CAs copy). */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: ReadTime;
  readonly notAfter: ReadTime;
  readonly spki: Uint8Array;
  /** issuerUniqueID or subjectUniqueID is there (RFC 5280 section 4.1.2.8). */
  readonly hasUniqueIds: boolean;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** DER of the AlgorithmIdentifier that is signed, and of the one beside the signature. */
  readonly signedAlgorithm: Uint8Array;
  readonly algorithm: Uint8Array;
}

/** Object identifiers of the extensions that are read (RFC 5280 section 4.2). */
export const extensionIds = {
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
  subjectDirectoryAttributes: '2.5.29.9',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
} as const;

/**
 * Reads the fields: all of them, in their order, and nothing beside them. Pure.
 * @throws MalformedInput when the bytes are not one certificate or exceed `limits.x509`
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  if (der.length > limits.x509.certificateMaxBytes) throw new MalformedInput('the certificate is too large');
  const [tbs, algorithm, signature, ...after] = childrenOf(readDer(der, tags.sequence));
  if (after.length > 0) throw new MalformedInput('the certificate has more parts than three');
  readBitString(signature);
  const fields = childrenOf(expectTag(tbs, tags.sequence));
  // version [0] is absent in X.509 v1.
  const version = fields[0]?.tag === 0xa0 ? onlyChild(fields[0]) : undefined;
  const [serial, signed, issuer, validity, subject, spki, ...rest] =
    version === undefined ? fields : fields.slice(1);
  const optional = rest.map(({ tag }) => tag);
  // issuerUniqueID [1], subjectUniqueID [2], extensions [3]: each at most once, in this order.
  if (optional.some((tag, index) => ![0x81, 0x82, 0xa3].includes(tag) || tag <= (optional[index - 1] ?? 0)))
    throw new MalformedInput('the certificate has parts that RFC 5280 does not know');
  const [notBefore, notAfter, ...times] = childrenOf(expectTag(validity, tags.sequence));
  if (times.length > 0) throw new MalformedInput('the validity has more than two times');
  return {
    version: readVersion(version),
    serial: readInteger(serial),
    issuer: expectTag(issuer, tags.sequence).whole,
    subject: expectTag(subject, tags.sequence).whole,
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    spki: expectTag(spki, tags.sequence).whole,
    hasUniqueIds: optional.some((tag) => tag !== 0xa3),
    extensions: readExtensions(rest.find((each) => each.tag === 0xa3)),
    signedAlgorithm: expectTag(signed, tags.sequence).whole,
    algorithm: expectTag(algorithm, tags.sequence).whole,
  };
}

function readVersion(version: Der | undefined): number {
  if (version === undefined) return 1;
  const number = readSmallInteger(version) + 1;
  // X.690 section 11.5: a default is not written.
  if (number !== 2 && number !== 3) throw new MalformedInput('a version that X.509 does not know');
  return number;
}

/** What stands under an explicit tag. @throws MalformedInput when it is not exactly one value */
function onlyChild(explicit: Der): Der {
  const [child, ...more] = childrenOf(explicit);
  if (child === undefined || more.length > 0)
    throw new MalformedInput('an explicit tag around no single value');
  return child;
}

/** The list of extensions under an explicit tag. Pure. @throws MalformedInput when one stands there twice (RFC 5280 section 4.2) */
function readExtensions(explicit: Der | undefined): Map<string, Extension> {
  if (explicit === undefined) return new Map();
  const extensions = readExtensionList(expectTag(onlyChild(explicit), tags.sequence));
  if (extensions.size === 0) throw new MalformedInput('a list of extensions without any');
  return extensions;
}

/** Reads `Extensions ::= SEQUENCE OF Extension`. Pure. @throws MalformedInput */
export function readExtensionList(list: Der): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const each of childrenOf(list)) {
    const [id, ...parts] = childrenOf(expectTag(each, tags.sequence));
    // An explicit FALSE is a default written out (X.690 section 11.5): old CAs do it, and it has one reading.
    const critical = parts[0]?.tag === tags.boolean && readBoolean(parts.shift());
    const [octets, ...more] = parts;
    if (more.length > 0) throw new MalformedInput('an extension of more than three parts');
    const value = expectTag(octets, tags.octetString).content;
    const oid = readOid(id);
    if (extensions.has(oid)) throw new MalformedInput(`extension ${oid} stands there twice`);
    extensions.set(oid, { critical, value });
  }
  return extensions;
}

/** Context tags of GeneralName (RFC 5280 section 4.2.1.6) that are looked at by kind. */
export const nameTags = { mail: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, ip: 0x87 } as const;

/** The GeneralNames of subjectAltName, undecoded, in order. Pure; no extension is no names. @throws MalformedInput */
export function readGeneralNames(extensions: ReadonlyMap<string, Extension>): Der[] {
  const extension = extensions.get(extensionIds.subjectAltName);
  const names = extension === undefined ? [] : childrenOf(readDer(extension.value, tags.sequence));
  if (names.length > limits.x509.namesMax) throw new MalformedInput('the certificate has too many names');
  return names;
}

export interface SubjectNames {
  /** Lower case; a byte that no host name may hold shows as `\xNN`, so it equals no real name. */
  readonly dnsNames: readonly string[];
  /** RFC 5952 text. */
  readonly ipAddresses: readonly string[];
  /** How many names of other kinds (mail, URI, directory, ...) there are, so that "exactly these names" can be judged. */
  readonly others: number;
}

/** subjectAltName (RFC 5280 section 4.2.1.6). Pure; no extension is no names. @throws MalformedInput */
export function readSubjectNames(extensions: ReadonlyMap<string, Extension>): SubjectNames {
  const names = readGeneralNames(extensions);
  const dnsNames = names
    .filter((name) => name.tag === nameTags.dns)
    .map((name) => hostNameText(name.content));
  const ipAddresses = names
    .filter((name) => name.tag === nameTags.ip)
    .map((name) => formatIpAddress(name.content));
  return { dnsNames, ipAddresses, others: names.length - dnsNames.length - ipAddresses.length };
}

/** A dNSName's bytes as comparable text: lower case, bytes no host name may hold as `\\xNN`. Pure. */
export function hostNameText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x21-\x7e]|\\/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .toLowerCase();
}

/** RFC 5280 section 4.2.1.12 and 4.2.1.12's arcs; others stay dotted. */
const usageNames: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'any',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'ocspSigning',
};

/** extendedKeyUsage by name, unknown ones dotted. Pure; no extension is an empty list. @throws MalformedInput */
export function readUsages(extensions: ReadonlyMap<string, Extension>): string[] {
  const extension = extensions.get(extensionIds.extendedKeyUsage);
  if (extension === undefined) return [];
  const purposes = childrenOf(readDer(extension.value, tags.sequence));
  // "ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX)": an empty list is no list of any purpose.
  if (purposes.length === 0) throw new MalformedInput('extended key usage without any');
  return purposes.map((each) => {
    const oid = readOid(each);
    return usageNames[oid] ?? oid;
  });
}

/** basicConstraints (RFC 5280 section 4.2.1.9). Pure; no extension is no CA. `pathLength` null is unbounded. @throws MalformedInput */
export function readBasicConstraints(extensions: ReadonlyMap<string, Extension>): {
  readonly isCa: boolean;
  readonly pathLength: number | null;
} {
  const extension = extensions.get(extensionIds.basicConstraints);
  if (extension === undefined) return { isCa: false, pathLength: null };
  const parts = childrenOf(readDer(extension.value, tags.sequence));
  const isCa = parts[0]?.tag === tags.boolean && readBoolean(parts.shift());
  const [length, ...more] = parts;
  if (more.length > 0) throw new MalformedInput('basic constraints of more than two parts');
  return { isCa, pathLength: length === undefined ? null : readSmallInteger(length) };
}

/** keyUsage bits, the first bit first (RFC 5280 section 4.2.1.3): 5 is keyCertSign. Pure; null when there is no extension. @throws MalformedInput */
export function readKeyUsageBits(extensions: ReadonlyMap<string, Extension>): readonly number[] | null {
  const extension = extensions.get(extensionIds.keyUsage);
  if (extension === undefined) return null;
  return readNamedBits(readDer(extension.value, tags.bitString));
}

/** subjectKeyIdentifier, or null (RFC 5280 section 4.2.1.2). Pure. @throws MalformedInput */
export function readSubjectKeyIdentifier(extensions: ReadonlyMap<string, Extension>): Uint8Array | null {
  const extension = extensions.get(extensionIds.subjectKeyIdentifier);
  return extension === undefined ? null : readDer(extension.value, tags.octetString).content;
}

/** keyIdentifier of authorityKeyIdentifier, or null (RFC 5280 section 4.2.1.1). Pure. @throws MalformedInput */
export function readAuthorityKeyIdentifier(extensions: ReadonlyMap<string, Extension>): Uint8Array | null {
  const extension = extensions.get(extensionIds.authorityKeyIdentifier);
  if (extension === undefined) return null;
  const parts = childrenOf(readDer(extension.value, tags.sequence));
  return parts.find((part) => part.tag === 0x80)?.content ?? null;
}

/** The whole bytes of a BIT STRING in an SPKI: what a subject key identifier hashes. Pure. @throws MalformedInput */
export function publicKeyBits(spki: Uint8Array): Uint8Array {
  return readBitString(childrenOf(readDer(spki, tags.sequence))[1]);
}
