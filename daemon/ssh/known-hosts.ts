/** Reads OpenSSH's known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which keys are known for a host, which are revoked. Pure. */
import { createHmac } from 'node:crypto';
import { matchesGlob } from '../core/glob.ts';
import { limits } from '../limits.ts';

export interface KnownKeys {
  /** `type base64` lines. */
  readonly keys: readonly string[];
  readonly revoked: readonly string[];
}

/** The keys for `host` at `port`. Lines of certificate authorities and lines that make no sense are passed over. Bounded by `limits.ssh.knownHosts…`: what stands beyond is unknown, so no connection. */
export function knownKeys(text: string, host: string, port: number): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${String(port)}`;
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
    if (!matches(hosts, name)) continue;
    if (marker === undefined) keys.push(`${type} ${base64}`);
    else if (marker === '@revoked') revoked.push(`${type} ${base64}`);
  }
  return { keys, revoked };
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = hosts.split('|');
    // SHA-1 has 20 bytes, and so has the salt: nothing else is worth a computation.
    if (salt.length !== 28 || hash.length !== 28) return false;
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  let found = false;
  const patterns = hosts.toLowerCase().split(',');
  // What was cut off might have been an exclusion.
  if (patterns.length > limits.git.patternsMax) return false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!') && matchesGlob(pattern.slice(1), name)) return false;
    if (matchesGlob(pattern, name)) found = true;
  }
  return found;
}
