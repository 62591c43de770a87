/**
 * Forms that RFC 5280 section 4 or the CA/Browser Forum Baseline Requirements forbid although clients accept them.
 * Used only for strict verdicts: a private root without a key identifier is untidy, not untrusted.
 */
import {
  extensionIds,
  readBasicConstraints,
  readSubjectNames,
  type CertificateFields,
} from './certificate.ts';
import { childrenOf, readDer, tags } from './der.ts';
import { commonNames, relativeNames } from './distinguished-name.ts';
import { canonicalIpAddress } from './ip-address.ts';

export type Role = 'leaf' | 'intermediate' | 'root';

/** "Conforming CAs MUST mark this extension as non-critical": 4.2.1.1, 4.2.1.2, 4.2.2.1. */
const neverCritical = [
  extensionIds.authorityKeyIdentifier,
  extensionIds.subjectKeyIdentifier,
  extensionIds.authorityInfoAccess,
];

/** The first forbidden form of one certificate, or null. Pure. @throws MalformedInput */
export function formDefect(fields: CertificateFields, role: Role): string | null {
  const { extensions } = fields;
  if (fields.version !== 3) return `the ${role} is not an X.509 version 3 certificate`;
  const [first = 0x80] = fields.serial;
  if (first >= 0x80 || fields.serial.length > 20)
    return `the ${role} has a serial number of a forbidden form`;
  if (neverCritical.some((id) => extensions.get(id)?.critical === true)) {
    return `the ${role} has a critical extension that must not be critical`;
  }
  if (extensions.get(extensionIds.policyConstraints)?.critical === false) {
    return `the ${role} has policy constraints that are not critical`;
  }
  return (
    keyIdentifierDefect(fields, role) ??
    (role === 'leaf' ? leafDefect(fields) : authorityDefect(fields, role))
  );
}

function keyIdentifierDefect({ extensions, issuer, subject }: CertificateFields, role: Role): string | null {
  const extension = extensions.get(extensionIds.authorityKeyIdentifier);
  if (extension === undefined) {
    const selfIssued = Buffer.compare(issuer, subject) === 0;
    return selfIssued ? null : `the ${role} does not identify its issuer's key`;
  }
  const parts = childrenOf(readDer(extension.value, tags.sequence)).map((part) => part.tag);
  // BR 7.1.2.11.1: keyIdentifier and nothing else.
  return parts.length === 1 && parts[0] === 0x80
    ? null
    : `the ${role} identifies its issuer's key in a forbidden form`;
}

function authorityDefect({ extensions, subject }: CertificateFields, role: Role): string | null {
  if (relativeNames(subject).length === 0) return `the ${role} has no subject`;
  if (!extensions.has(extensionIds.subjectKeyIdentifier)) return `the ${role} has no key identifier`;
  if (extensions.get(extensionIds.basicConstraints)?.critical !== true) {
    return `the ${role} has basic constraints that are not critical`;
  }
  return null;
}

function leafDefect({ extensions, subject }: CertificateFields): string | null {
  if (readBasicConstraints(extensions).isCa) return 'the leaf is a CA';
  if (extensions.get(extensionIds.extendedKeyUsage)?.critical === true)
    return 'the leaf has critical key purposes';
  const names = readSubjectNames(extensions);
  // BR 7.1.4.3 is about server certificates; one with mail names only is none.
  if (names.dnsNames.length + names.ipAddresses.length === 0) return null;
  const missing = commonNames(subject).find(
    (name) =>
      !names.dnsNames.includes(name.toLowerCase()) &&
      !(canonicalIpAddress(name) === name && names.ipAddresses.includes(name)),
  );
  return missing === undefined ? null : 'the leaf has a common name that is none of its names';
}
