/** OpenPGP signatures of commits (RFC 9580), by the openpgp library, loaded only when there is one to judge: the only door to it. */
import { limits } from '../limits.ts';
import type { CommitVerdict } from './commit-signature.ts';

/** Judges a detached signature by the keys of each principal, as of `at` (UTC epoch ms). Never rejects for what is in the signature. No IO but loading the library. */
export async function judgeOpenPgp(
  payload: Uint8Array,
  armored: string,
  keys: ReadonlyMap<string, string>,
  at: number,
): Promise<CommitVerdict> {
  const { createMessage, readKeys, readSignature, verify } = await import('openpgp');
  let signature: Awaited<ReturnType<typeof readSignature>>;
  try {
    signature = await readSignature({ armoredSignature: armored });
  } catch {
    return verdict('bad', 'the OpenPGP signature cannot be read');
  }
  const wanted = signature.getSigningKeyIDs().map((each) => each.toHex());
  for (const [principal, armoredKeys] of keys) {
    if (armoredKeys.length > limits.git.openPgpKeyMaxChars) continue;
    const verificationKeys = await readKeys({ armoredKeys }).catch(() => []);
    const key = verificationKeys.find((each) =>
      each.getKeys().some((one) => wanted.includes(one.getKeyID().toHex())),
    );
    if (key === undefined) continue;
    const fingerprint = key.getFingerprint();
    try {
      // The library judges a key as of the date inside the signature, which its maker chose: we ask for the time at which we saw it too.
      await key.getSigningKey(signature.getSigningKeyIDs()[0], new Date(at));
      const message = await createMessage({ binary: payload });
      const { signatures } = await verify({
        message,
        signature,
        verificationKeys: [key],
        date: new Date(at),
      });
      for (const each of signatures) await each.verified;
      if (signatures.length === 1)
        return { verdict: 'good', principals: [principal], key: fingerprint, method: 'openpgp', reason: '' };
      return { ...verdict('bad', 'there is not exactly one signature'), key: fingerprint };
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      return { ...verdict(kindOf(said), said), key: fingerprint };
    }
  }
  return verdict('unknown-key', `no OpenPGP key ${wanted[0] ?? ''} is in policies/openpgp`);
}

/** The library says why only in words. */
function kindOf(said: string): CommitVerdict['verdict'] {
  if (/revoked/i.test(said)) return 'revoked';
  return /expired|not yet|creation time/i.test(said) ? 'expired' : 'bad';
}

function verdict(kind: CommitVerdict['verdict'], reason: string): CommitVerdict {
  return { verdict: kind, principals: [], key: null, method: 'openpgp', reason };
}
