/** OpenPGP signatures of commits (RFC 9580), by the openpgp library, loaded only when there is one to judge and a key to judge it by: the only door to it. */
import type { Key } from 'openpgp';
import { limits } from '../limits.ts';

export interface OpenPgpFinding {
  readonly verdict: 'good' | 'bad' | 'unknown-key' | 'revoked' | 'expired';
  readonly principals: readonly string[];
  /** Of the whole key, hex; null when it is not known. */
  readonly key: string | null;
  /** Of the key and of the part of it that signed: what a list of revoked keys may name. */
  readonly fingerprints: readonly string[];
  readonly reason: string;
}

export type JudgeOpenPgp = (payload: Uint8Array, armored: string, at: number) => Promise<OpenPgpFinding>;

/** A clock of a signer may be a little ahead of ours. */
const skewMs = 5 * 60_000;

const unknown = (reason: string): OpenPgpFinding => ({
  verdict: 'unknown-key',
  principals: [],
  key: null,
  fingerprints: [],
  reason,
});

/** A judge by the keys of each principal, which are read once. Never rejects for what is in a signature or a key. */
export function createOpenPgpJudge(keys: ReadonlyMap<string, string>): JudgeOpenPgp {
  let read: Promise<readonly { readonly principal: string; readonly key: Key }[]> | null = null;
  return async (payload, armored, at) => {
    if (keys.size === 0) return unknown('there is no key in policies/openpgp');
    if (!isOneArmor(armored))
      return { ...unknown('it is not exactly one armored signature'), verdict: 'bad' };
    try {
      read ??= readAll(keys);
      return await judge(await read, payload, armored, at);
    } catch (error) {
      return { ...unknown(wordsOf(error)), verdict: 'bad' };
    }
  };
}

/** As git writes it: one block from the first character on, and nothing behind its end. Which of two would count, and what else there is, nobody signed. Pure. */
function isOneArmor(text: string): boolean {
  const [begin, end] = ['-----BEGIN PGP SIGNATURE-----', '-----END PGP SIGNATURE-----'];
  return (
    text.startsWith(begin) &&
    text.trimEnd().indexOf(end) === text.trimEnd().length - end.length &&
    text.lastIndexOf(begin) === 0
  );
}

/** One key of a file, or the file where none can be read. */
export interface OpenPgpKeyState {
  readonly principal: string;
  /** Fingerprint, hex; null: no key can be read. */
  readonly key: string | null;
  /** Fingerprints of the key and of each part of it that may sign at this time. */
  readonly signing: readonly (readonly string[])[];
  /** Why no part of it may; empty where one may. */
  readonly reason: string;
}

/** The keys of each principal as a signature by them would be judged at a time. Never rejects for what is in a key. */
export async function openPgpKeysAt(
  keys: ReadonlyMap<string, string>,
  at: number,
): Promise<readonly OpenPgpKeyState[]> {
  if (keys.size === 0) return [];
  const read = await readAll(keys);
  const states: OpenPgpKeyState[] = [];
  for (const { principal, key } of read) {
    const signing: string[][] = [];
    let reason = 'no part of it may sign';
    for (const part of key.getKeys()) {
      const { curve } = part.getAlgorithmInfo();
      if (curve !== undefined && !curves.has(curve)) continue;
      try {
        await signingKeyAt(key, part.getKeyID(), at);
        signing.push([key.getFingerprint(), part.getFingerprint()]);
      } catch (error) {
        reason = wordsOf(error);
      }
    }
    states.push({ principal, key: key.getFingerprint(), signing, reason: signing.length > 0 ? '' : reason });
  }
  const found = new Set(states.map((each) => each.principal));
  for (const principal of keys.keys()) {
    if (found.has(principal)) continue;
    states.push({ principal, key: null, signing: [], reason: 'no key can be read in it' });
  }
  return states;
}

/** The key, or a part of it, where it may sign as of a time. @throws Error where it may not */
async function signingKeyAt(key: Key, id: ReturnType<Key['getKeyID']>, at: number): Promise<void> {
  await key.getSigningKey(id, new Date(at)).catch(() => key.getSigningKey(id, new Date(at + skewMs)));
}

