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
  /** The commit of the declarations it is made from. */
  readonly commit: string;
}

const marker = 'RENEWD_END_OF_FILE';

/**
 * Where root may install the script: directories that hold programs alone, and directories of renewd's own below others. Elsewhere something reads what it
 * finds: units, generators, rules, tables of cron, modules, pages of a web server.
 */
const places = [
  ...['/usr/local/sbin/', '/usr/local/bin/', '/usr/local/libexec/', '/usr/libexec/', '/usr/sbin/'],
  ...[
    '/usr/local/lib/renewd/',
    '/usr/local/libexec/renewd/',
    '/usr/libexec/renewd/',
    '/opt/renewd/',
    '/srv/renewd/',
  ],
];

/**
 * Why root should not install a script there; null where it may. Whoever declares an endpoint names the path, and root writes there: it must be neither a
 * place that something else reads nor the name of a program that root calls. Pure.
 */
export function pathFault(path: string): string | null {
  const end = path.lastIndexOf('/') + 1;
  if (!places.includes(path.slice(0, end)))
    return `stands in none of ${places.join(', ')}, where nothing but programs stands`;
  if (!path.includes('renewd'))
    return 'does not say renewd, so it could be the name of a program that somebody calls';
  return /^[A-Za-z0-9_-]+$/.test(path.slice(end))
    ? null
    : 'has a name with more than letters, digits, _ and -, which could mean something to somebody else';
}

/**
 * A POSIX shell script, safe to run again. Every value is a quoted word, or a line of a here-document that nothing is expanded in. All of it is one
 * group, which a shell reads to its end before it does any of it: cut on the way, nothing is done. `pathFault` of the path is null.
 */
export function helperSetup({ endpoint, user, lines, publicKey, isJump, commit }: HelperSetup): string {
  const { config, name } = endpoint;
  const { path } = privilegeOf(config);
  const script = readFileSync(resolve(import.meta.dirname, '../targets/renewd-endpoint.sh'), 'utf8');
  const list = lines.map(({ kind, text }) => `${kind} ${text}\n`).join('');
  return `#!/bin/sh
{
# For root of ${name} (${String(config['host'])}). Made by: renewd helper ${name}, from what is in force at commit
# ${commit}.
# Makes the user ${user}, installs ${path} and the list of what it may do. Safe to run again: the list is written anew.
set -eu
umask 022
exec </dev/null
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
fail() { printf 'renewd helper: %s\\n' "$*" >&2; exit 1; }
user=${quoteWords([user])}
path=${quoteWords([path])}
[ "$(id -u)" = 0 ] || fail 'run this as root'
for program in sudo openssl visudo runuser setsid; do command -v "$program" >/dev/null || fail "$program is not installed"; done
# Whoever can change a directory on the way could put another program in the place of this one. Of a way through a link only one end would be seen.
firm() {
  [ -d "$1" ] || fail "there is no directory $1: make it first, root's and writable for nobody else"
  at=$(readlink -f -- "$1")
  [ "$at" = "$1" ] || fail "$1 leads through a link to $at"
  while :; do
    set -- $(stat -c '%u %A' "$at")
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
# Only a script of renewd is replaced, and only a list beside one.
nobodys() { [ ! -e "$1" ] && [ ! -L "$1" ]; }
plain() { [ -f "$1" ] && [ ! -L "$1" ]; }
if plain "$path" && head -n 2 "$path" | grep -q '^# The work of renewd on an endpoint:'; then
  nobodys "$path.allow" || plain "$path.allow" || fail "$path.allow is no file: move it away"
else
  nobodys "$path" || fail "$path is there already and is not renewd's script: move it away, or declare another privilege.path"
  nobodys "$path.allow" || fail "$path.allow is there already, without the script: move it away"
fi
id -u "$user" >/dev/null 2>&1 || useradd --system --create-home --shell /bin/sh "$user"
# By number: some names mean other things to sudo, such as ALL.
uid=$(id -u "$user")
case $uid in 0|''|*[!0-9]*) fail "$user is root by another name: declare another user" ;; esac
sudoers=/etc/sudoers.d/renewd-$uid
line="#$uid ALL=(root) NOPASSWD: $path"
printf '%s\\n' "$line" | visudo -cqf - || fail 'sudo does not take the line for this user'
${publicKey === null ? '' : authorizedKey(publicKey, isJump)}
new=
trap '[ -z "$new" ] || rm -f "$new"' EXIT
# put FILE MODE: what comes in becomes the file at once, as root's. sudo passes over names with a dot, so a half-written one breaks nothing.
put() {
  new=$(mktemp "\${1%/*}/.renewd.XXXXXX")
  cat > "$new" && chown 0:0 "$new" && chmod "$2" "$new" && mv -f "$new" "$1"
  new=
}
put "$path.allow" 0644 <<'${marker}'
${list}${marker}
put "$path" 0755 <<'${marker}'
${script}${marker}
printf '%s\\n' "$line" | put "$sudoers" 0440
runuser -u "$user" -- sudo -n "$path" version >/dev/null || fail "$user cannot run $path through sudo: /etc/sudoers must include /etc/sudoers.d"
echo "$user may run $path, which may do what $path.allow says"
exit 0
}
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
