/** Certificate revocation lists (RFC 5280 section 5): reads one strictly, and says what lists at hand say of a certificate. Fetches none. */
import type { Instant } from '../core/model.ts';
import { limits } from '../limits.ts';
import { isSignedBy } from './algorithms.ts';
import {
  extensionIds,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtensionList,
  readKeyUsageBits,
  readSubjectKeyIdentifier,
  type CertificateFields,
  type Extension,
} from './certificate.ts';
import {
  childrenOf,
  expectTag,
  readBitString,
  readBoolean,
  readDer,
  readInteger,
  readSmallInteger,
  tags,
  type Der,
} from './der.ts';
import { readDistributionPoints, readPointNames } from './extension-syntax.ts';
import { MalformedInput } from './malformed.ts';
import { readTime } from './time.ts';

export interface CrlFields {
  /** DER of the issuer's Name. */
  readonly issuer: Uint8Array;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant;
  readonly number: bigint;
  /** Serial numbers, lower-case hex of the INTEGER's content. */
  readonly revoked: ReadonlySet<string>;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** What is signed, by what algorithm, and the signature. */
  readonly body: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
}

const crlNumber = '2.5.29.20';
const deltaIndicator = '2.5.29.27';
const issuingDistributionPoint = '2.5.29.28';
const certificateIssuer = '2.5.29.29';

/**
 * Reads one CRL (DER) of version 2, whole and with all it must have: nextUpdate, a number, the key of its issuer. Pure.
 * @throws MalformedInput for other forms, extensions that are critical and not known, and lists beyond `limits.x509`
 */
export function readCrl(der: Uint8Array): CrlFields {
  if (der.length > limits.x509.crlMaxBytes) throw new MalformedInput('the CRL is too large');
  const [body, outer, signature, ...after] = childrenOf(readDer(der, tags.sequence));
  const [version, algorithm, issuer, thisUpdate, nextUpdate, ...rest] = childrenOf(
    expectTag(body, tags.sequence),
  );
  if (after.length > 0 || readSmallInteger(version) !== 1)
    throw new MalformedInput('the CRL is not of version 2');
  const signed = expectTag(algorithm, tags.sequence).whole;
  if (Buffer.compare(signed, expectTag(outer, tags.sequence).whole) !== 0)
    throw new MalformedInput('the CRL names two signature algorithms');
  const entries = rest[0]?.tag === tags.sequence ? rest.shift() : undefined;
  const [explicit, ...more] = rest;
  const [list, ...others] = explicit?.tag === 0xa0 ? childrenOf(explicit) : [];
  if (more.length + others.length > 0) throw new MalformedInput('the CRL holds more than RFC 5280 allows');
  const times = [readTime(thisUpdate), readTime(nextUpdate)];
  if (!times.every(({ isInDueForm }) => isInDueForm))
    throw new MalformedInput('the CRL has a time that must be UTCTime');
  const extensions = readExtensionList(expectTag(list, tags.sequence));
  return {
    number: checkCrlExtensions(extensions),
    issuer: expectTag(issuer, tags.sequence).whole,
    thisUpdate: times[0]?.at ?? 0,
    nextUpdate: times[1]?.at ?? 0,
    revoked: readRevoked(entries),
    extensions,
    body: expectTag(body, tags.sequence).whole,
    algorithm: signed,
    signature: readBitString(signature),
  };
}

/** Section 5.2: number and key identifier always, neither critical; nothing critical that is not obeyed here. Gives the number. */
function checkCrlExtensions(extensions: ReadonlyMap<string, Extension>): bigint {
  const number = extensions.get(crlNumber);
  if (number === undefined || number.critical)
    throw new MalformedInput('the CRL has no number, or a critical one');
  const value = readInteger(readDer(number.value, tags.integer));
  if (value.length > 20 || (value[0] ?? 0x80) >= 0x80)
    throw new MalformedInput('the CRL has a number of a forbidden form');
  if (extensions.get(extensionIds.authorityKeyIdentifier)?.critical === true)
    throw new MalformedInput('the CRL has a critical key identifier');
  if (extensions.has(deltaIndicator)) throw new MalformedInput('the CRL tells only what changed');
  const point = extensions.get(issuingDistributionPoint);
  if (point?.critical === false)
    throw new MalformedInput('the CRL has a distribution point that is not critical');
  for (const [id, { critical }] of extensions)
    if (critical && id !== issuingDistributionPoint)
      throw new MalformedInput(`the CRL has the unknown critical extension ${id}`);
  return BigInt(`0x${Buffer.from(value).toString('hex')}`);
}