async function readAll(
  keys: ReadonlyMap<string, string>,
): Promise<readonly { readonly principal: string; readonly key: Key }[]> {
  const { readKeys } = await import('openpgp');
  const all: { principal: string; key: Key }[] = [];
  for (const [principal, armoredKeys] of keys) {
    if (armoredKeys.length > limits.git.openPgpKeyMaxChars) continue;
    const found = await readKeys({ armoredKeys }).catch(() => []);
    for (const key of found) all.push({ principal, key });
  }
  return all;
}

type Against = Pick<OpenPgpFinding, 'verdict' | 'reason'>;

/** Those of docs/signatures.md, as the library calls them. */
const curves: ReadonlySet<string> = new Set([
  'ed25519Legacy',
  'ed25519',
  'ed448',
  'nistP256',
  'nistP384',
  'nistP521',
]);

async function judge(
  keys: readonly { readonly principal: string; readonly key: Key }[],
  payload: Uint8Array,
  armored: string,
  at: number,
): Promise<OpenPgpFinding> {
  const { readSignature } = await import('openpgp');
  const signature = await readSignature({ armoredSignature: armored });
  const wanted = signature.getSigningKeyIDs().map((each) => each.toHex());
  const findings: OpenPgpFinding[] = [];
  for (const { principal, key } of keys) {
    const part = key.getKeys().find((each) => wanted.includes(each.getKeyID().toHex()));
    if (part === undefined) continue;
    const known = { key: key.getFingerprint(), fingerprints: [key.getFingerprint(), part.getFingerprint()] };
    const { curve } = part.getAlgorithmInfo();
    const why: Against | null =
      curve !== undefined && !curves.has(curve)
        ? { verdict: 'bad', reason: `keys on the curve ${curve} do not count` }
        : await reasonAgainst(key, payload, armored, at);
    findings.push(
      why === null
        ? { verdict: 'good', principals: [principal], reason: '', ...known }
        : { ...why, principals: [], ...known },
    );
  }
  // A key may stand in several files: renewed in one, expired in another; for two principals.
  const good = findings.filter((each) => each.verdict === 'good');
  const [first] = good;
  if (first !== undefined)
    return { ...first, principals: [...new Set(good.flatMap((each) => each.principals))] };
  const rank = ['revoked', 'expired', 'bad'];
  const [worst] = findings.sort((left, right) => rank.indexOf(left.verdict) - rank.indexOf(right.verdict));
  return worst ?? unknown(`no OpenPGP key ${wanted[0] ?? ''} is in policies/openpgp`);
}

/** Why a signature by this key does not count; null: it does. First whether it holds at all, then whether the key was good when we saw it. */
async function reasonAgainst(
  key: Key,
  payload: Uint8Array,
  armored: string,
  at: number,
): Promise<Against | null> {
  const { createMessage, readSignature, verify } = await import('openpgp');
  const signature = await readSignature({ armoredSignature: armored });
  const [id] = signature.getSigningKeyIDs();
  try {
    const message = await createMessage({ binary: payload });
    const date = new Date(at + skewMs);
    const { signatures } = await verify({ message, signature, verificationKeys: [key], date });
    for (const each of signatures) await each.verified;
    if (signatures.length !== 1) return { verdict: 'bad', reason: 'there is not exactly one signature' };
    // The library judges a key as of the date inside the signature, which its maker chose: we ask for the time at which we saw it too.
    if (id !== undefined) await signingKeyAt(key, id, at);
    return null;
  } catch (error) {
    const reason = wordsOf(error);
    return { verdict: kindOf(reason), reason };
  }
}

/** The library says why only in words. */
function kindOf(said: string): 'revoked' | 'expired' | 'bad' {
  if (/revoked/i.test(said)) return 'revoked';
  return /expired|not yet|creation time/i.test(said) ? 'expired' : 'bad';
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
