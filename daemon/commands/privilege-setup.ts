/** The text of the script that root runs on a machine in mode helper. Words only; no IO but reading what came with renewd. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Endpoint } from '../core/model.ts';
import { quoteWords } from '../ssh/words.ts';
import type { AllowLine } from '../ports/target.ts';

export interface HelperSetup {
  readonly endpoint: Endpoint;
  readonly user: string;
  readonly lines: readonly AllowLine[];
  /** One line as in a file .pub; null: whoever runs it adds the key. */
  readonly publicKey: string | null;
  /** Other endpoints are reached through this one. */
  readonly isJump: boolean;
}

const marker = 'RENEWD_END_OF_FILE';
export const defaultHelperPath = '/usr/local/sbin/renewd-endpoint';

/** A POSIX shell script, safe to run again. Every value is a quoted word, or a line of a here-document that nothing is expanded in. */
export function helperSetup({ endpoint, user, lines, publicKey, isJump }: HelperSetup): string {
  const { config, name } = endpoint;
  const { privilege } = config;
  const stated =
    typeof privilege === 'object' && privilege !== null && 'path' in privilege ? privilege.path : null;
  const path = typeof stated === 'string' ? stated : defaultHelperPath;
  const script = readFileSync(resolve(import.meta.dirname, '../targets/renewd-endpoint.sh'), 'utf8');
  const list = lines.map(({ kind, text }) => `${kind} ${text}\n`).join('');
  return `#!/bin/sh
# For root of ${name} (${String(config['host'])}). Made by: renewd helper ${name}
# Makes the user ${user}, installs ${path} and the list of what it may do. Safe to run again: the list is written anew.
set -eu
umask 022
fail() { printf 'renewd helper: %s\\n' "$*" >&2; exit 1; }
user=${quoteWords([user])}
path=${quoteWords([path])}
[ "$(id -u)" = 0 ] || fail 'run this as root'
for program in sudo openssl visudo; do command -v "$program" >/dev/null || fail "$program is not installed"; done
id -u "$user" >/dev/null 2>&1 || useradd --system --create-home --shell /bin/sh "$user"
${publicKey === null ? '' : authorizedKey(publicKey, isJump)}
mkdir -p "\${path%/*}"
new=$(mktemp "\${path%/*}/.renewd.XXXXXX")
trap 'rm -f "$new"' EXIT
# put FILE MODE: what comes in becomes the file at once, as root's.
put() { cat > "$new.part" && chown 0:0 "$new.part" && chmod "$2" "$new.part" && mv -f "$new.part" "$1"; }
put "$path" 0755 <<'${marker}'
${script}${marker}
put "$path.allow" 0644 <<'${marker}'
${list}${marker}
sudoers=/etc/sudoers.d/renewd-$(printf '%s' "$user" | tr -c 'A-Za-z0-9_-' '_')
printf '%s ALL=(root) NOPASSWD: %s\\n' "$user" "$path" > "$new"
visudo -cqf "$new" || fail 'sudo does not take the line for this user'
put "$sudoers" 0440 < "$new"
echo "$user may run $path, which may do what $path.allow says"
`;
}

function authorizedKey(publicKey: string, isJump: boolean): string {
  // restrict: no terminal, no forwarding; a machine that others are reached through needs the second.
  const line = `restrict${isJump ? ',port-forwarding' : ''} ${publicKey}`;
  return `key=${quoteWords([line])}
home=$(getent passwd "$user" | cut -d: -f6)
[ -d "$home" ] || fail "$user has no home directory"
group=$(id -g "$user")
install -d -o "$user" -g "$group" -m 0700 "$home/.ssh"
touch "$home/.ssh/authorized_keys"
grep -qxF "$key" "$home/.ssh/authorized_keys" || printf '%s\\n' "$key" >> "$home/.ssh/authorized_keys"
chown "$user:$group" "$home/.ssh/authorized_keys"
chmod 0600 "$home/.ssh/authorized_keys"`;
}
