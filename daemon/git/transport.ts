/** How a server is spoken to: one session per service, whatever carries it. HTTP(S) and SSH implement it; nothing here knows packs. */
import type { GitService, GitSshLocation } from '../ports/git-ssh.ts';
import { OperationError } from '../ports/failure.ts';
import type { Advertisement } from './advertisement.ts';

export interface Session {
  readonly advertisement: Advertisement;
  /** Sends the one request of this session; the answer is read from the result. @throws OperationError `git-*` */
  readonly request: (body: Uint8Array) => Promise<AsyncIterable<Uint8Array>>;
  /** Ends the session; safe to repeat. */
  readonly close: () => void;
}

export interface Transport {
  /** The address without credentials, for messages. */
  readonly place: string;
  /** As `Repository.advertise`, in as few bytes as the server allows. */
  readonly listRefs: (wanted: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;
  /** `ref`: the reference the session is for, which its advertisement holds if the server has it. */
  readonly open: (service: GitService, ref: string, signal: AbortSignal) => Promise<Session>;
  readonly close: () => void;
}

export type RepositoryAddress =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'http'; readonly url: URL }
  | { readonly kind: 'ssh'; readonly location: GitSshLocation };

/**
 * Reads an address as git does (git-fetch, "GIT URLS"): https, http, ssh, the short form `user@host:path`, file and plain paths. Pure.
 * @throws OperationError `unsupported`
 */
export function parseAddress(text: string): RepositoryAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  // `ext::command` would be a remote helper of git: a program to run.
  if (/^[a-z0-9+.-]+::/i.test(text))
    throw unsupported(`${text.split('::')[0] ?? ''}:: is no address renewd can use`);
  if (scheme === undefined) {
    const short = /^(?:([^@/:\s]+)@)?(\[[0-9a-fA-F:.]+\]|[^/:\s]+):(.+)$/.exec(text);
    if (short === null) return { kind: 'local', path: text };
    const [, user, host = '', path = ''] = short;
    return ssh(user ?? null, host, null, path);
  }
  if (scheme === 'file') return { kind: 'local', path: decodedPart(urlOf(text, text).pathname, text) };
  if (scheme === 'https' || scheme === 'http') {
    const url = urlOf(text, text);
    if (url.password !== '') {
      throw unsupported('the repository address holds a password; bind it as a secret and name the secret');
    }
    return { kind: 'http', url };
  }
  if (scheme === 'ssh' || scheme === 'git+ssh' || scheme === 'ssh+git') {
    const url = urlOf(text.replace(/^[^:]+/, 'ssh'), text);
    const path = decodedPart(url.pathname, text);
    return ssh(
      url.username === '' ? null : decodedPart(url.username, text),
      url.hostname,
      url.port === '' ? null : Number(url.port),
      // git: `ssh://host/~user/x` names the home directory of user.
      path.startsWith('/~') ? path.slice(1) : path,
    );
  }
  throw unsupported(`${scheme}:// is no address renewd can use; use https://, ssh:// or a path`);
}

function ssh(user: string | null, host: string, port: number | null, path: string): RepositoryAddress {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare === '' || bare.startsWith('-') || path === '' || path.startsWith('-')) {
    throw unsupported('the SSH address of the repository has no usable host or path');
  }
  return { kind: 'ssh', location: { user, host: bare, port, path } };
}

function urlOf(text: string, shown: string): URL {
  const url = URL.parse(text);
  if (url === null)
    throw unsupported(`${JSON.stringify(shown)} is no address; use https://, ssh:// or a path`);
  return url;
}

/** A part of an address without its percent escapes. Pure. @throws OperationError `unsupported` where a % begins none (RFC 3986 section 2.1) */
export function decodedPart(part: string, shown: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unsupported(`${JSON.stringify(shown)} has a % that begins no escape; write it as %25`);
  }
}

function unsupported(message: string): OperationError {
  return new OperationError('unsupported', message, { disposition: 'stall', endsWhen: ['configuration'] });
}
