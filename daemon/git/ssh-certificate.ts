/** OpenSSH certificates as signing keys (PROTOCOL.certkeys): who the CA says the key belongs to, for how long. Judges nothing but the CA's signature. */
import { createSshReader, sshString, type SshReader } from './sshsig.ts';
import { verifySshSignature } from './ssh-public-key.ts';

const suffix = '-cert-v01@openssh.com';

export interface SshCertificate {
  /** The key inside, as a plain public key. */
  readonly key: Buffer;
  readonly serial: bigint;
  /** 1: of a person, 2: of a host. */
  readonly type: number;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970; all ones: for ever. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly string[];
  /** Public key of the CA. */
  readonly authority: Buffer;
}

/** Whether a public key is a certificate. Pure; never throws. */
export function isCertificate(publicKey: Buffer): boolean {
  try {
    return createSshReader(publicKey).text().endsWith(suffix);
  } catch {
    return false;
  }
}

/** Reads a certificate whose CA's signature holds; null for anything else. Pure; never throws. */
export function readSshCertificate(blob: Buffer): SshCertificate | null {
  try {
    const reader = createSshReader(blob);
    const type = reader.text();
    if (!type.endsWith(suffix)) return null;
    reader.string();
    // `sk-` types keep their own ending: sk-ssh-ed25519-cert-v01@openssh.com is a key sk-ssh-ed25519@openssh.com.
    const plain = type.slice(0, -suffix.length) + (type.startsWith('sk-') ? '@openssh.com' : '');
    const key = readKey(plain, reader);
    const certificate = {
      key,
      serial: reader.uint64(),
      type: reader.uint32(),
      keyId: reader.text(),
      principals: strings(reader.string(), (bytes) => utf8.decode(bytes)),
      validAfter: reader.uint64(),
      validBefore: reader.uint64(),
      criticalOptions: optionNames(reader.string()),
    };
    optionNames(reader.string());
    reader.string();
    const authority = reader.string();
    const signed = blob.subarray(0, blob.length - reader.remaining().length);
    const signature = createSshReader(reader.string());
    if (!reader.atEnd()) return null;
    const algorithm = signature.text();
    const bytes = signature.string();
    const holds = verifySshSignature(
      { publicKey: authority, algorithm, bytes, rest: signature.remaining() },
      signed,
    );
    return holds && !isCertificate(authority) ? { ...certificate, authority } : null;
  } catch {
    return null;
  }
}

/** The fields of the key inside, by its type. @throws RangeError for a type that is not known */
function readKey(type: string, reader: SshReader): Buffer {
  const count =
    {
      'ssh-ed25519': 1,
      'ssh-rsa': 2,
      'sk-ssh-ed25519@openssh.com': 2,
      'sk-ecdsa-sha2-nistp256@openssh.com': 3,
    }[type] ?? (type.startsWith('ecdsa-sha2-') ? 2 : 0);
  if (count === 0) throw new RangeError('a key of an unknown type');
  const fields = Array.from({ length: count }, () => sshString(reader.string()));
  return Buffer.concat([sshString(type), ...fields]);
}

/** Names of people are UTF-8, as in allowed_signers; what is none has no place in a record. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function strings(packed: Buffer, decode: (bytes: Buffer) => string): string[] {
  const reader = createSshReader(packed);
  const read: string[] = [];
  while (!reader.atEnd()) read.push(decode(reader.string()));
  return read;
}

/** Options are pairs of a name and a value. */
function optionNames(packed: Buffer): string[] {
  return strings(packed, (bytes) => bytes.toString('latin1')).filter((_, index) => index % 2 === 0);
}
