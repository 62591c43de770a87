/** Pinned host keys: which are meant, whether one fits, and which kinds to ask a server for. Pure. */
import { createHash } from 'node:crypto';

/** Kinds of host keys in the order we like them, each with the signature algorithms that prove it. SHA-1 is not among them. */
const kinds: readonly { readonly type: string; readonly algorithms: readonly string[] }[] = [
  { type: 'ssh-ed25519', algorithms: ['ssh-ed25519'] },
  { type: 'ecdsa-sha2-nistp256', algorithms: ['ecdsa-sha2-nistp256'] },
  { type: 'ecdsa-sha2-nistp384', algorithms: ['ecdsa-sha2-nistp384'] },
  { type: 'ecdsa-sha2-nistp521', algorithms: ['ecdsa-sha2-nistp521'] },
  { type: 'ssh-rsa', algorithms: ['rsa-sha2-512', 'rsa-sha2-256'] },
];

/** `SHA256:...` of a public key blob, as ssh-keygen prints it. */
export function keyFingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256')
    .update(key)
    .digest('base64')
    .replace(/={1,2}$/, '')}`;
}

/** The type inside a public key blob: `ssh-ed25519`. What is no name of RFC 4251 section 6 (printable, at most 64 characters) is none: a server writes it. */
export function keyType(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  const type = bytes.length < 4 ? '' : bytes.toString('latin1', 4, 4 + Math.min(bytes.readUInt32BE(0), 65));
  return /^[\x21-\x7e]{1,64}$/.test(type) ? type : 'a key of no known type';
}

/** Is the key one of the pinned ones? A pin is `type base64 [comment]` or `SHA256:...`. */
export function isPinned(key: Uint8Array, pins: readonly string[]): boolean {
  const base64 = Buffer.from(key).toString('base64');
  const fingerprint = keyFingerprint(key);
  return pins.some((pin) => {
    const words = pin.trim().split(/\s+/);
    return words[0]?.startsWith('SHA256:') === true
      ? words[0].replace(/={1,2}$/, '') === fingerprint
      : words[1] === base64;
  });
}

/**
 * Which algorithms to ask for, one attempt each. A server shows only one key, the first kind both sides know: asking for what is pinned keeps a good
 * server with several keys from looking like a false one. A fingerprint does not say its kind, so each is asked for.
 */
export function algorithmAttempts(pins: readonly string[]): readonly (readonly string[])[] {
  const types = pins.map((pin) => pin.trim().split(/\s+/)[0] ?? '');
  const named = kinds.filter(({ type }) => types.includes(type));
  const attempts = named.length === 0 ? [] : [named.flatMap(({ algorithms }) => algorithms)];
  if (types.some((type) => type.startsWith('SHA256:'))) {
    attempts.push(...kinds.filter((kind) => !named.includes(kind)).map(({ algorithms }) => [...algorithms]));
  }
  return attempts;
}
