/**
 * Root and intermediate of an embedded CA: made at first use, kept for ever. The key is in custody before the certificate is signed, and the certificate is on disk before it is
 * shown to anybody, so that a crash between the two never makes a second CA.
 */
import { remedyOfSystem } from '../../system-trouble.ts';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { certificateFacts } from '../../x509/facts.ts';
import { limits } from '../../limits.ts';
import { OperationError } from '../../ports/failure.ts';
import type { Tools } from '../../ports/plugin.ts';
import { extensionIds, readCertificateFields } from '../../x509/certificate.ts';
import { nameConstraintsDer, type AddressRange } from '../../x509/name-constraints-write.ts';
import { derToPem, pemToDer } from '../../x509/pem.ts';
import { newAuthorityKey, publicKeyOf, signIntermediate, signRoot, type Authority } from '../../x509/sign.ts';

export interface AuthorityPlan {
  readonly name: string;
  readonly organization: string;
  readonly rootLifetimeMs: number;
  readonly intermediateLifetimeMs: number;
  /** Of what the intermediate signs. */
  readonly lifetimeMs: number;
  readonly permittedDnsNames: readonly string[];
  readonly permittedIpRanges: readonly AddressRange[];
}

export interface Authorities {
  readonly root: Authority;
  readonly intermediate: Authority;
}

