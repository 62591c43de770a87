/** Forms that the Baseline Requirements of the CA/Browser Forum demand on top of RFC 5280: for certificates that everybody's browser trusts. */
import { domainToUnicode } from 'node:url';
import { readSignatureAlgorithm } from './algorithms.ts';
import {
  extensionIds,
  readBasicConstraints,
  readKeyUsageBits,
  readSubjectNames,
  readUsages,
  type CertificateFields,
  type SubjectNames,
} from './certificate.ts';
import { childrenOf, readDer, tags } from './der.ts';
import { commonNames, relativeNames } from './distinguished-name.ts';
import { keyFacts } from './key-facts.ts';
import type { Role } from './path.ts';
import { isRegistryWildcard } from './server-name.ts';

/** The first form of one certificate that the Baseline Requirements forbid, or null. Pure. @throws MalformedInput */
export function publicFormDefect(fields: CertificateFields, role: Role): string | null {
  // BR 7.1.1.
  if (fields.version !== 3) return `the ${role} is not an X.509 version 3 certificate`;
  return (
    keyDefect(fields, role) ??
    identifierDefect(fields, role) ??
    (role === 'leaf' ? leafDefect(fields) : authorityDefect(fields, role))
  );
}

/** BR 6.1.5 and 7.1.3.1. Ed25519 and ML-DSA are not among what browsers' root programs admit. */
function keyDefect({ spki, algorithm }: CertificateFields, role: Role): string | null {
  const { keyAlgorithm, keyBits } = keyFacts(spki);
  const isAdmitted =
    keyAlgorithm === `rsa-${String(keyBits)}` || /^ecdsa-p(?:256|384|521)$/.test(keyAlgorithm);
  if (!isAdmitted) return `the ${role} has a key that public CAs may not certify (${keyAlgorithm})`;
  if (keyAlgorithm.startsWith('rsa') && (keyBits < 2048 || keyBits % 8 !== 0))
    return `the ${role} has an RSA key of ${String(keyBits)} bits`;
  const { isPublic, name } = readSignatureAlgorithm(algorithm);
  // A root's own signature proves nothing (7.1.3.2.1 lets old ones stand).
  return isPublic || role === 'root'
    ? null
    : `the ${role} is signed by ${name}, which public CAs may not use`;
}

/** BR 7.1.2.11.1: keyIdentifier and nothing else. */
function identifierDefect({ extensions }: CertificateFields, role: Role): string | null {
  const extension = extensions.get(extensionIds.authorityKeyIdentifier);
  if (extension === undefined) return null;
  const parts = childrenOf(readDer(extension.value, tags.sequence)).map((part) => part.tag);
  return parts.length === 1 && parts[0] === 0x80
    ? null
    : `the ${role} identifies its issuer's key in a forbidden form`;
}

/** BR 7.1.2.1 and 7.1.2.6. */
function authorityDefect({ extensions }: CertificateFields, role: Role): string | null {
  if (role === 'root' && extensions.has(extensionIds.extendedKeyUsage)) return 'the root has key purposes';
  // BR 7.1.2.10.7.
  return readKeyUsageBits(extensions)?.includes(5) === true
    ? null
    : `the ${role} has no key usage to sign certificates`;
}

/** BR 7.1.2.7. */
function leafDefect({ extensions, subject }: CertificateFields): string | null {
  if (readBasicConstraints(extensions).isCa) return 'the leaf is a CA';
  const purposes = readUsages(extensions);
  if (extensions.get(extensionIds.extendedKeyUsage)?.critical === true)
    return 'the leaf has critical key purposes';
  if (purposes.length === 0) return 'the leaf has no key purposes';
  if (purposes.includes('any')) return 'the leaf is for any purpose';
  const isCritical = extensions.get(extensionIds.subjectAltName)?.critical === true;
  if (isCritical && relativeNames(subject).length > 0) return 'the leaf has critical names beside a subject';
  const names = readSubjectNames(extensions);
  const odd = names.dnsNames.find((name) => !isPublicName(name));
  if (odd !== undefined) return 'the leaf has a DNS name that public CAs may not certify';
  return commonNameDefect(commonNames(subject), names);
}

/** BR 7.1.4.2.1 and 3.2.2.6: labels of IDNA are real ones, other labels have no dashes in their third and fourth place. */
function isPublicName(name: string): boolean {
  if (isRegistryWildcard(name)) return false;
  return name.split('.').every((label) => {
    // An A-label that stands for nothing stays as it is, or becomes nothing.
    if (label.startsWith('xn--')) return !/^(?:xn--|$)/.test(domainToUnicode(label));
    return label.slice(2, 4) !== '--';
  });
}

/** BR 7.1.4.3: one of the names, written as it. */
function commonNameDefect(
  written: readonly string[],
  { dnsNames, ipAddresses }: SubjectNames,
): string | null {
  if (written.length > 1) return 'the leaf has several common names';
  const [name] = written;
  // Names of this machine itself are nobody's: there is nothing that a common name could claim beyond them.
  const isLocal =
    dnsNames.every((each) => each === 'localhost') && ipAddresses.every((each) => /^127\.|^::1$/.test(each));
  if (name === undefined || dnsNames.length + ipAddresses.length === 0 || isLocal) return null;
  // The parent of a wildcard was validated with it.
  const isOne = dnsNames.some((each) => each === name || each === `*.${name}`) || ipAddresses.includes(name);
  return isOne ? null : 'the leaf has a common name that is none of its names';
}
