/**
 * What stands inside the age file of a key: its name, its generation, the key, and a code that only the holder of the identity can make.
 * age hides what is in a file; who made it, it does not say: whoever knows the recipient can encrypt to it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export interface Sealed {
  readonly name: string;
  /** Counts the writes of this key, from 1. */
  readonly generation: number;
  readonly pem: string;
}

/**
 * `sealed`: ours, and whole. `forged`: it claims our format, and its code does not fit. `old`: without a code, from before keys had one;
 * `named` is null where not even a name stands in it.
 */
export type Opened =
  | { readonly state: 'sealed'; readonly sealed: Sealed }
  | { readonly state: 'forged' }
  | {
      readonly state: 'old';
      readonly named: { readonly name: string; readonly generation: number } | null;
      readonly pem: string;
    };

export interface Sealer {
  readonly seal: (sealed: Sealed) => string;
  readonly open: (text: string) => Opened;
  /** A code over a text of another kind, so that nothing sealed can be shown as that. */
  readonly code: (kind: string, text: string) => string;
}

const head = /^renewd-custody 2 ([a-z0-9./-]+) ([1-9]\d{0,15}) ([0-9a-f]{64})\n/;
const headOfBefore = /^renewd-custody 1 ([a-z0-9./-]+) ([1-9]\d{0,14})\n/;

/** Seals with HMAC-SHA-256 (RFC 2104) under a key that HKDF (RFC 5869) derives from the identity. Pure. */
export function createSealer(identity: string): Sealer {
  const key = Buffer.from(hkdfSync('sha256', identity, '', 'renewd custody seal 2', 32));
  const code = (kind: string, text: string): string =>
    createHmac('sha256', key).update(`${kind}\n${text}`).digest('hex');
  const codeOf = ({ name, generation, pem }: Sealed): string =>
    code('key', `${name} ${String(generation)}\n${pem}`);
  return {
    code,
    seal: (sealed) =>
      `renewd-custody 2 ${sealed.name} ${String(sealed.generation)} ${codeOf(sealed)}\n${sealed.pem}`,
    open: (text) => {
      const found = head.exec(text);
      if (found === null) return openedOld(text);
      const [whole, name = '', generation, written = ''] = found;
      const sealed = { name, generation: Number(generation), pem: text.slice(whole.length) };
      const fits = isSameCode(written, codeOf(sealed)) && Number.isSafeInteger(sealed.generation);
      return fits ? { state: 'sealed', sealed } : { state: 'forged' };
    },
  };
}

function openedOld(text: string): Opened {
  const found = headOfBefore.exec(text);
  if (found === null) return text.startsWith('renewd-custody ') ? { state: 'forged' } : old(null, text);
  const [whole, name = '', generation] = found;
  return old({ name, generation: Number(generation) }, text.slice(whole.length));
}

function old(named: { readonly name: string; readonly generation: number } | null, pem: string): Opened {
  return { state: 'old', named, pem };
}

/** Compares in the same time whatever the two are. Pure. */
export function isSameCode(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
