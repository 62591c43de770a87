/**
 * A certificate's DER to the plain facts that core judges. The hot fields come from node:crypto (0.1 ms a certificate);
 * names, usages and keys come from our own strict reader, because node:crypto shows them as text to be parsed again.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import type { CertificateFacts } from '../core/model.ts';
import { readSignatureAlgorithm } from './algorithms.ts';
import { readBasicConstraints, readCertificateFields, readSubjectNames, readUsages } from './certificate.ts';
import { keyFacts } from './key-facts.ts';
import { MalformedInput } from './malformed.ts';
import { costOf, isVerifiedBy, parseCertificate } from './parse.ts';

/**
 * The facts of one certificate. Pure, no IO; equal bytes give equal facts.
 * `serial` is the value as openssl prints it, lower case, an even number of digits, with a minus when it is negative. `subject` and `issuer` are RFC 4514
 * strings (most specific first) with `, ` between the parts. `keyAlgorithm` speaks the words of declarations
 * (`ecdsa-p256`, `rsa-2048`, `ed25519`, also `rsa-1024`, `ecdsa-p521`, `ml-dsa-65`), and is a dotted OID for what node:crypto does not know.
 * `usages` are extended key usages by name (`serverAuth`, ...), dotted where unknown.
 * `effort` is what verifying its own signature may cost, in units of `verificationCost`: it is taken from there, and `selfSigned` is false where too little is left.
 * Absent: it may cost what it costs, 4 ms at most.
 * @throws MalformedInput when the bytes are not exactly one certificate, or exceed `limits.x509`
 */
export function certificateFacts(der: Uint8Array, effort?: { left: number }): CertificateFacts {
  const fields = readCertificateFields(der);
  const names = readSubjectNames(fields.extensions);
  const parsed = parseCertificate(der);
  return {
    fingerprint: sha256(der),
    spki: sha256(fields.spki),
    serial: serialText(fields.serial),
    subject: nameText(parsed.subject),
    issuer: nameText(parsed.issuer),
    dnsNames: names.dnsNames,
    ipAddresses: names.ipAddresses,
    notBefore: fields.notBefore.at,
    notAfter: fields.notAfter.at,
    ...keyFacts(fields.spki),
    signatureAlgorithm:
      signatureName(fields.algorithm) ?? parsed.signatureAlgorithm ?? parsed.signatureAlgorithmOid,
    usages: readUsages(fields.extensions),
    isCa: readBasicConstraints(fields.extensions).isCa,
    // RFC 5280 section 3.2: self-issued, and the signature verifies with the key inside.
    selfSigned: Buffer.compare(fields.subject, fields.issuer) === 0 && signsItself(parsed, effort),
  };
}

/** False where verifying costs more than is left; else what it costs is taken. */
function signsItself(parsed: X509Certificate, effort: { left: number } | undefined): boolean {
  if (effort === undefined) return isVerifiedBy(parsed, parsed);
  if (effort.left <= 0) return false;
  effort.left -= costOf(parsed);
  return effort.left >= 0 && isVerifiedBy(parsed, parsed);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** As openssl prints it: the number in hexadecimal, whole bytes, a minus in front of a negative one. */
function serialText(content: Uint8Array): string {
  const unsigned = BigInt(`0x0${Buffer.from(content).toString('hex')}`);
  const isNegative = (content[0] ?? 0) >= 0x80;
  const digits = (isNegative ? (1n << BigInt(8 * content.length)) - unsigned : unsigned).toString(16);
  return `${isNegative ? '-' : ''}${digits.length % 2 === 0 ? digits : `0${digits}`}`;
}

/** With the hash of RSASSA-PSS, which decides what it is worth; null for one whose parameters cannot be read. */
function signatureName(algorithm: Uint8Array): string | null {
  try {
    const { name, keys } = readSignatureAlgorithm(algorithm);
    return keys === '' ? null : name;
  } catch (error) {
    if (error instanceof MalformedInput) return null;
    throw error;
  }
}

/** node:crypto writes one RDN a line, in encoded order, escaped as RFC 4514 asks (a line end inside a value is `\0A`). */
function nameText(lines: string | undefined): string {
  return (lines ?? '').split('\n').toReversed().join(', ');
}
