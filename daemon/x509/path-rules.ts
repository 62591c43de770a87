/**
 * What a path of certificates must fulfil (RFC 5280 section 6.1), as a list in reading order. Pure; finds no paths.
 * A rule gives the reason why a path is no good, or null.
 */
import type { X509Certificate } from 'node:crypto';
import type { Instant } from '../core/model.ts';
import {
  extensionIds,
  readBasicConstraints,
  readKeyUsageBits,
  readSubjectNames,
  readUsages,
  type CertificateFields,
} from './certificate.ts';
import { formDefect } from './form.ts';
import { keyFacts } from './key-facts.ts';
import { namesAllowed } from './name-constraints.ts';
import { isCertifiableName, matchesServerName } from './server-name.ts';

/** One certificate, read once. */
export interface PathCertificate {
  readonly der: Uint8Array;
  readonly fields: CertificateFields;
  readonly parsed: X509Certificate;
  readonly selfIssued: boolean;
}

export interface PathQuestion {
  readonly now: Instant;
  readonly serverName: string | null;
  readonly usage: 'serverAuth' | 'clientAuth';
  /** Also refuse what real clients let pass: forms that RFC 5280 forbids but that harm no one. */
  readonly strict: boolean;
  readonly depthMax: number;
}

/** Leaf first, anchor last. */
export type Path = readonly PathCertificate[];

type Rule = (path: Path, question: PathQuestion) => string | null;

const rules: readonly Rule[] = [
  everyoneIsInTime,
  issuersAreAuthorities,
  pathLengthsHold,
  criticalExtensionsAreKnown,
  keysAreStrong,
  signaturesAreStrong,
  usagesNest,
  leafIsNoAuthorityInDisguise,
  leafNamesAreNames,
  namesStayInsideConstraints,
  leafHasTheServerName,
  formsAreClean,
];

/** The first reason why this path is no good, or null when it is. Pure. @throws MalformedInput when an extension cannot be read */
export function pathDefect(path: Path, question: PathQuestion): string | null {
  for (const rule of rules) {
    const defect = rule(path, question);
    if (defect !== null) return defect;
  }
  return null;
}

function everyoneIsInTime(path: Path, { now }: PathQuestion): string | null {
  // RFC 5280 section 4.1.2.5: whole seconds, both ends included.
  const second = Math.floor(now / 1000) * 1000;
  for (const { parsed } of path) {
    if (!(parsed.validFromDate.getTime() <= second)) return 'a certificate of the path is not yet valid';
    if (!(parsed.validToDate.getTime() >= second)) return 'a certificate of the path has expired';
  }
  return null;
}

/** Sections 4.2.1.9 and 4.2.1.3. An anchor of version 1 or without the extension is trusted by decision, not by form. */
function issuersAreAuthorities(path: Path, { strict }: PathQuestion): string | null {
  for (const [index, { fields }] of path.entries()) {
    if (index === 0) continue;
    const isAnchor = index === path.length - 1;
    const silent = !fields.extensions.has(extensionIds.basicConstraints);
    if (!readBasicConstraints(fields.extensions).isCa && !(isAnchor && silent && !strict)) {
      return 'a certificate of the path signs without being a CA';
    }
    if (readKeyUsageBits(fields.extensions)?.includes(5) === false) {
      return 'a certificate of the path signs without the key usage for it';
    }
  }
  return null;
}

function pathLengthsHold(path: Path, { depthMax }: PathQuestion): string | null {
  let below = 0;
  for (const { fields, selfIssued } of path.slice(1)) {
    const { pathLength } = readBasicConstraints(fields.extensions);
    if (pathLength !== null && below > pathLength) return 'a CA of the path allows fewer CAs below it';
    if (!selfIssued) below++;
  }
  const intermediates = path.slice(1, -1).filter((each) => !each.selfIssued).length;
  return intermediates > depthMax ? 'the path is too long' : null;
}

const known: ReadonlySet<string> = new Set(Object.values(extensionIds));

