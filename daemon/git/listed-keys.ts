/** The keys that the lists of a repository name, each judged as a sound signature by it would be: by the same functions that judge commits. Makes no signature. */
import { matchesList, principalsOf, readSignerLines, type AllowedSigner } from './allowed-signers.ts';
import { forever, verdict, worthOf, type CommitVerdict, type SignerTrust } from './commit-signature.ts';
import { openPgpKeysAt } from './openpgp.ts';
import { readRevokedKeys, sshFingerprint, type RevokedKeys } from './revoked-keys.ts';
import type { SshCertificate } from './ssh-certificate.ts';
import { canVerify } from './ssh-public-key.ts';

/** A key of a list, or a line that cannot be read. */
export interface ListedKey {
  /** Whom it stands for, also where it does not count; empty where nobody can tell. */
  readonly names: readonly string[];
  /** `policies/allowed_signers:3`. */
  readonly place: string;
  /** What a commit signed with it would be. */
  readonly verdict: CommitVerdict;
}

const signersFile = 'policies/allowed_signers';

/**
 * Every key that is listed. A CA stands for those of `names` it may name: it can make a key for each. No IO but loading the OpenPGP library where there is such a
 * key; never rejects for what is in a list.
 */
export async function listedKeys(
  trust: SignerTrust,
  at: number,
  names: readonly string[],
): Promise<ListedKey[]> {
  const lines = readSignerLines(trust.allowedSigners);
  const signers = lines.flatMap(({ signer }) => signer ?? []);
  const revoked = readRevokedKeys(trust.revokedKeys);
  const listed = lines.flatMap(({ line, signer }): ListedKey[] => {
    const place = `${signersFile}:${String(line)}`;
    if (signer === null)
      return [
        { names: [], place, verdict: verdict('bad', 'the line cannot be read, so it lets nobody sign') },
      ];
    const key = Buffer.from(signer.key, 'base64');
    if (!canVerify(key))
      return [
        { names: principalsOf(signer), place, verdict: verdict('bad', 'no signature can be by this key') },
      ];
    if (signer.certAuthority) return certified(signer, key, names, { place, signers, revoked, at });
    const worth = worthOf({ key, certificate: null }, signers, revoked, at);
    return [{ names: principalsOf(signer), place, verdict: worth }];
  });
  for (const { principal, key, signing, reason } of await openPgpKeysAt(trust.openPgpKeys, at)) {
    const known = { key, method: 'openpgp' } as const;
    const outs = signing.map((each) => revoked.openPgpReason(each));
    const worth =
      signing.length === 0
        ? verdict('bad', reason, known)
        : outs.includes(null)
          ? ({ verdict: 'good', principals: [principal], reason: '', ...known } as const)
          : verdict('revoked', outs[0] ?? '', known);
    listed.push({ names: [principal], place: `policies/openpgp/${principal}.asc`, verdict: worth });
  }
  return listed;
}

interface Lists {
  readonly place: string;
  readonly signers: readonly AllowedSigner[];
  readonly revoked: RevokedKeys;
  readonly at: number;
}

/** A list of revoked certificates names serial numbers, and the CA chooses another: only where none of these would count it can make none. */
const serials = [1n, 0x5a5a_5a5a_5a5an, forever - 1n];

/** What the CA of a line could make: for each name that it may give a certificate over a key of its own. */
function certified(
  { principals }: AllowedSigner,
  authority: Buffer,
  names: readonly string[],
  { place, signers, revoked, at }: Lists,
): ListedKey[] {
  return names
    .filter((name) => matchesList(principals, name))
    .map((name) => {
      const key = Buffer.from(`a key that ${sshFingerprint(authority)} certifies for ${name}`);
      const worths = serials.map((serial) => {
        const certificate: SshCertificate = {
          key,
          serial,
          type: 1,
          keyId: '',
          principals: [name],
          validAfter: 0n,
          validBefore: forever,
          criticalOptions: [],
          authority,
        };
        return worthOf({ key, certificate }, signers, revoked, at);
      });
      const worth = worths.find((each) => each.verdict === 'good') ?? worths[0];
      return { names: [name], place, verdict: worth ?? verdict('bad', '') };
    });
}
