/** The CRL that a CA keeps beside its log: signed anew when half of its time is over, or when the file is not what this CA signed. */
import { limits } from '../../limits.ts';
import { readCertificateFields } from '../../x509/certificate.ts';
import { isCrlOf, readCrl } from '../../x509/crl.ts';
import { MalformedInput } from '../../x509/malformed.ts';
import { derToPem, pemToDer } from '../../x509/pem.ts';
import { signCrl, type Authority } from '../../x509/sign.ts';

interface KeptCrl {
  readonly signedAt: number;
  readonly number: number;
  readonly pem: string;
}

/** Where the text is kept. `read` gives null for nothing, `write` is whole or not at all; both throw OperationError `ca-unavailable`. */
export interface CrlFile {
  readonly read: () => Promise<string | null>;
  readonly write: (text: string) => Promise<void>;
}

/**
 * The CRL in `file` while more than half of its time is left, else a new one, kept there. IO. Nothing in the file is believed but what the CRL
 * in it says under the signature of `authority` (RFC 5280 section 6.3.3).
 * @returns the PEM text, and whether it was signed just now
 * @throws OperationError `ca-unavailable` when the file cannot be read or written
 */
export async function freshCrl(
  file: CrlFile,
  authority: Authority,
  now: number,
): Promise<{ readonly pem: string; readonly isNew: boolean }> {
  const kept = keptCrl(await file.read(), authority.certificate);
  // A clock that steps back by less than the backdate is still after thisUpdate.
  const isFresh =
    kept !== null &&
    now >= kept.signedAt - limits.ca.backdateMs &&
    now < kept.signedAt + limits.ca.crlLifetimeMs / 2;
  if (isFresh) return { pem: kept.pem, isNew: false };
  // Seconds grow with each CRL, even if this file is lost; the one before keeps it growing when the clock does not (RFC 5280 section 5.2.3).
  const number = Math.max(Math.floor(now / 1000), (kept?.number ?? 0) + 1);
  const pem = await signCrl(authority, {
    thisUpdate: now - limits.ca.backdateMs,
    nextUpdate: now + limits.ca.crlLifetimeMs,
    number: BigInt(number),
    revoked: [],
  });
  await file.write(JSON.stringify({ signedAt: now, number, pem }));
  return { pem, isNew: true };
}

/** null when there is none or it is not what was signed: a CRL can always be signed again. */
function keptCrl(text: string | null, issuer: Uint8Array): KeptCrl | null {
  const kept = readKept(text);
  if (kept === null) return null;
  try {
    const [der, ...more] = pemToDer(kept.pem, 'X509 CRL');
    if (der === undefined || more.length > 0 || derToPem(der, 'X509 CRL') !== kept.pem) return null;
    const crl = readCrl(der);
    const isSame =
      isCrlOf(crl, readCertificateFields(issuer)) &&
      crl.revoked.size === 0 &&
      crl.number === BigInt(kept.number) &&
      isSameSecond(crl.thisUpdate, kept.signedAt - limits.ca.backdateMs) &&
      isSameSecond(crl.nextUpdate, kept.signedAt + limits.ca.crlLifetimeMs);
    return isSame ? kept : null;
  } catch (error) {
    if (error instanceof MalformedInput) return null;
    throw error;
  }
}

/** X.509 counts whole seconds. */
function isSameSecond(written: number, meant: number): boolean {
  return Math.abs(written - meant) < 1000;
}

function readKept(text: string | null): KeptCrl | null {
  let value: unknown;
  try {
    value = JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { signedAt, number, pem } = value as Readonly<Record<string, unknown>>;
  return isCount(signedAt) && isCount(number) && typeof pem === 'string' ? { signedAt, number, pem } : null;
}

/** With room for one more. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value + 1) && value >= 0;
}