/** Opens the CA, making what is not there yet. IO: custody, the plug-in's directory. Safe to repeat and to end at any point. */
export async function openAuthorities(plan: AuthorityPlan, tools: Tools): Promise<Authorities> {
  const directory = await tools.directory(plan.name);
  const now = tools.now();
  const span = (lifetimeMs: number) => ({
    notBefore: now - limits.ca.backdateMs,
    notAfter: now + lifetimeMs,
  });
  const organization = plan.organization.replace(/[\\,+"<>;=#]/g, '\\$&');
  await restoreRoot(plan, tools, directory);
  const root = await openOne(plan, tools, directory, 'root', {
    fits: () => true,
    sign: (keyPem) =>
      signRoot(keyPem, `CN=${organization} Root, O=${organization}`, newSerial(), span(plan.rootLifetimeMs)),
  });
  const rootEnd = certificateFacts(root.certificate).notAfter;
  const signBelow = (keyPem: string, before: Uint8Array | null): Promise<Uint8Array> => {
    const validity = span(plan.intermediateLifetimeMs);
    return signIntermediate(root, {
      keyPem,
      // The name stays when the organization changes: what was signed under it, and the CRL, name their issuer by it (RFC 5280 section 6.3.3).
      subject: before ?? `CN=${organization} Intermediate, O=${organization}`,
      serial: newSerial(),
      validity: { ...validity, notAfter: Math.min(validity.notAfter, rootEnd) },
      nameConstraints: constraintsOf(plan),
    });
  };
  // Certified anew with the same key and name, so that what it signed before, and its CRL, stay good.
  const intermediate = await openOne(plan, tools, directory, 'intermediate', {
    fits: (certificate) =>
      hasConstraints(certificate, plan) &&
      !intermediateIsDue(plan, { root: root.certificate, intermediate: certificate }, now),
    sign: signBelow,
  });
  return { root, intermediate };
}

/**
 * Is it time for the intermediate to be certified anew: could it soon not sign for a whole lifetime, and would a new one live longer? Pure.
 * Never before half of its own life has passed, so that an intermediate that lives shorter than its leaves is not made at every turn.
 */
export function intermediateIsDue(
  plan: Pick<AuthorityPlan, 'lifetimeMs' | 'intermediateLifetimeMs'>,
  certificates: { readonly root: Uint8Array; readonly intermediate: Uint8Array },
  now: number,
): boolean {
  const { notAfter } = certificateFacts(certificates.intermediate);
  const needed = Math.min(plan.lifetimeMs, plan.intermediateLifetimeMs / 2);
  return notAfter - now < needed && notAfter < certificateFacts(certificates.root).notAfter;
}

function constraintsOf({ permittedDnsNames, permittedIpRanges }: AuthorityPlan): Uint8Array {
  return nameConstraintsDer(permittedDnsNames, permittedIpRanges);
}

/** The declaration may have changed since: an intermediate with other constraints would sign what no client accepts, or what is no longer permitted. */
function hasConstraints(certificate: Uint8Array, plan: AuthorityPlan): boolean {
  const extension = readCertificateFields(certificate).extensions.get(extensionIds.nameConstraints);
  return extension !== undefined && Buffer.compare(extension.value, constraintsOf(plan)) === 0;
}

/** 128 random bits behind a leading 1: positive, never zero, unpredictable (BR 7.1). Lower-case hex. */
export function newSerial(): string {
  return `01${randomBytes(limits.ca.serialRandomBytes).toString('hex')}`;
}

/**
 * A root is made only where nobody knows of another: one that the daemon ever published is what clients trust, and a second in its place would break all of them. IO.
 * Where custody has its key and only the file is lost, the file is written again. Where nobody can say whether there was one, none is made.
 * @throws OperationError `ca-lost` that says how to restore it, or to begin anew on purpose
 */
async function restoreRoot({ name }: AuthorityPlan, tools: Tools, directory: string): Promise<void> {
  const path = join(directory, 'root.pem');
  if ((await readIfThere(path)) !== null) return;
  const published = `issuers/${name}/root.pem`;
  const { text: pem, unsure } = await tools.published(published);
  if (unsure !== null)
    throw lost(`issuer ${name} may have a root that clients trust: ${unsure}. Nothing is made in its place.`);
  if (pem === null) return;
  const known = readCertificate(pem, `${published} of the records`);
  const keyPem = await tools.custody.read(`ca/${name}/root`);
  if (known !== null && keyPem !== null && belongs(known, keyPem)) {
    await writeWhole(path, derToPem(known));
    tools.log.warn(
      { issuer: name, path },
      'the root of the embedded CA was gone and is written again from the records',
    );
    return;
  }
  const which = known === null ? '' : ` (SHA-256 ${certificateFacts(known).fingerprint.slice(0, 16)}…)`;
  throw lost(
    `issuer ${name} has a root${which} that clients trust, in ${published} of the records, and this data directory has neither it nor its key: nothing is made in its place.`,
  );
}

function lost(what: string): OperationError {
  return new OperationError(
    'ca-lost',
    `${what} Stop renewd and restore custody/ and issuers/ of the data directory from a backup (docs/restore.md). If there is none, begin anew on purpose: declare an issuer of another name, move the certificates to it, and have clients trust its root.`,
    { scope: 'issuer', disposition: 'stall', endsWhen: ['data-directory', 'declaration'] },
  );
}

async function openOne(
  plan: AuthorityPlan,
  { custody, log }: Tools,
  directory: string,
  which: 'root' | 'intermediate',
  {
    fits,
    sign,
  }: {
    readonly fits: (certificate: Uint8Array) => boolean;
    /** `before`: the certificate that fits no more; null when there was none. */
    readonly sign: (keyPem: string, before: Uint8Array | null) => Promise<Uint8Array>;
  },
): Promise<Authority> {
  const keyName = `ca/${plan.name}/${which}`;
  const path = join(directory, `${which}.pem`);
  const certificate = readCertificate(await readIfThere(path), path);
  const kept = await custody.read(keyName);
  if (certificate !== null && kept === null) {
    throw new OperationError(
      'ca-unavailable',
      `the ${which} certificate of issuer ${plan.name} is in ${path}, but its key is not in custody. Restore the custody directory from a backup, or move ${directory} away to begin a new CA.`,
      { scope: 'issuer', disposition: 'stall', endsWhen: ['data-directory', 'declaration'] },
    );
  }
  const keyPem = kept ?? newAuthorityKey();
  if (kept === null) await custody.write(keyName, keyPem);
  if (certificate !== null) {
    if (!belongs(certificate, keyPem)) {
      throw new OperationError(
        'ca-unavailable',
        `the ${which} key of issuer ${plan.name} does not belong to ${path}`,
        {
          scope: 'issuer',
          disposition: 'stall',
          endsWhen: ['data-directory', 'declaration'],
        },
      );
    }
    if (fits(certificate)) return { certificate, keyPem };
  }
  const signed = await sign(keyPem, certificate);
  await writeWhole(path, derToPem(signed));
  log.info({ issuer: plan.name, certificate: which, path }, `made the ${which} of the embedded CA`);
  return { certificate: signed, keyPem };
}

function belongs(certificate: Uint8Array, keyPem: string): boolean {
  return Buffer.compare(readCertificateFields(certificate).spki, publicKeyOf(keyPem)) === 0;
}

/** Only what is not there may be made: a damaged file, or one that cannot be read just now, must not cost a root. */
function readCertificate(pem: string | null, path: string): Uint8Array | null {
  if (pem === null) return null;
  try {
    const [der, ...more] = pemToDer(pem);
    if (der !== undefined && more.length === 0 && certificateFacts(der).isCa) return der;
  } catch {
    // Told below: what is wrong with the bytes helps nobody.
  }
  throw new OperationError(
    'ca-unavailable',
    `${path} is not the certificate of a CA any more. Restore it from a backup, or from issuers/ of the state branch.`,
    { scope: 'issuer', disposition: 'stall', endsWhen: ['data-directory', 'declaration'] },
  );
}

/** The text, or null when there is no such file. IO. @throws OperationError `ca-unavailable` when it cannot be read */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw unusable(path, 'read', cause);
  }
}

function unusable(path: string, done: 'read' | 'written', cause: unknown): OperationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperationError(
    'ca-unavailable',
    `${path} cannot be ${done}: ${reason}. ${remedyOfSystem(cause) ?? 'Check the data directory.'}`,
    { scope: 'issuer', disposition: 'retry', cause },
  );
}

/** Whole or not at all, and there after a power cut. IO. @throws OperationError `ca-unavailable` */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    // Nothing half-written stays behind to fill the disk further.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unusable(path, 'written', cause);
  }
}
