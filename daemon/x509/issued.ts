/**
 * The check of every certificate an issuer returns, before it is used: distrust every issuer equally. A certificate that
 * deviates is never installed and never loops (cert-manager 1.19.3 fixed such a loop).
 */
import type { ExtendedKeyUsage, Instant } from '../core/model.ts';
import { limits } from '../limits.ts';
import { readSignatureAlgorithm } from './algorithms.ts';
import {
  extensionIds,
  readBasicConstraints,
  readCertificateFields,
  readKeyUsageBits,
  readSubjectNames,
  readUsages,
} from './certificate.ts';
import { judgeChain } from './chain.ts';
import { namesDiffer, readCsr, strangeCommonName } from './csr.ts';
import { commonNames } from './distinguished-name.ts';
import { certificateFacts } from './facts.ts';
import { canonicalIpAddress } from './ip-address.ts';
import { keyDefect } from './key-test.ts';
import { MalformedInput } from './malformed.ts';
import { isVerifiedBy, parseCertificate } from './parse.ts';

export interface IssuedQuestion {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** DER of the CSR that was sent; null where possession of the key is proved in another way. */
  readonly csr: Uint8Array | null;
  /** What git and policy approved. */
  readonly subject: {
    readonly dnsNames: readonly string[];
    readonly ipAddresses: readonly string[];
    readonly usages: readonly ExtendedKeyUsage[];
    readonly lifetimeMs: number | null;
  };
  /** DER of the roots that clients trust; null: not judged here. */
  readonly trustAnchors: readonly Uint8Array[] | null;
  readonly now: Instant;
}

/**
 * Every deviation of an issued chain from CSR and plan, each as a phrase about "the certificate"; an empty list when there is none.
 * Pure, bounded, never throws for hostile bytes.
 */
export function checkIssued(question: IssuedQuestion): string[] {
  try {
    const [leaf] = question.chain;
    if (leaf === undefined) return ['the chain is empty'];
    if (question.chain.length > limits.x509.chainMax) return ['the chain is too long'];
    return [
      ...checkKeyAndNames(leaf, question),
      ...checkPurpose(leaf, question),
      ...checkExtras(leaf, question),
      ...checkTimes(leaf, question),
      ...checkOrder(question),
      ...checkTrust(question),
    ];
  } catch (error) {
    if (error instanceof MalformedInput) return [`it cannot be read: ${error.message}`];
    throw error;
  }
}

function checkKeyAndNames(leaf: Uint8Array, { csr, subject }: IssuedQuestion): string[] {
  const facts = certificateFacts(leaf);
  const fields = readCertificateFields(leaf);
  const names = readSubjectNames(fields.extensions);
  const addresses = subject.ipAddresses.map((address) => canonicalIpAddress(address) ?? address);
  const odd = strangeCommonName(commonNames(fields.subject), subject);
  return [
    csr === null || facts.spki === readCsr(csr).spki ? null : 'it is for another key than the CSR',
    namesDiffer(
      'DNS names',
      names.dnsNames,
      subject.dnsNames.map((name) => name.toLowerCase()),
    ),
    namesDiffer('IP addresses', names.ipAddresses, addresses),
    // Old clients read a common name as a host name, `localhost` and one with a blank too.
    odd === null ? null : `it has the common name ${odd}, which was not asked for`,
    names.others === 0 ? null : 'it has names that are neither DNS names nor IP addresses',
  ].filter((each) => each !== null);
}

function checkPurpose(leaf: Uint8Array, { subject }: IssuedQuestion): string[] {
  const { extensions, serial } = readCertificateFields(leaf);
  const usages = readUsages(extensions);
  // Public CAs add clientAuth to server certificates unasked (until the root programs end it); nothing else may be added.
  const allowed: readonly string[] = subject.usages.includes('serverAuth')
    ? [...subject.usages, 'clientAuth']
    : subject.usages;
  const missing = subject.usages.filter((usage) => !usages.includes(usage));
  const extra = usages.filter((usage) => !allowed.includes(usage));
  const bits = readKeyUsageBits(extensions) ?? [];
  return [
    missing.length === 0 ? null : `it is not for ${missing.join(', ')}`,
    extra.length === 0 ? null : `it is also for ${extra.slice(0, 5).join(', ')}`,
    readBasicConstraints(extensions).isCa ? 'it is a CA certificate' : null,
    bits.includes(5) || bits.includes(6) ? 'its key usage allows signing certificates or CRLs' : null,
    // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
    serial.length > 20 || (serial[0] ?? 0x80) >= 0x80 ? 'its serial number has a forbidden form' : null,
  ].filter((each) => each !== null);
}

