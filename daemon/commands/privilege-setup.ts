/** The text of the script that root runs on a machine in mode helper. Words only; no IO but reading what came with renewd. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Endpoint } from '../core/model.ts';
import { quoteWords } from '../ssh/words.ts';
import { privilegeOf } from '../targets/ssh/privilege.ts';
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

/** A POSIX shell script, safe to run again. Every value is a quoted word, or a line of a here-document that nothing is expanded in. */
export function helperSetup({ endpoint, user, lines, publicKey, isJump }: HelperSetup): string {
  const { config, name } = endpoint;
  const { path } = privilegeOf(config);
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
for program in sudo openssl visudo runuser setsid; do command -v "$program" >/dev/null || fail "$program is not installed"; done
id -u "$user" >/dev/null 2>&1 || useradd --system --create-home --shell /bin/sh "$user"
${publicKey === null ? '' : authorizedKey(publicKey, isJump)}
mkdir -p "\${path%/*}"
# Whoever can change a directory on the way could put another program in the place of this one.
firm() {
  at=$1
  while :; do
    set -- $(stat -L -c '%u %A' "$at")
    case "$1 $2" in
      '0 d'????-??-*) ;;
      *) fail "$at must belong to root and be writable for nobody else (chown root:root, chmod go-w)" ;;
    esac
    [ "$at" != / ] || break
    at=\${at%/*}
    at=\${at:-/}
  done
}
firm "\${path%/*}"
firm /etc/sudoers.d
new=
trap '[ -z "$new" ] || rm -f "$new"' EXIT
# put FILE MODE: what comes in becomes the file at once, as root's. sudo passes over names with a dot, so a half-written one breaks nothing.
put() {
  new=$(mktemp "\${1%/*}/.renewd.XXXXXX")
  cat > "$new" && chown 0:0 "$new" && chmod "$2" "$new" && mv -f "$new" "$1"
  new=
}
put "$path" 0755 <<'${marker}'
${script}${marker}
put "$path.allow" 0644 <<'${marker}'
${list}${marker}
sudoers=/etc/sudoers.d/renewd-$(printf '%s' "$user" | tr -c 'A-Za-z0-9_-' '_')
line="$user ALL=(root) NOPASSWD: $path"
printf '%s\\n' "$line" | visudo -cqf - || fail 'sudo does not take the line for this user'
printf '%s\\n' "$line" | put "$sudoers" 0440
echo "$user may run $path, which may do what $path.allow says"
`;
}

function authorizedKey(publicKey: string, isJump: boolean): string {
  // restrict: no terminal, no forwarding; a machine that others are reached through needs the second.
  const line = `restrict${isJump ? ',port-forwarding' : ''} ${publicKey}`;
  return `key=${quoteWords([line])}
home=$(getent passwd "$user" | cut -d: -f6)
[ -d "$home" ] || fail "$user has no home directory"
# As the user, who owns what is there: a link in it must lead root nowhere. In a session of its own, away from the terminal of root.
printf '%s\\n' "$key" | HOME=$home setsid -w runuser -u "$user" -- /bin/sh -c '
  set -eu
  umask 077
  IFS= read -r key
  cd "$HOME"
  mkdir -p .ssh
  chmod 0700 .ssh
  [ -e .ssh/authorized_keys ] || : > .ssh/authorized_keys
  grep -qxF "$key" .ssh/authorized_keys || printf "%s\\n" "$key" >> .ssh/authorized_keys
  chmod 0600 .ssh/authorized_keys
' || fail "the key cannot be written as $user: see what $home/.ssh is"`;
}
