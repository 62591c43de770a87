/**
 * Reads a PKCS#10 request (RFC 2986) and compares it with the plan. A CSR proves possession of a key and nothing else:
 * names come from the declaration, and a CSR that asks for anything else is refused, not corrected.
 */
import { createHash } from 'node:crypto';
import type { KeyAlgorithm } from '../core/model.ts';
import { limits } from '../limits.ts';
import { firstOf } from '../said-text.ts';
import { isSignedBy } from './algorithms.ts';
import { readExtensionList, readSubjectNames, type Extension } from './certificate.ts';
import { excessOf, extensionRequests } from './csr-contents.ts';
import {
  childrenOf,
  expectTag,
  readBitString,
  readDer,
  readOid,
  readSmallInteger,
  tags,
  type Der,
} from './der.ts';
import { commonNames } from './distinguished-name.ts';
import { canonicalIpAddress } from './ip-address.ts';
import { keyFacts } from './key-facts.ts';
import { keyDefect } from './key-test.ts';
import { MalformedInput } from './malformed.ts';

export interface CsrFacts {
  /** SHA-256 of the SubjectPublicKeyInfo DER, lower-case hex. */
  readonly spki: string;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** In the words of declarations: `ecdsa-p256`. */
  readonly keyAlgorithm: string;
  readonly keyBits: number;
  readonly commonNames: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Names of other kinds asked for. */
  readonly otherNames: number;
  /** The first thing it says beyond names and a key, as a phrase that continues "the CSR ...", or null: see `csr-contents.ts`. */
  readonly excess: string | null;
  /** The request is signed by the key it asks a certificate for. */
  readonly provesPossession: boolean;
}

/** Reads one CSR. Pure. @throws MalformedInput when the bytes are not exactly one CSR or exceed `limits.x509.csrMaxBytes` */
export function readCsr(der: Uint8Array): CsrFacts {
  if (der.length > limits.x509.csrMaxBytes) throw new MalformedInput('the CSR is too large');
  const [request, algorithm, signature, ...after] = childrenOf(readDer(der, tags.sequence));
  const [version, subject, spki, attributes, ...more] = childrenOf(expectTag(request, tags.sequence));
  if (after.length + more.length > 0) throw new MalformedInput('the CSR holds more than RFC 2986 allows');
  // RFC 2986 section 4.1: version 1, written as 0, is the only one.
  if (readSmallInteger(version) !== 0)
    throw new MalformedInput('the CSR is of a version that RFC 2986 does not know');
  const publicKey = expectTag(spki, tags.sequence).whole;
  const extensions = requestedExtensions(attributes);
  const names = readSubjectNames(extensions);
  return {
    spki: createHash('sha256').update(publicKey).digest('hex'),
    publicKey,
    ...keyFacts(publicKey),
    commonNames: commonNames(expectTag(subject, tags.sequence).whole),
    dnsNames: names.dnsNames,
    ipAddresses: names.ipAddresses,
    otherNames: names.others,
    excess: excessOf(expectTag(subject, tags.sequence).whole, attributes, extensions),
    provesPossession: isSignedBy(
      publicKey,
      expectTag(algorithm, tags.sequence).whole,
      expectTag(request, tags.sequence).whole,
      readBitString(signature),
    ),
  };
}

/** A second list of extensions could be the one that the CA reads: it is refused, not passed over. */
function requestedExtensions(attributes: Der | undefined): ReadonlyMap<string, Extension> {
  if (attributes === undefined) return new Map();
  const lists = childrenOf(expectTag(attributes, 0xa0)).flatMap((attribute) => {
    const [type, values] = childrenOf(expectTag(attribute, tags.sequence));
    return extensionRequests.includes(readOid(type)) ? childrenOf(expectTag(values, tags.set)) : [];
  });
  if (lists.length > 1) throw new MalformedInput('the CSR asks for extensions twice');
  return lists[0] === undefined ? new Map() : readExtensionList(expectTag(lists[0], tags.sequence));
}

/**
 * How the CSR differs from the plan, as a phrase that continues "the CSR ...", or null when it does not. Pure.
 * The names must be exactly those expected, as sets; a common name must be one of them; beside them it may say nothing (`csr-contents.ts`).
 */
export function checkCsr(
  csr: CsrFacts,
  expected: {
    readonly dnsNames: readonly string[];
    readonly ipAddresses: readonly string[];
    readonly algorithm: KeyAlgorithm;
  },
): string | null {
  if (!csr.provesPossession) return 'is not signed by the key it is for';
  if (csr.excess !== null) return csr.excess;
  if (csr.keyAlgorithm !== expected.algorithm) {
    return `has a key of ${csr.keyAlgorithm} instead of ${expected.algorithm}`;
  }
  const defect = keyDefect(csr.publicKey);
  if (defect !== null) return `has a key that is none: the key ${defect}`;
  if (csr.otherNames > 0) return 'asks for names that are neither DNS names nor IP addresses';
  const names = expected.dnsNames.map((name) => name.toLowerCase());
  const addresses = expected.ipAddresses.map((address) => canonicalIpAddress(address) ?? address);
  const odd = strangeCommonName(csr.commonNames, expected);
  if (odd !== null) return `has the common name ${odd}, which is not planned`;
  return (
    namesDiffer('DNS names', csr.dnsNames, names) ?? namesDiffer('IP addresses', csr.ipAddresses, addresses)
  );
}

/** The first common name that is none of the planned names, to the character, as a quoted text; null for none. One rule for CSRs and certificates. Pure. */
export function strangeCommonName(
  commonNames: readonly string[],
  planned: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] },
): string | null {
  const known = [
    ...planned.dnsNames.map((name) => name.toLowerCase()),
    ...planned.ipAddresses.map((address) => canonicalIpAddress(address) ?? address),
  ];
  const odd = commonNames.find((name) => !known.includes(canonicalIpAddress(name) ?? name.toLowerCase()));
  return odd === undefined ? null : JSON.stringify(firstOf(odd, 100));
}

/** Compares two sets of names: a phrase that says what is missing and what is too much, or null. Pure. */
export function namesDiffer(
  what: string,
  actual: readonly string[],
  wanted: readonly string[],
): string | null {
  const missing = wanted.filter((name) => !actual.includes(name));
  const extra = actual.filter((name) => !wanted.includes(name));
  if (missing.length === 0 && extra.length === 0) return null;
  const list = (names: readonly string[]): string => names.slice(0, 5).join(', ');
  const parts = [
    ...(missing.length > 0 ? [`lacks ${list(missing)}`] : []),
    ...(extra.length > 0 ? [`has ${list(extra)} which was not asked for`] : []),
  ];
  return `has other ${what} than planned: it ${parts.join(' and ')}`;
}
