/**
 * What a path of certificates must fulfil (RFC 5280 section 6.1), as a list in reading order. Pure; finds no paths.
 * A rule gives the reason why a path is no good, or null.
 */
import { readSignatureAlgorithm } from './algorithms.ts';
import {
  extensionIds,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsageBits,
  readSubjectKeyIdentifier,
  readSubjectNames,
  readUsages,
} from './certificate.ts';
import { childrenOf, readDer, tags } from './der.ts';
import { formDefect } from './form.ts';
import { publicFormDefect } from './form-public.ts';
import { keyFacts } from './key-facts.ts';
import { namesAllowed } from './name-constraints.ts';
import { roleAt, type Path, type PathCertificate, type PathQuestion } from './path.ts';
import { lacksPolicy } from './policy-tree.ts';
import { matchesServerName } from './server-name.ts';

type Rule = (path: Path, question: PathQuestion) => string | null;

const rules: readonly Rule[] = [
  everyoneIsInTime,
  issuersAreAuthorities,
  pathLengthsHold,
  criticalExtensionsAreKnown,
  keysAreStrong,
  signaturesAreStrong,
  keyIdentifiersAgree,
  usagesNest,
  formsAreDue,
  leafServesItsUsage,
  policiesHold,
  namesStayInsideConstraints,
  leafHasTheServerName,
];

/**
 * The first reason why this path is no good, or null when it is. Takes work from the question's budget; otherwise pure.
 * @throws MalformedInput when an extension cannot be read, TooMuchWork when the budget is used up
 */
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
  for (const { fields } of path) {
    if (fields.notBefore.at > second) return 'a certificate of the path is not yet valid';
    if (fields.notAfter.at < second) return 'a certificate of the path has expired';
  }
  return null;
}

/** Sections 4.2.1.9 and 4.2.1.3. A declared anchor without the extension is trusted by decision, not by form. */
function issuersAreAuthorities(path: Path, { anchorsAsDeclared }: PathQuestion): string | null {
  for (const [index, { fields }] of path.entries()) {
    if (index === 0) continue;
    const isAnchor = index === path.length - 1;
    const silent = !fields.extensions.has(extensionIds.basicConstraints);
    if (!readBasicConstraints(fields.extensions).isCa && !(isAnchor && silent && anchorsAsDeclared)) {
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

/** What is obeyed here; must-staple (RFC 7633) is answered in the handshake. */
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

/** The anchor's own signature proves nothing and is not looked at. */
function signaturesAreStrong(path: Path): string | null {
  for (const [index, { fields }] of path.slice(0, -1).entries()) {
    const { name, keys, isStrong } = readSignatureAlgorithm(fields.algorithm);
    if (!isStrong) return `a signature of the path is weak (${name})`;
    const signer = path[index + 1];
    if (signer !== undefined && !keyFacts(signer.fields.spki).keyAlgorithm.startsWith(keys))
      return `a signature of the path (${name}) is of another kind than the key`;
  }
  return null;
}

/** Section 4.2.1.1: what a certificate says of its issuer's key is not contradicted by the issuer. A root speaks of itself. */
function keyIdentifiersAgree(path: Path, { anchorsAsDeclared }: PathQuestion): string | null {
  for (const [index, certificate] of path.entries()) {
    const isAnchor = index === path.length - 1;
    const issuer = isAnchor && certificate.selfIssued && !anchorsAsDeclared ? certificate : path[index + 1];
    if (issuer !== undefined && contradicts(certificate, issuer))
      return "a certificate of the path identifies another key than its issuer's";
  }
  return null;
}

function contradicts({ fields }: PathCertificate, issuer: PathCertificate): boolean {
  const wanted = readAuthorityKeyIdentifier(fields.extensions);
  const has = readSubjectKeyIdentifier(issuer.fields.extensions);
  if (wanted !== null && has !== null && Buffer.compare(wanted, has) !== 0) return true;
  const extension = fields.extensions.get(extensionIds.authorityKeyIdentifier);
  const parts = extension === undefined ? [] : childrenOf(readDer(extension.value, tags.sequence));
  const serial = parts.find((part) => part.tag === 0x82)?.content;
  if (serial !== undefined && Buffer.compare(serial, issuer.fields.serial) !== 0) return true;
  const names = parts.find((part) => part.tag === 0xa1);
  const directories = names === undefined ? [] : childrenOf(names).filter((name) => name.tag === 0xa4);
  return (
    directories.length > 0 &&
    !directories.some(({ content }) => Buffer.compare(content, issuer.fields.issuer) === 0)
  );
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

function formsAreDue(path: Path, { profile, anchorsAsDeclared }: PathQuestion): string | null {
  for (const [index, { fields }] of path.entries()) {
    const role = roleAt(path, index);
    if (role === 'root' && anchorsAsDeclared) continue;
    const defect = formDefect(fields, role) ?? (profile === 'public' ? publicFormDefect(fields, role) : null);
    if (defect !== null) return defect;
  }
  return null;
}

/** Section 4.2.1.12: a server or client signs the handshake, or (with RSA, before TLS 1.3) agrees on keys. */
function leafServesItsUsage(path: Path): string | null {
  const extensions = path[0]?.fields.extensions ?? new Map();
  const bits = readKeyUsageBits(extensions);
  if (bits === null || readBasicConstraints(extensions).isCa) return null;
  return bits.some((bit) => [0, 2, 4].includes(bit)) ? null : 'the key usage of the leaf is not for TLS';
}

function policiesHold(path: Path): string | null {
  return lacksPolicy(path) ? 'the path has no policy, and a CA of it demands one' : null;
}

/** Section 6.1.3 (b) and (c): self-issued certificates are exempt unless they are the leaf. */
function namesStayInsideConstraints(path: Path, { comparisons }: PathQuestion): string | null {
  for (const [index, ca] of path.entries()) {
    const below = path.slice(0, index).filter((each, position) => position === 0 || !each.selfIssued);
    if (!below.every((each) => namesAllowed(ca.fields, each.fields, comparisons))) {
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
