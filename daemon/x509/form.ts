/**
 * Forms that RFC 5280 section 4 demands of every certificate, whoever issued it. The list is the specification: one rule, one reason.
 * What only the Baseline Requirements demand is in `form-public.ts`.
 */
import {
  extensionIds,
  readBasicConstraints,
  readGeneralNames,
  readKeyUsageBits,
  type CertificateFields,
} from './certificate.ts';
import { readSignatureAlgorithm } from './algorithms.ts';
import { childrenOf, readDer, tags } from './der.ts';
import { relativeNames } from './distinguished-name.ts';
import { checkExtensions } from './extension-syntax.ts';
import { keyShapeDefect } from './key-test.ts';
import type { Role } from './path.ts';
import { isCertifiableName } from './server-name.ts';
import { hostNameText, nameTags } from './certificate.ts';

type FormRule = (fields: CertificateFields, role: Role) => string | null;

const rules: readonly FormRule[] = [
  versionFitsExtensions,
  serialIsPositive,
  algorithmsAgree,
  timesAreInDueForm,
  issuerIsNamed,
  extensionsAreReadable,
  criticalityIsDue,
  keyIsWritten,
  keyIdentifiersAreThere,
  authorityIsOne,
  leafIsNoAuthorityInDisguise,
  leafIsNamed,
];

/** The first form of one certificate that RFC 5280 forbids, or null. Pure. @throws MalformedInput */
export function formDefect(fields: CertificateFields, role: Role): string | null {
  for (const rule of rules) {
    const defect = rule(fields, role);
    if (defect !== null) return defect;
  }
  return null;
}

/** Sections 4.1.2.1, 4.1.2.8 and 4.1.2.9. */
function versionFitsExtensions(
  { version, extensions, hasUniqueIds }: CertificateFields,
  role: Role,
): string | null {
  if (extensions.size > 0 && version !== 3)
    return `the ${role} has extensions that its version does not know`;
  if (hasUniqueIds) return `the ${role} has unique identifiers, which no conforming CA writes`;
  return null;
}

/** Section 4.1.2.2: positive, at most 20 octets. */
function serialIsPositive({ serial }: CertificateFields, role: Role): string | null {
  const [first = 0x80] = serial;
  const isPositive = first < 0x80 && serial.some((byte) => byte !== 0);
  return isPositive && serial.length <= 20 ? null : `the ${role} has a serial number of a forbidden form`;
}

/** Section 4.1.1.2: "MUST contain the same algorithm identifier as the signature field". */
function algorithmsAgree({ signedAlgorithm, algorithm }: CertificateFields, role: Role): string | null {
  readSignatureAlgorithm(signedAlgorithm);
  return Buffer.compare(signedAlgorithm, algorithm) === 0
    ? null
    : `the ${role} names two signature algorithms`;
}

/** Section 4.1.2.5. */
function timesAreInDueForm({ notBefore, notAfter }: CertificateFields, role: Role): string | null {
  if (!notBefore.isInDueForm || !notAfter.isInDueForm)
    return `the ${role} has a time that must be written as UTCTime`;
  return notBefore.at <= notAfter.at ? null : `the ${role} ends before it begins`;
}

/** Section 4.1.2.4: "The issuer field MUST contain a non-empty distinguished name". */
function issuerIsNamed({ issuer }: CertificateFields, role: Role): string | null {
  return relativeNames(issuer).length > 0 ? null : `the ${role} does not name its issuer`;
}

function extensionsAreReadable({ extensions }: CertificateFields): null {
  checkExtensions(extensions);
  return null;
}

/** "Conforming CAs MUST mark this extension as non-critical": 4.2.1.1, 4.2.1.2, 4.2.1.8, 4.2.1.15, 4.2.2.1, 4.2.2.2. */
const neverCritical = [
  extensionIds.authorityKeyIdentifier,
  extensionIds.subjectKeyIdentifier,
  extensionIds.subjectDirectoryAttributes,
  extensionIds.freshestCrl,
  extensionIds.authorityInfoAccess,
  extensionIds.subjectInfoAccess,
];

