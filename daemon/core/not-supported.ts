/** What people look for and renewd does not do: said where it is written or met, in the words of docs/configuration.md ("What is not supported"). Pure. */

const proxy =
  'renewd uses no proxy, neither for Git nor for CAs, and reads no *_PROXY variable: give it a way to connect directly';
const clientCertificate =
  'renewd shows no client certificate to Git servers: use a token (git.token) or SSH (git.ssh)';
const proxyProtocol =
  'renewd does not speak the PROXY protocol: name an address under serves that takes TLS directly';

const keys: readonly (readonly [RegExp, string])[] = [
  [/^proxy[-_]?protocol$/i, proxyProtocol],
  [/^(https?|all|socks|no)?[-_]?proxy([-_]?url)?$/i, proxy],
  [/^(ssl|tls|client)[-_]?(cert|certificate|key)([-_]?(file|path|secret))?$/i, clientCertificate],
];

/** What to know about a key that is not there, such as `proxy` or `clientCertificate`; null for any other. */
export function notSupportedKey(key: string): string | null {
  return keys.find(([pattern]) => pattern.test(key))?.[1] ?? null;
}

/** Said where a server asked for a client certificate; null where the words of a failed connection are about something else. */
export function notSupportedByPeer(words: string): string | null {
  return /certificate[ _]required|alert bad certificate|No required SSL certificate/i.test(words)
    ? `the server wants a client certificate, and ${clientCertificate}`
    : null;
}

/** Which of these environment variables ask for a proxy: `HTTPS_PROXY is set, but renewd uses no proxy ...`; null for none. */
export function proxyInEnvironment(environment: Readonly<Record<string, string | undefined>>): string | null {
  const named = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].filter(
    (name) => (environment[name] ?? '') !== '',
  );
  return named.length === 0 ? null : `${named.join(', ')} is set, but ${proxy}`;
}
