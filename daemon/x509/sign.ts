/** Signs certificates and CRLs for the embedded CA: the only writer of X.509. It decides nothing: names, times and serials are its arguments. */
import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import type { ExtendedKeyUsage as Usage, Instant } from '../core/model.ts';
import { extensionIds } from './certificate.ts';
import { parseSigningCertificate, parseSigningKey } from './parse-for-signing.ts';
import { derToPem, pemToDer } from './pem.ts';

const crypto = webcrypto;
const curve = { name: 'ECDSA', namedCurve: 'P-384' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-384' } as const;

/** A CA's certificate and key, as they are kept. */
export interface Authority {
  /** DER. */
  readonly certificate: Uint8Array;
  /** PEM, PKCS #8, P-384. Held only while it signs. */
  readonly keyPem: string;
}

export interface Validity {
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/** A new P-384 key as PEM (PKCS #8). Reads randomness. */
export function newAuthorityKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** DER of the SubjectPublicKeyInfo of an authority's own key. Pure. @throws Error when the PEM, which is ours, is no private key */
export function publicKeyOf(keyPem: string): Uint8Array {
  return new Uint8Array(createPublicKey(keyPem).export({ format: 'der', type: 'spki' }));
}

/** A root that signs itself. `subject` is an RFC 4514 string; `serial` lower-case hex. Resolves to DER. */
export async function signRoot(
  keyPem: string,
  subject: string,
  serial: string,
  validity: Validity,
): Promise<Uint8Array> {
  const keys = await importAuthority(keyPem);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: subject,
      keys,
      serialNumber: serial,
      ...dates(validity),
      signingAlgorithm: signing,
      extensions: [
        ...caExtensions(),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return new Uint8Array(certificate.rawData);
}

/** An intermediate below `issuer` with path length 0 and critical name constraints. Resolves to DER. */
export async function signIntermediate(
  issuer: Authority,
  request: {
    readonly keyPem: string;
    /** RFC 4514 text, or the certificate (DER) whose name is kept to the byte. */
    readonly subject: string | Uint8Array;
    readonly serial: string;
    readonly validity: Validity;
    readonly nameConstraints: Uint8Array;
  },
): Promise<Uint8Array> {
  const parent = parseSigningCertificate(issuer.certificate);
  const { publicKey } = await importAuthority(request.keyPem);
  const { privateKey } = await importAuthority(issuer.keyPem);
  const certificate = await X509CertificateGenerator.create(
    {
      subject:
        typeof request.subject === 'string'
          ? request.subject
          : parseSigningCertificate(request.subject).subjectName,
      issuer: parent.subjectName,
      serialNumber: request.serial,
      ...dates(request.validity),
      publicKey,
      signingKey: privateKey,
      signingAlgorithm: signing,
      extensions: [
        ...caExtensions(0),
        new Extension(extensionIds.nameConstraints, true, request.nameConstraints),
        await SubjectKeyIdentifierExtension.create(publicKey, false, crypto),
        await AuthorityKeyIdentifierExtension.create(parent.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return new Uint8Array(certificate.rawData);
}

export interface LeafRequest {
  /** DER of the SubjectPublicKeyInfo from a checked CSR. */
  readonly publicKey: Uint8Array;
  readonly keyAlgorithm: string;
  /** Common name; null leaves the subject empty. */
  readonly commonName: string | null;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly Usage[];
  readonly serial: string;
  readonly validity: Validity;
  readonly crlUrl: string | null;
}

/** A certificate for an end entity below `issuer`. Resolves to DER. */
export async function signLeaf(issuer: Authority, request: LeafRequest): Promise<Uint8Array> {
  const parent = parseSigningCertificate(issuer.certificate);
  const { privateKey } = await importAuthority(issuer.keyPem);
  const publicKey = parseSigningKey(request.publicKey);
  // RFC 5280 section 4.2.1.3: only RSA keys encipher keys.
  const usage = request.keyAlgorithm.startsWith('rsa') ? 'signAndEncipher' : 'sign';
  const names = [
    ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...request.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await X509CertificateGenerator.create(
    {
      ...(request.commonName === null ? {} : { subject: [{ CN: [request.commonName] }] }),
      issuer: parent.subjectName,
      serialNumber: request.serial,
      ...dates(request.validity),
      publicKey,
      signingKey: privateKey,
      signingAlgorithm: signing,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        keyUsage(usage),
        new ExtendedKeyUsageExtension(request.usages.map((each) => ExtendedKeyUsage[each])),
        // RFC 5280 section 4.2.1.6: critical where the subject is empty.
        new SubjectAlternativeNameExtension(names, request.commonName === null),
        await SubjectKeyIdentifierExtension.create(publicKey, false, crypto),
        await AuthorityKeyIdentifierExtension.create(parent.publicKey, false, crypto),
        ...(request.crlUrl === null ? [] : [new CRLDistributionPointsExtension([request.crlUrl])]),
      ],
    },
    crypto,
  );
  return new Uint8Array(certificate.rawData);
}

/** A CRL of `issuer`. `number` grows with each (RFC 5280 section 5.2.3). Resolves to PEM. */
export async function signCrl(
  issuer: Authority,
  request: {
    readonly thisUpdate: Instant;
    readonly nextUpdate: Instant;
    readonly number: bigint;
    readonly revoked: readonly { readonly serial: string; readonly at: Instant }[];
  },
): Promise<string> {
  const parent = parseSigningCertificate(issuer.certificate);
  const { privateKey } = await importAuthority(issuer.keyPem);
  const crl = await X509CrlGenerator.create(
    {
      issuer: parent.subjectName,
      thisUpdate: new Date(request.thisUpdate),
      nextUpdate: new Date(request.nextUpdate),
      signingAlgorithm: signing,
      signingKey: privateKey,
      entries: request.revoked.map(({ serial, at }) => ({
        serialNumber: serial,
        revocationDate: new Date(at),
      })),
      extensions: [
        await AuthorityKeyIdentifierExtension.create(parent.publicKey, false, crypto),
        new Extension('2.5.29.20', false, integerDer(request.number)),
      ],
    },
    crypto,
  );
  return derToPem(new Uint8Array(crl.rawData), 'X509 CRL');
}

function caExtensions(pathLength?: number): Extension[] {
  return [new BasicConstraintsExtension(true, pathLength, true), keyUsage('certificatesAndCrls')];
}

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3), as the two last octets of a BIT STRING: unused bits, then the bits. */
const usageBits = {
  sign: [7, 0x80],
  signAndEncipher: [5, 0xa0],
  certificatesAndCrls: [1, 0x06],
} as const;

/** Critical, as RFC 5280 asks. */
function keyUsage(kind: keyof typeof usageBits): Extension {
  return new Extension(extensionIds.keyUsage, true, Uint8Array.from([3, 2, ...usageBits[kind]]));
}

function dates({ notBefore, notAfter }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
}

async function importAuthority(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const [der] = pemToDer(keyPem, 'PRIVATE KEY');
  if (der === undefined) throw new Error('the key of the CA is not PEM');
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, curve, true, ['sign']);
  const jwk = await webcrypto.subtle.exportKey('jwk', privateKey);
  const { kty = '', crv = '', x = '', y = '' } = jwk;
  const publicKey = await webcrypto.subtle.importKey('jwk', { kty, crv, x, y }, curve, true, ['verify']);
  return { privateKey, publicKey };
}

function integerDer(value: bigint): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  const content = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([2, content.length]), content]);
}