/** "MUST mark this extension as critical": 4.2.1.10, 4.2.1.11, 4.2.1.14. */
const alwaysCritical: readonly (readonly [string, string])[] = [
  [extensionIds.nameConstraints, 'name constraints'],
  [extensionIds.policyConstraints, 'policy constraints'],
  [extensionIds.inhibitAnyPolicy, 'a ban on any policy'],
];

function criticalityIsDue({ extensions }: CertificateFields, role: Role): string | null {
  if (neverCritical.some((id) => extensions.get(id)?.critical === true))
    return `the ${role} has a critical extension that must not be critical`;
  const lax = alwaysCritical.find(([id]) => extensions.get(id)?.critical === false);
  return lax === undefined ? null : `the ${role} has ${lax[1]} that are not critical`;
}

function keyIsWritten({ spki }: CertificateFields, role: Role): string | null {
  const defect = keyShapeDefect(spki);
  return defect === null ? null : `the key of the ${role} ${defect}`;
}

/** Sections 4.2.1.1 and 4.2.1.2. A certificate that signs itself may leave its issuer's key out. */
function keyIdentifiersAreThere(
  { extensions, issuer, subject }: CertificateFields,
  role: Role,
): string | null {
  const extension = extensions.get(extensionIds.authorityKeyIdentifier);
  const selfIssued = Buffer.compare(issuer, subject) === 0;
  if (extension === undefined) return selfIssued ? null : `the ${role} does not identify its issuer's key`;
  const parts = childrenOf(readDer(extension.value, tags.sequence)).map((part) => part.tag);
  return selfIssued || parts.includes(0x80) ? null : `the ${role} does not identify its issuer's key`;
}

/** Sections 4.1.2.6, 4.2.1.2, 4.2.1.3 and 4.2.1.9, for what signs certificates. */
function authorityIsOne({ extensions, subject }: CertificateFields, role: Role): string | null {
  if (role === 'leaf') return null;
  if (relativeNames(subject).length === 0) return `the ${role} has no subject`;
  if (!extensions.has(extensionIds.subjectKeyIdentifier)) return `the ${role} has no key identifier`;
  const { isCa } = readBasicConstraints(extensions);
  if (!isCa || extensions.get(extensionIds.basicConstraints)?.critical !== true)
    return `the ${role} has basic constraints that are not critical, or none`;
  return null;
}

/** Sections 4.2.1.3, 4.2.1.9 and 4.2.1.10: what belongs to CAs stands in no other certificate. */
function leafIsNoAuthorityInDisguise({ extensions }: CertificateFields, role: Role): string | null {
  const { isCa, pathLength } = readBasicConstraints(extensions);
  const bits = readKeyUsageBits(extensions);
  if (bits?.length === 0) return `the ${role} has a key usage without any`;
  if (isCa) {
    // "unless the cA boolean is asserted and the key usage extension asserts the keyCertSign bit".
    return pathLength !== null && bits !== null && !bits.includes(5)
      ? `the ${role} has a path length without the key usage to sign certificates`
      : null;
  }
  if (bits?.includes(5) === true) return `the ${role} may sign certificates but is no CA`;
  if (pathLength !== null) return `the ${role} has a path length but is no CA`;
  return extensions.has(extensionIds.nameConstraints)
    ? `the ${role} has name constraints but is no CA`
    : null;
}

/** Section 4.2.1.6: with an empty subject the names are critical; a name of a host is one. */
function leafIsNamed({ extensions, subject }: CertificateFields, role: Role): string | null {
  const names = extensions.get(extensionIds.subjectAltName);
  if (relativeNames(subject).length === 0 && names?.critical !== true)
    return names === undefined
      ? `the ${role} has no name at all`
      : `the ${role} has no subject, and names that are not critical`;
  if (role !== 'leaf') return null;
  const odd = readGeneralNames(extensions).some(
    ({ tag, content }) => tag === nameTags.dns && !isCertifiableName(hostNameText(content)),
  );
  return odd ? 'the leaf has a DNS name that is none' : null;
}
