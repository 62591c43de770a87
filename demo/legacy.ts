/** The past of the demo's organisation: an old CA nobody owns any more, an expired certificate, a self-signed one. Made by hand, as people do. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 86_400_000;
x509.cryptoProvider.set(webcrypto);

export interface LegacyCa {
  readonly issue: (names: readonly string[], firstDay: number, lastDay: number) => Promise<KeyAndCertificate>;
}

export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** A CA that somebody set up years ago. */
export async function legacyCa(): Promise<LegacyCa> {
  const keys = await newKeys();
  const subject = 'CN=Old CA, O=Former Supplier';
  await x509.X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { issue: (names, firstDay, lastDay) => make(names, subject, keys, firstDay, lastDay) };
}

/** A certificate that signs itself: an afternoon's solution that stayed. */
export async function selfSigned(name: string): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 400 * day),
    notAfter: new Date(Date.now() + 3000 * day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  return { key: await pemOf(keys), certificate: certificate.toString('pem') };
}

/** Writes key and certificate where the web server reads them. */
export async function put(made: KeyAndCertificate, certificatePath: string, keyPath: string): Promise<void> {
  await mkdir(dirname(certificatePath), { recursive: true });
  await mkdir(dirname(keyPath), { recursive: true });
  await writeFile(certificatePath, `${made.certificate}\n`);
  await writeFile(keyPath, made.key, { mode: 0o600 });
}

async function make(
  names: readonly string[],
  issuer: string,
  issuerKeys: webcrypto.CryptoKeyPair,
  firstDay: number,
  lastDay: number,
): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? ''}`,
    issuer,
    notBefore: new Date(Date.now() + firstDay * day),
    notAfter: new Date(Date.now() + lastDay * day),
    publicKey: keys.publicKey,
    signingKey: issuerKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
  });
  return { key: await pemOf(keys), certificate: certificate.toString('pem') };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function pemOf(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return x509.PemConverter.encode(der, 'PRIVATE KEY');
}