/** Extensions that a server certificate carries unasked: RFC 5280 section 4.2, and the timestamps of RFC 6962. */
const usual: ReadonlySet<string> = new Set([
  ...Object.values(extensionIds).filter(
    (id) =>
      id !== extensionIds.nameConstraints &&
      id !== extensionIds.policyMappings &&
      id !== extensionIds.policyConstraints &&
      id !== extensionIds.inhibitAnyPolicy,
  ),
  '1.3.6.1.4.1.11129.2.4.2',
]);
/** RFC 7633: a server that staples nothing would be refused by every client that obeys it. */
const tlsFeature = '1.3.6.1.5.5.7.1.24';
/** RFC 6962 section 3.1: a precertificate is a promise, never a certificate. */
const poison = '1.3.6.1.4.1.11129.2.4.3';

/** The key as a key, and extensions that bind those who read them. */
function checkExtras(leaf: Uint8Array, { csr }: IssuedQuestion): string[] {
  const { extensions, spki, version } = readCertificateFields(leaf);
  const proves = csr === null || readCsr(csr).provesPossession;
  const defect = keyDefect(spki);
  const critical = [...extensions].find(([id, each]) => each.critical && !usual.has(id));
  const ofCas = [
    extensionIds.nameConstraints,
    extensionIds.policyMappings,
    extensionIds.policyConstraints,
    extensionIds.inhibitAnyPolicy,
  ];
  return [
    version === 3 ? null : 'it is not of version 3',
    defect === null ? null : `its key ${defect}`,
    proves ? null : 'its CSR does not prove possession of the key',
    extensions.has(tlsFeature)
      ? 'it demands stapled OCSP answers (must-staple), which was not asked for'
      : null,
    extensions.has(poison) ? 'it is a precertificate' : null,
    ofCas.some((id) => extensions.has(id)) ? 'it has extensions of CAs' : null,
    critical === undefined || critical[0] === poison
      ? null
      : `it has the unknown critical extension ${critical[0]}`,
  ].filter((each) => each !== null);
}

function checkTimes(leaf: Uint8Array, { subject, now }: IssuedQuestion): string[] {
  const { notBefore, notAfter } = certificateFacts(leaf);
  const lifetimeMs = notAfter - notBefore;
  const longest = subject.lifetimeMs === null ? null : subject.lifetimeMs + limits.x509.lifetimeToleranceMs;
  return [
    notBefore <= now + limits.x509.clockSkewMs ? null : 'it begins in the future',
    notAfter > now ? null : 'it has already expired',
    lifetimeMs > 0 ? null : 'it ends before it begins',
    longest === null || lifetimeMs <= longest ? null : 'it lives longer than planned',
  ].filter((each) => each !== null);
}

/** Each certificate must be signed by the next, and the next must be a CA: servers send them in this order. A root, if one is there, is a declared one. */
function checkOrder({ chain, trustAnchors }: IssuedQuestion): string[] {
  const deviations: string[] = [];
  for (const [index, der] of chain.entries()) {
    const certificate = parseCertificate(der);
    // A root at the end signs itself, and that signature proves nothing.
    const isLastSelfSigned = index > 0 && index === chain.length - 1 && certificateFacts(der).selfSigned;
    if (!isLastSelfSigned && !readSignatureAlgorithm(readCertificateFields(der).algorithm).isStrong) {
      deviations.push(`certificate ${index} of the chain has a weak signature`);
    }
    const isDeclared =
      trustAnchors === null || trustAnchors.some((anchor) => Buffer.compare(anchor, der) === 0);
    if (isLastSelfSigned && !isDeclared)
      deviations.push(`certificate ${index} of the chain is a root that was not declared`);
    const next = chain[index + 1];
    if (next === undefined) continue;
    const issuer = parseCertificate(next);
    const isIssuer = issuer.ca && certificate.issuer === issuer.subject && isVerifiedBy(certificate, issuer);
    if (!isIssuer) deviations.push(`certificate ${index} of the chain was not issued by the next one`);
  }
  return deviations;
}

function checkTrust({ chain, subject, trustAnchors, now }: IssuedQuestion): string[] {
  const [leaf, ...intermediates] = chain;
  if (trustAnchors === null || leaf === undefined) return [];
  const usage = subject.usages.includes('serverAuth') ? 'serverAuth' : 'clientAuth';
  // The clocks of CA and daemon differ: judged at the time the certificate begins, if that is a little in our future.
  const begins = certificateFacts(leaf).notBefore;
  const at = begins > now && begins <= now + limits.x509.clockSkewMs ? begins : now;
  const judgement = judgeChain({
    leaf,
    intermediates,
    anchors: trustAnchors,
    anchorsAsDeclared: true,
    now: at,
    usage,
  });
  return judgement.reason === null ? [] : [`its chain does not lead to a trusted root: ${judgement.reason}`];
}
