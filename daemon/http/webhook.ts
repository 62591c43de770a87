/**
 * Judges one webhook delivery: is it from someone who knows the secret, and is it new? The body is only a hint to look at the
 * repository sooner; nothing in it is parsed, believed or kept.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { limits } from '../limits.ts';

export type Verdict = 'accepted' | 'replayed' | 'refused';

/** Judges a delivery at an instant (UTC epoch ms) and remembers it. No IO. */
export type WebhookJudge = (
  delivery: { readonly headers: IncomingHttpHeaders; readonly body: Uint8Array },
  secret: string,
  now: number,
) => Verdict;

/**
 * Makes a judge. The secret is given with each delivery: a new one counts from the next on. Accepted forms, the first header present decides:
 * `X-Hub-Signature-256: sha256=<hex>` (GitHub, Gitea, Forgejo), `X-Forgejo-Signature` and `X-Gitea-Signature: <hex>`: HMAC-SHA256
 * of the raw body; `X-Gitlab-Token`: the secret itself. A delivery whose id, or whose signed body, was accepted within
 * `limits.http.webhookReplayWindowMs` is `replayed`: the id is not covered by the signature, the body is.
 */
export function createWebhookJudge(): WebhookJudge {
  /** Key to the instant it was accepted; a Map keeps insertion order, so the first is the oldest. */
  const seen = new Map<string, number>();
  return ({ headers, body }, secret, now) => {
    const proof = prove(secret, headers, body);
    if (proof === null) return 'refused';
    const id = deliveryId(headers);
    const keys = [
      ...(id === null ? [] : [`id ${id}`]),
      // A token says nothing of the body: two equal bodies under it with two ids are two deliveries.
      ...(proof === 'signature' || id === null
        ? [`body ${createHash('sha256').update(body).digest('hex')}`]
        : []),
    ];
    forget(seen, now);
    if (keys.some((key) => seen.has(key))) return 'replayed';
    for (const key of keys) seen.set(key, now);
    return 'accepted';
  };
}

function forget(seen: Map<string, number>, now: number): void {
  for (const [key, at] of seen) {
    const tooMany = seen.size >= limits.http.webhookDeliveriesMax;
    // A clock that was set back must not keep entries for ever.
    if (!tooMany && at <= now && now - at < limits.http.webhookReplayWindowMs) return;
    seen.delete(key);
  }
}

function prove(secret: string, headers: IncomingHttpHeaders, body: Uint8Array): 'signature' | 'token' | null {
  const hub = header(headers, 'x-hub-signature-256');
  if (hub !== null) {
    return hub.startsWith('sha256=') && isSignature(secret, body, hub.slice('sha256='.length))
      ? 'signature'
      : null;
  }
  const hex = header(headers, 'x-forgejo-signature') ?? header(headers, 'x-gitea-signature');
  if (hex !== null) return isSignature(secret, body, hex) ? 'signature' : null;
  const token = header(headers, 'x-gitlab-token');
  return token !== null && equalInConstantTime(token, secret) ? 'token' : null;
}

function isSignature(secret: string, body: Uint8Array, hex: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(hex)) return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(body).digest());
}

/** Equal-length digests: `timingSafeEqual` refuses different lengths, and the length of the secret must not show either. */
function equalInConstantTime(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', wanted).update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** GitHub, Gitea, Forgejo, GitLab; null where the forge sends none or it is not a plausible id. */
function deliveryId(headers: IncomingHttpHeaders): string | null {
  const names = [
    'x-github-delivery',
    'x-forgejo-delivery',
    'x-gitea-delivery',
    'idempotency-key',
    'x-gitlab-event-uuid',
  ];
  for (const name of names) {
    const value = header(headers, name);
    if (value !== null && /^[\w.:-]{1,128}$/.test(value)) return value;
  }
  return null;
}

/** A header that was sent exactly once; Node joins or lists repeated ones, which no forge sends. */
function header(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}
