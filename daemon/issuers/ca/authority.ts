/**
 * Root and intermediate of an embedded CA: made at first use, kept for ever. The key is in custody before the certificate is signed, and the certificate is on disk before it is
 * shown to anybody, so that a crash between the two never makes a second CA.
 */
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../limits.ts';
import { OperationError } from '../../ports/failure.ts';
import type { Tools } from '../../ports/plugin.ts';
import { nameConstraintsDer, type AddressRange } from '../../x509/name-constraints-write.ts';
import { derToPem, pemToDer } from '../../x509/pem.ts';
import { newAuthorityKey, signIntermediate, signRoot, type Authority } from '../../x509/sign.ts';

export interface AuthorityPlan {
  readonly name: string;
  readonly organization: string;
  readonly rootLifetimeMs: number;
  readonly intermediateLifetimeMs: number;
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
  const root = await openOne(plan, tools, directory, 'root', (keyPem) =>
    signRoot(keyPem, `CN=${organization} Root, O=${organization}`, newSerial(), span(plan.rootLifetimeMs)),
  );
  const rootEnd = new X509Certificate(root.certificate).validToDate.getTime();
  const intermediate = await openOne(plan, tools, directory, 'intermediate', (keyPem) => {
    const validity = span(plan.intermediateLifetimeMs);
    return signIntermediate(root, {
      keyPem,
      subject: `CN=${organization} Intermediate, O=${organization}`,
      serial: newSerial(),
      validity: { ...validity, notAfter: Math.min(validity.notAfter, rootEnd) },
      nameConstraints: nameConstraintsDer(plan.permittedDnsNames, plan.permittedIpRanges),
    });
  });
  return { root, intermediate };
}

/** 128 random bits behind a leading 1: positive, never zero, unpredictable (BR 7.1). Lower-case hex. */
export function newSerial(): string {
  return `01${randomBytes(limits.ca.serialRandomBytes).toString('hex')}`;
}

async function openOne(
  plan: AuthorityPlan,
  { custody, log }: Tools,
  directory: string,
  which: 'root' | 'intermediate',
  sign: (keyPem: string) => Promise<Uint8Array>,
): Promise<Authority> {
  const keyName = `ca/${plan.name}/${which}`;
  const path = join(directory, `${which}.pem`);
  const [certificate] = pemToDer(await readFile(path, 'utf8').catch(() => ''));
  const kept = await custody.read(keyName);
  if (certificate !== undefined && kept === null) {
    throw new OperationError(
      'ca-unavailable',
      `the ${which} certificate of issuer ${plan.name} is in ${path}, but its key is not in custody. Restore the custody directory from a backup, or move ${directory} away to begin a new CA.`,
      { disposition: 'stall' },
    );
  }
  const keyPem = kept ?? newAuthorityKey();
  if (kept === null) await custody.write(keyName, keyPem);
  if (certificate !== undefined) {
    if (!belongs(certificate, keyPem)) {
      throw new OperationError(
        'ca-unavailable',
        `the ${which} key of issuer ${plan.name} does not belong to ${path}`,
        {
          disposition: 'stall',
        },
      );
    }
    return { certificate, keyPem };
  }
  const signed = await sign(keyPem);
  await writeWhole(path, derToPem(signed));
  log.info({ issuer: plan.name, certificate: which, path }, `made the ${which} of the embedded CA`);
  return { certificate: signed, keyPem };
}

function belongs(certificate: Uint8Array, keyPem: string): boolean {
  const own = createPublicKey(keyPem).export({ format: 'der', type: 'spki' });
  return new X509Certificate(certificate).publicKey.export({ format: 'der', type: 'spki' }).equals(own);
}

/** Whole or not at all. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
