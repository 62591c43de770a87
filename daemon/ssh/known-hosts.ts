/** Reads OpenSSH's known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which keys are known for a host, which are revoked. Pure. */
import { createHmac } from 'node:crypto';
import { readIpAddress } from '../core/dns-name.ts';
import { matchesGlob } from '../core/glob.ts';
import { canonicalHost } from '../core/host-name.ts';
import { limits } from '../limits.ts';

export interface KnownKeys {
  /** `type base64` lines. */
  readonly keys: readonly string[];
  readonly revoked: readonly string[];
}

/** The keys for `host` at `port`, whichever spelling of it a line has. Lines of certificate authorities and lines that make no sense are passed over. Bounded by `limits.ssh.knownHosts…`: what stands beyond is unknown, so no connection. */
export function knownKeys(text: string, host: string, port: number): KnownKeys {
  const names = [...spellingsOf(host)].map((each) => (port === 22 ? each : `[${each}]:${String(port)}`));
  const keys: string[] = [];
  const revoked: string[] = [];
  const { knownHostsMaxBytes, knownHostsLinesMax } = limits.ssh;
  let hashed = 0;
  for (const line of text.slice(0, knownHostsMaxBytes).split('\n', knownHostsLinesMax)) {
    if (line === '' || line.startsWith('#')) continue;
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [hosts, type, base64] = words;
    if (hosts === undefined || type === undefined || base64 === undefined || hosts.startsWith('#')) continue;
    if (hosts.startsWith('|1|') && ++hashed > limits.ssh.knownHostsHashedMax) continue;
    if (!matches(hosts, names)) continue;
    if (marker === undefined) keys.push(`${type} ${base64}`);
    else if (marker === '@revoked') revoked.push(`${type} ${base64}`);
  }
  return { keys, revoked };
}

/** As written, and in the forms under which OpenSSH and its users note the same host. */
function spellingsOf(host: string): ReadonlySet<string> {
  const canonical = canonicalHost(host);
  if (canonical === null) return new Set([host.toLowerCase()]);
  return new Set([canonical, readIpAddress(canonical) ?? canonical, host.toLowerCase().replace(/\.$/, '')]);
}

/** A pattern without wildcards in the one spelling of its host; any other as it is. */
function plainPattern(pattern: string): string {
  const [, bracketed, port = '22'] = /^\[([^\]]*)\](?::(\d+))?$/.exec(pattern) ?? [];
  const host = canonicalHost(bracketed ?? pattern);
  if (host === null) return pattern;
  return port === '22' ? host : `[${host}]:${port}`;
}

function matches(hosts: string, names: readonly string[]): boolean {
  if (hosts.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = hosts.split('|');
    // SHA-1 has 20 bytes, and so has the salt: nothing else is worth a computation.
    if (salt.length !== 28 || hash.length !== 28) return false;
    const key = Buffer.from(salt, 'base64');
    return names.some((name) => createHmac('sha1', key).update(name).digest('base64') === hash);
  }
  let found = false;
  const patterns = hosts.toLowerCase().split(',');
  // What was cut off might have been an exclusion.
  if (patterns.length > limits.git.patternsMax) return false;
  for (const written of patterns) {
    const isExclusion = written.startsWith('!');
    const pattern = plainPattern(isExclusion ? written.slice(1) : written);
    if (!names.some((name) => matchesGlob(pattern, name))) continue;
    if (isExclusion) return false;
    found = true;
  }
  return found;
}
