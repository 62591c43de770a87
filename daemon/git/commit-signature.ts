/** Whose signature a commit carries: SSH keys, SSH certificates, tokens, OpenPGP, by the lists of a repository, at the time it was first seen. */
import { createHash } from 'node:crypto';
import { limits } from '../limits.ts';
import { firstOfLine } from '../said-text.ts';
import {
  allows,
  matchesList,
  parseAllowedSigners,
  principalsOf,
  type AllowedSigner,
} from './allowed-signers.ts';
import { soundParts } from './commit.ts';
import { createOpenPgpJudge } from './openpgp.ts';
import { readRevokedKeys, sshFingerprint, type RevokedKeys } from './revoked-keys.ts';
import { isCertificate, readSshCertificate, type SshCertificate } from './ssh-certificate.ts';
import { verifySshSignature } from './ssh-public-key.ts';
import { parseSshSignature, signedData, type SshSignature } from './sshsig.ts';

/** Who may sign, as a repository says it at one commit. */
export interface SignerTrust {
  /** ssh-keygen(1), ALLOWED SIGNERS. */
  readonly allowedSigners: string;
  /** Text of keys and fingerprints, or a binary KRL; null: none is revoked. */
  readonly revokedKeys: Uint8Array | null;
  /** Principal to armored public keys. */
  readonly openPgpKeys: ReadonlyMap<string, string>;
}

export interface CommitVerdict {
  readonly verdict: 'good' | 'bad' | 'unsigned' | 'unknown-key' | 'revoked' | 'expired';
  /** Empty unless good. */
  readonly principals: readonly string[];
  /** `SHA256:...` as OpenSSH writes it, or an OpenPGP fingerprint; null when there is none. */
  readonly key: string | null;
  readonly method: 'ssh' | 'ssh-certificate' | 'openpgp' | null;
  /** One phrase for people; empty when good. */
  readonly reason: string;
}

export interface SignatureJudge {
  /** Judges a raw commit as of `at` (UTC epoch ms): dates inside a commit are chosen by whoever made it. Never rejects for hostile bytes. */
  readonly judge: (rawCommit: Uint8Array, at: number) => Promise<CommitVerdict>;
}

/** A verdict, with its reason cut to one phrase. Pure. */
export const verdict = (
  kind: CommitVerdict['verdict'],
  reason: string,
  more: Partial<CommitVerdict> = {},
): CommitVerdict => ({
  verdict: kind,
  principals: [],
  key: null,
  method: null,
  // Parts of it were written by whoever made the signature.
  reason: firstOfLine(reason, limits.git.reasonMaxChars),
  ...more,
});

/** A judge by these lists, which are read once. */
export function createSignatureJudge(trust: SignerTrust): SignatureJudge {
  const signers = parseAllowedSigners(trust.allowedSigners);
  const revoked = readRevokedKeys(trust.revokedKeys);
  const judgeOpenPgp = createOpenPgpJudge(trust.openPgpKeys);
  return {
    judge: async (rawCommit, at) => {
      const parts = soundParts(rawCommit);
      if (typeof parts === 'string') return verdict('bad', parts);
      if (parts.signature === null) return verdict('unsigned', '');
      if (parts.signature.includes('BEGIN PGP SIGNATURE')) {
        const { fingerprints, ...seen } = await judgeOpenPgp(parts.payload, parts.signature, at);
        const known = { key: seen.key, method: 'openpgp' } as const;
        const out = seen.verdict === 'bad' ? null : revoked.openPgpReason(fingerprints);
        if (out !== null) return verdict('revoked', out, known);
        return seen.verdict === 'good' ? { ...seen, ...known } : verdict(seen.verdict, seen.reason, known);
      }
      const signature = parseSshSignature(parts.signature);
      if (signature === null) return verdict('bad', 'the signature cannot be read');
      if (signature.namespace !== 'git')
        return verdict('bad', `it was made for ${signature.namespace}, not for git`, { method: 'ssh' });
      return judgeSsh(signature, parts.payload, signers, revoked, at);
    },
  };
}