function readRevoked(entries: Der | undefined): ReadonlySet<string> {
  const revoked = new Set<string>();
  const rows = entries === undefined ? [] : childrenOf(entries, limits.x509.crlEntriesMax);
  for (const row of rows) {
    const [serial, at, list, ...more] = childrenOf(expectTag(row, tags.sequence));
    readTime(at);
    if (more.length > 0) throw new MalformedInput('an entry of the CRL with more than three parts');
    const extensions =
      list === undefined ? new Map<string, Extension>() : readExtensionList(expectTag(list, tags.sequence));
    // Section 5.3: an entry of another issuer, or one that says something critical, is not for us to pass over.
    if (extensions.has(certificateIssuer) || [...extensions.values()].some(({ critical }) => critical))
      throw new MalformedInput('the CRL has an entry that cannot be judged');
    revoked.add(Buffer.from(readInteger(serial)).toString('hex'));
  }
  return revoked;
}

/**
 * What lists at hand say of a certificate, as a reason against it or null. Lists of other issuers say nothing. A list of its issuer that cannot
 * be used is a reason too, unless another one can: whoever damages the list must not bring a revoked certificate back. Pure, bounded.
 */
export function revocationDefect(
  certificate: CertificateFields,
  issuer: CertificateFields,
  crls: readonly CrlFields[],
  now: Instant,
): string | null {
  let unusable: string | null = null;
  let isCovered = false;
  for (const crl of crls) {
    if (Buffer.compare(crl.issuer, certificate.issuer) !== 0) continue;
    const defect = crlDefect(crl, issuer, now);
    if (defect !== null) {
      unusable ??= defect;
      continue;
    }
    const coverage = coverageOf(crl, certificate);
    if (coverage === 'other') continue;
    if (crl.revoked.has(Buffer.from(certificate.serial).toString('hex')))
      return 'a certificate of the path is revoked';
    if (coverage === 'whole') isCovered = true;
  }
  return isCovered || unusable === null ? null : `the CRL of an issuer cannot be used: ${unusable}`;
}

/** Did this authority, by name and key, sign this list? Pure; says nothing about the time. */
export function isCrlOf(crl: CrlFields, issuer: CertificateFields): boolean {
  return Buffer.compare(crl.issuer, issuer.subject) === 0 && crlDefect(crl, issuer, crl.thisUpdate) === null;
}

/** Section 6.3.3 (f) and (g), and the time. */
function crlDefect(crl: CrlFields, issuer: CertificateFields, now: Instant): string | null {
  if (crl.thisUpdate > now) return 'it is not yet valid';
  if (crl.nextUpdate < Math.floor(now / 1000) * 1000) return 'it has expired';
  if (readKeyUsageBits(issuer.extensions)?.includes(6) === false) return 'its issuer may not sign CRLs';
  const wanted = readAuthorityKeyIdentifier(crl.extensions);
  const has = readSubjectKeyIdentifier(issuer.extensions);
  if (wanted === null) return 'it does not identify the key of its issuer';
  if (has !== null && Buffer.compare(wanted, has) !== 0) return 'it is by another key of its issuer';
  return isSignedBy(issuer.spki, crl.algorithm, crl.body, crl.signature)
    ? null
    : 'its signature does not hold';
}

/** Section 5.2.5: is this list about such a certificate, and about every reason? Only then does silence mean "not revoked". */
function coverageOf(crl: CrlFields, { extensions }: CertificateFields): 'whole' | 'part' | 'other' {
  const extension = crl.extensions.get(issuingDistributionPoint);
  if (extension === undefined) return 'whole';
  const parts = childrenOf(readDer(extension.value, tags.sequence));
  const part = (tag: number): Der | undefined => parts.find((each) => each.tag === tag);
  const says = (tag: number): boolean => {
    const flag = part(tag);
    return flag !== undefined && readBoolean({ ...flag, tag: tags.boolean });
  };
  const { isCa } = readBasicConstraints(extensions);
  if (says(0x85) || says(0x84) || (says(0x81) && isCa) || (says(0x82) && !isCa)) return 'other';
  const point = part(0xa0);
  if (point !== undefined && !sharesPoint(readPointNames(point), extensions)) return 'other';
  return part(0x83) === undefined ? 'whole' : 'part';
}

function sharesPoint(names: readonly Der[], extensions: ReadonlyMap<string, Extension>): boolean {
  const own = extensions.get(extensionIds.crlDistributionPoints);
  if (own === undefined) return false;
  return readDistributionPoints(own.value).some((list) =>
    list.some((mine) => names.some((name) => Buffer.compare(mine.whole, name.whole) === 0)),
  );
}