function criticalExtensionsAreKnown(path: Path): string | null {
  for (const { fields } of path) {
    for (const [id, { critical }] of fields.extensions) {
      if (critical && !known.has(id))
        return `a certificate of the path has the unknown critical extension ${id}`;
    }
  }
  return null;
}

/** What every current TLS library accepts; RSA below 2048 bits and odd curves are refused by all. */
export function isStrongKey(keyAlgorithm: string, keyBits: number): boolean {
  if (/^rsa(-pss)?-\d+$/.test(keyAlgorithm)) return keyBits >= 2048;
  return /^(ecdsa-p(256|384|521)|ed25519|ed448|ml-dsa-\d+)$/.test(keyAlgorithm);
}

function keysAreStrong(path: Path): string | null {
  const weak = path
    .map(({ fields }) => keyFacts(fields.spki))
    .find((key) => !isStrongKey(key.keyAlgorithm, key.keyBits));
  return weak === undefined ? null : `a certificate of the path has a weak key (${weak.keyAlgorithm})`;
}

/** Is this signature algorithm (as node:crypto names it) one that may still be believed? Pure. */
export function isStrongSignature(signatureAlgorithm: string | undefined): boolean {
  return !/md[245]|sha1|sha-1$|sha1\b|ripemd/i.test(signatureAlgorithm ?? 'sha1');
}

/** The anchor's own signature proves nothing and is not looked at. */
function signaturesAreStrong(path: Path): string | null {
  const weak = path.slice(0, -1).find(({ parsed }) => !isStrongSignature(parsed.signatureAlgorithm));
  return weak === undefined
    ? null
    : `a signature of the path is weak (${weak.parsed.signatureAlgorithm ?? 'unknown'})`;
}

/** Extended key usages of CAs bound those below, as all clients read it (RFC 5280 leaves it open). */
function usagesNest(path: Path, { usage }: PathQuestion): string | null {
  for (const { fields } of path) {
    const usages = readUsages(fields.extensions);
    if (usages.length > 0 && !usages.includes(usage) && !usages.includes('any')) {
      return `a certificate of the path is not for ${usage}`;
    }
  }
  return null;
}

function leafIsNoAuthorityInDisguise(path: Path): string | null {
  const extensions = path[0]?.fields.extensions ?? new Map();
  const signs = readKeyUsageBits(extensions)?.includes(5) === true;
  return signs && !readBasicConstraints(extensions).isCa
    ? 'the leaf may sign certificates but is no CA'
    : null;
}

function leafNamesAreNames(path: Path): string | null {
  const leaf = path[0];
  if (leaf === undefined) return 'there is no leaf';
  const odd = readSubjectNames(leaf.fields.extensions).dnsNames.find((name) => !isCertifiableName(name));
  return odd === undefined ? null : 'the leaf has a DNS name that is none';
}

/** Section 6.1.3 (b) and (c): self-issued certificates are exempt unless they are the leaf. */
function namesStayInsideConstraints(path: Path): string | null {
  for (const [index, ca] of path.entries()) {
    const below = path.slice(0, index).filter((each, position) => position === 0 || !each.selfIssued);
    if (!below.every((each) => namesAllowed(ca.fields, each.fields))) {
      return 'a name is outside what a CA of the path may sign';
    }
  }
  return null;
}

function leafHasTheServerName(path: Path, { serverName }: PathQuestion): string | null {
  const leaf = path[0];
  if (serverName === null || leaf === undefined) return null;
  return matchesServerName(readSubjectNames(leaf.fields.extensions), serverName)
    ? null
    : 'the leaf does not have the name that was asked for';
}

function formsAreClean(path: Path, { strict }: PathQuestion): string | null {
  if (!strict) return null;
  for (const [index, { fields }] of path.entries()) {
    const defect = formDefect(
      fields,
      index === 0 ? 'leaf' : index === path.length - 1 ? 'root' : 'intermediate',
    );
    if (defect !== null) return defect;
  }
  return null;
}