function judgeSsh(
  signature: SshSignature,
  payload: Buffer,
  signers: readonly AllowedSigner[],
  revoked: RevokedKeys,
  at: number,
): CommitVerdict {
  const certified = isCertificate(signature.publicKey);
  const certificate = certified ? readSshCertificate(signature.publicKey) : null;
  if (certified && certificate === null)
    return verdict('bad', 'the certificate of the key does not hold', { method: 'ssh-certificate' });
  const plain = certificate?.key ?? signature.publicKey;
  const known = { key: sshFingerprint(plain), method: certified ? 'ssh-certificate' : 'ssh' } as const;
  const digest = createHash(signature.hash).update(payload).digest();
  const message = signedData(signature.namespace, signature.hash, digest);
  if (!verifySshSignature({ ...signature, publicKey: plain }, message))
    return verdict('bad', 'the signature does not fit the commit', known);
  return worthOf({ key: plain, certificate }, signers, revoked, at);
}

/** What a sound signature by this key is worth, or by this key in this certificate, by the lists. Pure. */
export function worthOf(
  { key, certificate }: { readonly key: Buffer; readonly certificate: SshCertificate | null },
  signers: readonly AllowedSigner[],
  revoked: RevokedKeys,
  at: number,
): CommitVerdict {
  const method = certificate === null ? 'ssh' : 'ssh-certificate';
  const known = { key: sshFingerprint(key), method } as const;
  const why = revoked.reason(key, certificate);
  if (why !== null) return verdict('revoked', why, known);
  return certificate === null
    ? judgeKey(key, signers, at, known)
    : judgeCertificate(certificate, signers, at, known);
}

type Known = Pick<CommitVerdict, 'key' | 'method'>;

function judgeKey(key: Buffer, signers: readonly AllowedSigner[], at: number, known: Known): CommitVerdict {
  const base64 = key.toString('base64');
  const own = signers.filter((each) => !each.certAuthority && each.key === base64);
  if (own.length === 0)
    return verdict('unknown-key', `${known.key ?? ''} is not in policies/allowed_signers`, known);
  const allowed = own.filter((each) => allows(each, 'git', at));
  const principals = [...new Set(allowed.flatMap(principalsOf))];
  if (principals.length > 0) return { verdict: 'good', principals, reason: '', ...known };
  if (allowed.length > 0)
    return verdict('unknown-key', 'the lines of policies/allowed_signers with the key name nobody', known);
  const timely = own.some((each) => allows({ ...each, validAfter: null, validBefore: null }, 'git', at));
  return timely
    ? verdict('expired', 'the key is not valid at this time', known)
    : verdict('unknown-key', 'the key may not sign for git', known);
}

/** No end, as certificates write it. */
export const forever = 0xffff_ffff_ffff_ffffn;

function judgeCertificate(
  certificate: SshCertificate,
  signers: readonly AllowedSigner[],
  at: number,
  known: Known,
): CommitVerdict {
  const { type, principals, criticalOptions, validAfter, validBefore } = certificate;
  if (type !== 1) return verdict('unknown-key', 'it is the certificate of a host', known);
  const authority = certificate.authority.toString('base64');
  const lines = signers.filter((each) => each.certAuthority && each.key === authority);
  if (lines.length === 0)
    return verdict('unknown-key', 'the CA of the key is not in policies/allowed_signers', known);
  if (criticalOptions.length > 0)
    return verdict('unknown-key', `the certificate is restricted (${criticalOptions.join(', ')})`, known);
  const now = BigInt(Math.floor(at / 1000));
  if (now < validAfter || (validBefore !== forever && now >= validBefore))
    return verdict('expired', 'the certificate is not valid at this time', known);
  // A certificate that names nobody would be everybody: ssh-keygen refuses it too.
  const allowed = lines.filter((each) => allows({ ...each, certAuthority: false }, 'git', at));
  const named = principals.filter((one) => allowed.some((each) => matchesList(each.principals, one)));
  if (named.length > 0) return { verdict: 'good', principals: named, reason: '', ...known };
  const timely = lines.some((each) =>
    allows({ ...each, certAuthority: false, validAfter: null, validBefore: null }, 'git', at),
  );
  return allowed.length === 0
    ? verdict(timely ? 'expired' : 'unknown-key', 'its CA may not sign for git at this time', known)
    : verdict('unknown-key', `the CA may not name ${principals.join(', ') || 'nobody'}`, known);
}
