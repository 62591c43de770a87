/** JSON Web Signatures as RFC 8555 section 6.2 wants them: flattened, ES256, with nonce and URL; HS256 for external account bindings. Pure but for signing. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';

/** Key of an account: P-256. */
export interface AccountKey {
  readonly privateKey: KeyObject;
  /** The public half, keys in the order of RFC 7638. */
  readonly jwk: { readonly crv: string; readonly kty: string; readonly x: string; readonly y: string };
  /** RFC 7638, base64url. */
  readonly thumbprint: string;
}

/** A new account key as PEM (PKCS #8). Reads randomness. */
export function newAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Reads an account key. @throws Error when it is no P-256 key */
export function readAccountKey(pem: string): AccountKey {
  const privateKey = createPrivateKey(pem);
  const { crv = '', kty = '', x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (crv !== 'P-256') throw new Error('an account key must be on P-256');
  const jwk = { crv, kty, x, y };
  return {
    privateKey,
    jwk,
    thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'),
  };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The body of a request. `kid` null sends the key itself (newAccount); `payload` null is POST-as-GET. */
export function signRequest(
  key: AccountKey,
  request: {
    readonly url: string;
    readonly nonce: string;
    readonly kid: string | null;
    readonly payload: unknown;
  },
): string {
  const { url, nonce, kid, payload } = request;
  const head = encode({ alg: 'ES256', ...(kid === null ? { jwk: key.jwk } : { kid }), nonce, url });
  const body = payload === null ? '' : encode(payload);
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return JSON.stringify({ protected: head, payload: body, signature: signature.toString('base64url') });
}

/** External account binding (RFC 8555 section 7.3.4). `hmacKey` is base64url as CAs give it. */
export function bindAccount(key: AccountKey, kid: string, hmacKey: string, url: string): unknown {
  const head = encode({ alg: 'HS256', kid, url });
  const body = encode(key.jwk);
  const signature = createHmac('sha256', Buffer.from(hmacKey.trim(), 'base64url'))
    .update(`${head}.${body}`)
    .digest('base64url');
  return { protected: head, payload: body, signature };
}
