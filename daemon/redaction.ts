/**
 * Secret values and how they are erased from whatever is written for people: logs, messages, records.
 * It refuses to be the only line of defence: secrets travel as `Secret`, and this finds the ones that slipped into a text.
 */
import { inspect } from 'node:util';
import { limits } from './limits.ts';
import type { Secret } from './ports/plugin.ts';

const shown = '[secret]';

/**
 * Every value that became a secret in this process, so that redaction finds it whoever prints it. Process-wide on
 * purpose: a log that had to be told about each secret would one day not be told.
 */
const known = new Set<string>();

/** Makes a secret of a text. It shows as `[secret]` in strings, JSON and `util.inspect`; only `reveal()` gives the text. Pure but for redaction, which learns the value. */
export function createSecret(text: string): Secret {
  remember(text);
  const secret: Secret & { readonly [inspect.custom]: () => string } = {
    reveal: () => text,
    toString: () => shown,
    toJSON: () => shown,
    [inspect.custom]: () => shown,
  };
  return Object.freeze(secret);
}

/** Is this value a `Secret`? Pure. */
export function isSecret(value: unknown): value is Secret {
  return (
    typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function'
  );
}

/** Also the forms a value takes on its way: without line end, as URL part, in Basic authentication's base64, line by line. */
function remember(text: string): void {
  const trimmed = text.trim();
  const forms = [
    trimmed,
    encodeURIComponent(trimmed),
    Buffer.from(trimmed).toString('base64').replace(/=+$/, ''),
  ];
  // The lines of a key are long; a `-----BEGIN` line is no secret.
  for (const line of trimmed.split(/\r?\n/))
    if (line.length >= 24 && !line.startsWith('-----')) forms.push(line.trim());
  for (const form of forms) if (form.length >= limits.secrets.redactMinCharacters) known.add(form);
}

/** PEM private keys of every kind (RFC 7468 section 10 and 11, RFC 4716-like OpenSSH), also cut off at the end. */
const privateKeys =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g;
const ageIdentities = /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Za-z]+/gi;
/** `user:password@` and `token@` in a URL (RFC 3986 section 3.2.1). */
const urlCredentials = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]+@/gi;
/** `?token=...`, `&access_token=...` and their like. */
const urlTokens =
  /([?&](?:[a-z_-]{0,40}token|[a-z_-]{0,40}secret|password|api[_-]?key|key|signature|sig|code)=)[^&\s#"']+/gi;
const authorizations = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:[a-z]+ +)?[^\s"',;]+/gi;
const bearers = /\b(bearer|basic) +[A-Za-z0-9._~+/-]{8,}=*/gi;
/** Tokens that carry their own prefix: GitHub, GitLab, npm-like forges, Vault. */
const prefixed =
  /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w-]{16,}|hv[sbr]\.[\w-]{16,})/g;

/**
 * Erases from a text every known secret, PEM private key, age identity, Authorization value, URL credential and token of
 * a known form. Pure but for the set of known secrets. What it does not know and cannot recognise it cannot erase.
 */
export function redact(text: string): string {
  let clean = text;
  for (const value of known) if (clean.includes(value)) clean = clean.replaceAll(value, shown);
  return clean
    .replace(privateKeys, '[private key]')
    .replace(ageIdentities, '[age identity]')
    .replace(urlCredentials, '$1[credentials]@')
    .replace(urlTokens, '$1[token]')
    .replace(authorizations, '$1[authorization]')
    .replace(bearers, '$1 [authorization]')
    .replace(prefixed, '[token]');
}
