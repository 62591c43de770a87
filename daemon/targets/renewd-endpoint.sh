#!/bin/sh
# The work of renewd on an endpoint: keys, generations and the switch between them. One verb a call, safe to repeat.
# Sent with each call by privilege "direct": $0 is then renewd-direct, and it does what its user may do.
# Installed root-owned and called through sudo by privilege "helper": <path of this file>.allow then says what it may touch.
# Nothing in its arguments, its input, its environment or the files of others is believed: docs/endpoint-helper.md names who may lie.
# Needs a POSIX sh and openssl 1.1.1 or newer.
version=5
set -euf
umask 077
IFS=' 	
'
unset ENV BASH_ENV CDPATH TMPDIR TZ POSIXLY_CORRECT GREP_OPTIONS BLOCKSIZE LANG LANGUAGE LC_COLLATE LC_CTYPE LC_MESSAGES NLSPATH LOCPATH \
  GCONV_PATH AWKPATH AWKLIBPATH OPENSSL_ENGINES OPENSSL_MODULES OPENSSL_CONF_INCLUDE OPENSSL_ia32cap SSL_CERT_FILE SSL_CERT_DIR RANDFILE \
  LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LIBPATH LDR_PRELOAD LDR_PRELOAD64 SHLIB_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH
LC_ALL=C
# openssl loads what a configuration names, libraries too.
OPENSSL_CONF=/dev/null
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
allow=
if [ "$0" != renewd-direct ]; then
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  HOME=/
  export HOME
  allow=$0.allow
fi
export PATH LC_ALL OPENSSL_CONF

fail() { code=$1; shift; printf 'renewd: %s\n' "$*" >&2; exit "$code"; }

me=$(id -u) || fail 69 'id does not work here'

# Bounds: what a real endpoint needs is far below, what an attacker may make us do is not far above.
chain_bytes_max=262144
certificates_max=16
request_bytes_max=65536
kept_bytes_max=1048576
generations_max=64
stores_max=4096
files_max=20
replaced_max=64
undo_max=64
blocks_max=64

# --- what words may be ---

# A path that means what it says: absolute, no way up, nothing that a terminal or a list would read differently.
plain_path() {
  [ "${#1}" -le 1024 ] || fail 64 'a path of more than 1024 characters'
  case $1 in
    *'
'*) fail 64 'a path with a line end' ;;
    *[[:cntrl:]]*) fail 64 'a path with a control character' ;;
    */../*|*/..|*/./*|*/.|*//*|?*/) fail 64 "not a plain path: $1" ;;
    /?*) ;;
    *) fail 64 "not an absolute path: $1" ;;
  esac
}

is_plain_name() {
  [ "${#1}" -le 100 ] || return 1
  case $1 in ''|.*|-*|*[!A-Za-z0-9._-]*) return 1 ;; esac
}

plain_name() { is_plain_name "$1" || fail 64 "not a plain name: $1"; }

# --- who can change what ---

# look PATH: type, rights, owner, group and size of what stands there, following no link. False when nothing does.
look() {
  seen=$(ls -ldn -- "$1" 2>/dev/null) || return 1
  fields $seen
}

# fields OF A LINE OF ls -ldn
fields() {
  rights=${1#?}
  type=${1%"$rights"}
  uid=$3
  gid=$4
  size=$5
}

ours() { [ "$uid" = 0 ] || [ "$uid" = "$me" ]; }

# Can anybody but root and us write what was seen? Through "direct" a group that is a user's alone counts as that user; where there is an access control
# list the right of the group may be that of anybody in it.
others_write() {
  case $rights in
    ???????w*|????w*+) return 0 ;;
    ????w*) [ -n "$allow" ] || ! own_group "$gid" ;;
    *) return 1 ;;
  esac
}

group_alone=

# own_group GID: is it the group that most systems make for one user alone? It has their name, and nobody else is in it as far as this machine says.
own_group() {
  if [ -z "$group_alone" ]; then
    group_alone=none
    my_name=$(id -un 2>/dev/null) && my_group=$(id -g) || return 1
    is_plain_name "$my_name" && [ "$(id -gn 2>/dev/null)" = "$my_name" ] && [ -r /etc/passwd ] || return 1
    members=$(getent group "$my_name" 2>/dev/null) \
      || members=$(awk -F: -v name="$my_name" '$1 == name { print; found = 1; exit } END { exit !found }' /etc/group 2>/dev/null) || return 1
    case $members in "$my_name":*:"$my_group":|"$my_name":*:"$my_group":"$my_name") ;; *) return 1 ;; esac
    # Who has it as their first group is in no list of members.
    awk -F: -v name="$my_name" -v gid="$my_group" '$4 == gid && $1 != name { found = 1; exit } END { exit found }' /etc/passwd || return 1
    group_alone=$my_group
  fi
  [ "$1" = "$group_alone" ]
}

# all_firm PATH: is every directory on the way simply ours, and the last one closed to others? One ls for all of them.
all_firm() {
  walk=
  rest=${1#/}
  set -- /
  while [ -n "$rest" ]; do
    walk=$walk/${rest%%/*}
    set -- "$@" "$walk"
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
  done
  seen=$(ls -ldn -- "$@" 2>/dev/null) || return 1
  IFS='
'
  set -- $seen
  IFS=' 	
'
  while [ $# -gt 0 ]; do
    fields $1
    shift
    [ "$type" = d ] && ours || return 1
    if others_write; then
      case $rights in ????????[tT]*) [ $# -gt 0 ] || return 1 ;; *) return 1 ;; esac
    fi
  done
}

firm_paths=

# approach PATH: walks down from / as the kernel would, without following a name that somebody else could swap meanwhile.
# 0: all of it is there and firm. 2: the rest is missing. 1: $why and $step say where others can interfere.
# Sets $real, the firm part without links, and $rest, what is left of the path.
approach() {
  plain_path "$1"
  # What is firm only we and root can change, so one look a call is enough.
  case $firm_paths in *"
$1
"*) real=$1; step=$1; rest=; type=d; return 0 ;; esac
  if all_firm "$1"; then
    firm_paths="$firm_paths
$1
"
    real=$1
    step=$1
    return 0
  fi
  real=
  rest=${1#/}
  hops=0
  step=/
  firm_step || return 1
  while [ -n "$rest" ]; do
    name=${rest%%/*}
    case $rest in */*) after=${rest#*/} ;; *) after= ;; esac
    step=$real/$name
    # Only a link says dots and double slashes; $real has no links, so its parent is the directory above it.
    case $name in
      ''|.) rest=$after; continue ;;
      ..) real=${real%/*}; rest=$after; step=${real:-/}; firm_step || return 1; continue ;;
    esac
    look "$step" || return 2
    case $type in
      l)
        { ours && [ -z "$loose" ]; } || { why="$step is a link that others can change"; return 1; }
        hops=$((hops + 1))
        [ "$hops" -le 16 ] || { why="$step is one link too many"; return 1; }
        target=$(readlink "$step") || { why="$step cannot be read"; return 1; }
        case $target in
          ''|*[[:cntrl:]]*) why="$step is a link to nowhere"; return 1 ;;
          /*) real= ; loose= ;;
        esac
        rest=$target/$after
        [ "${#rest}" -le 4096 ] || { why="$step leads too far"; return 1; }
        continue
        ;;
      d) firm_step || return 1 ;;
      -) [ -z "$after" ] || fail 74 "$step is not a directory" ;;
      *) why="$step is neither a file nor a directory"; return 1 ;;
    esac
    real=$step
    rest=$after
  done
  [ -z "$loose" ] || { why="everybody may write in $step"; return 1; }
}

# firm_step: is the directory $step ours, with nobody else to write in it? In a sticky one ($loose) nobody can swap what is ours, so it is good
# for walking on; but anybody could have put a link there, and nothing is written there.
firm_step() {
  loose=
  look "$step" && ours || { why="$step belongs to user ${uid:-nobody}"; return 1; }
  others_write || return 0
  loose=yes
  case $rights in ????????[tT]*) return 0 ;; esac
  why="others than its owner may write in $step (chmod go-w takes that away; setfacl -b, if there is an access control list)"
  return 1
}

unsafe() {
  owners=root
  [ -n "$allow" ] || owners="root or $(id -un 2>/dev/null || echo "user $me")"
  fail 77 "$why, so it could be swapped meanwhile: $1 must belong to $owners, as must all directories above it"
}

# firm_directory PATH: it is there afterwards, and nobody else can put anything in its place.
firm_directory() {
  # Whoever serves the files must be able to walk to them; what is secret is secret by its own mode.
  # One name at a time: mkdir follows no link, and what is there then is looked at again.
  while :; do
    approach "$1" && reached=0 || reached=$?
    [ "$reached" = 2 ] || break
    (umask 022 && mkdir -- "$real/${rest%%/*}" 2>/dev/null) || look "$real/${rest%%/*}" || fail 74 "cannot make $real/${rest%%/*}"
  done
  [ "$reached" = 0 ] || unsafe "$1"
  [ "$type" = d ] || fail 74 "$1 is not a directory"
}

closed_places='
'

# closed_files DIRECTORY NAME: nobody else has a right to files that are made there, from their first byte on. A default access control list of the directory
# counts in place of umask, its names come to life with chmod, and not every ls shows it. So one is made, empty, under NAME and a umask that leaves no right at all.
closed_files() {
  case $closed_places in *"
$1
"*) return 0 ;; esac
  rm -f -- "$1/$2"
  (umask 777 && : > "$1/$2") || fail 74 "cannot write in $1"
  look "$1/$2" || rights=
  rm -f -- "$1/$2"
  case $rights in
    ---------|---------.) ;;
    *) fail 78 "a file made in $1 begins with rights that umask takes away elsewhere, so others could read a key: take away its default access control list, with those below it (setfacl -R -k $1), or choose a file system that keeps modes" ;;
  esac
  closed_places="$closed_places$1
"
}

# is_file PATH: a file, no link, no device, nothing that blocks whoever reads it.
is_file() { [ -f "$1" ] && [ ! -L "$1" ]; }

# at_most MAX FILE: has it at most so many bytes?
at_most() {
  set -- "$1" $(ls -ldn -- "$2" 2>/dev/null)
  [ "${6:-$(($1 + 1))}" -le "$1" ]
}

# read_input MAX FILE: all of the input, when it is at most so many bytes.
read_input() {
  rm -f -- "$2"
  head -c "$(($1 + 1))" > "$2" || fail 74 "cannot write $2"
  at_most "$1" "$2" || { rm -f -- "$2"; fail 64 "more than $1 bytes of input"; }
}

# --- the list of what is allowed ---

check_allow() {
  if approach "${allow%/*}" && look "$allow" && [ "$type" = - ] && [ "$uid" = 0 ] && ! others_write; then return 0; fi
  fail 66 "$allow must be a file of root that nobody else may write, in a directory that nobody else may write"
}

# allowed KIND TEXT: is there a line "KIND PREFIX" with TEXT at or below PREFIX? All but links and webroots must be equal.
allowed() {
  [ -n "$allow" ] || return 0
  while read -r kind prefix || [ -n "$kind" ]; do
    [ "$kind" = "$1" ] || continue
    # A line without a path would be the beginning of every path.
    [ -n "$prefix" ] || continue
    [ "$2" != "$prefix" ] || return 0
    case $1 in
      link|webroot) case $2 in "${prefix%/}"/*) return 0 ;; esac ;;
    esac
  done < "$allow"
  return 1
}

need_allowed() { allowed "$1" "$2" || fail 66 "$allow does not allow $1 $2"; }

# --- stores and generations ---

# open_store DIRECTORY/TEAM/NAME
open_store() {
  plain_path "$1"
  store=$1
  directory=${store%/*}
  plain_name "${store##*/}"
  plain_name "${directory##*/}"
  directory=${directory%/*}
  [ -n "$directory" ] || fail 64 "not DIRECTORY/TEAM/NAME: $1"
  need_allowed directory "$directory"
}

open_generation() {
  plain_name "$1"
  generation=$1
  place=$store/generations/$1
}

# make_store: its directories are there afterwards. Nothing here removes a store, so their number is bounded (but for calls of the same moment).
make_store() {
  if [ ! -d "$store/generations" ]; then
    stores=0
    set +f
    for path in "$directory"/*/*/; do stores=$((stores + 1)); done
    set -f
    [ "$stores" -lt "$stores_max" ] || [ -d "$store" ] \
      || fail 74 "$directory holds $stores stores already, and $stores_max are allowed: remove those of certificates that are gone"
  fi
  firm_directory "$store/generations"
}

# One process at a time changes a store; the kernel frees the lock when it ends. Nobody is waited for with the lock held: input is read before, and what
# is said is printed after (held).
lock() {
  make_store
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$store/.lock"
    # Some shells close what they opened above 2 for the programs they run, unless told again.
    flock -n 9 9>&9 || fail 75 "another process works on $store"
  fi
  # Left open by a call that was killed, or by an older script.
  [ "$(points_at current)" = adopted ] || close_adopted
}

# receive MAX: sets $input, a file of ours in the store that holds what came in, and goes when this process ends.
receive() {
  make_store
  input=$store/.input.$$
  trap 'rm -f -- "$input"' EXIT
  trap 'exit 75' HUP INT TERM
  # Left by calls that were killed. A call that still reads has its own.
  set +f
  for path in "$store"/.input.*; do
    set -f
    [ ! -f "$path" ] || kill -0 "${path##*.}" 2>/dev/null || rm -f -- "$path"
  done
  set -f
  read_input "$1" "$input"
}

points_at() {
  pointed=$(readlink "$store/$1" 2>/dev/null) || return 0
  pointed=${pointed#generations/}
  if is_plain_name "$pointed"; then printf '%s\n' "$pointed"; fi
}

# Was it ever switched to? The mark stays for as long as the generation does; what is pointed at counts without one.
is_used() { [ "$1" = "$(points_at current)" ] || [ "$1" = "$(points_at previous)" ] || [ -e "$store/generations/$1/.used" ]; }

# mark_used GENERATION...: on disk before anything is switched.
mark_used() {
  for word in "$@"; do
    if [ "$word" = adopted ] || [ ! -d "$store/generations/$word" ] || [ -L "$store/generations/$word" ]; then continue; fi
    [ -e "$store/generations/$word/.used" ] || : > "$store/generations/$word/.used" || fail 74 "cannot write in $store/generations/$word"
    settle_disk "$store/generations/$word/.used" "$store/generations/$word"
  done
}

# each_generation COMMAND: for every directory with a name of ours; anything else there is not ours.
each_generation() {
  set +f
  for path in "$store/generations"/*; do
    set -f
    if is_plain_name "${path##*/}" && [ -d "$path" ] && [ ! -L "$path" ]; then "$1" "${path##*/}"; fi
  done
  set -f
}

# point NAME GENERATION: one rename.
point() {
  [ "$1 $2" != 'current adopted' ] || open_adopted
  rm -f -- "$store/$1.new"
  ln -s "generations/$2" "$store/$1.new"
  rename_over "$store/$1.new" "$store/$1"
  case "$1 $2" in 'current adopted'|'previous '*) ;; *) close_adopted ;; esac
}

# close_adopted: what stood at a path was perhaps secret by the directory it stood in. Here nobody else walks to it.
close_adopted() { [ ! -d "$store/generations/adopted" ] || chmod 0700 "$store/generations/adopted" || fail 74 "cannot close $store/generations/adopted"; }

# open_adopted: only while links lead there. Older scripts kept keys as readable as they stood.
open_adopted() {
  set +f
  for path in "$store/generations/adopted"/*; do
    set -f
    if is_file "$path" && holds_key "$path"; then chmod o= "$path" || fail 74 "cannot set the mode of $path"; fi
  done
  set -f
  chmod 0755 "$store/generations/adopted" || fail 74 "cannot open $store/generations/adopted"
}

rename_over() {
  if mv -T "$1" "$2" 2>/dev/null; then return 0; fi
  mv -fh "$1" "$2" 2>/dev/null || fail 74 "cannot rename $1 to $2"
}

need_openssl() { command -v openssl >/dev/null 2>&1 || fail 69 'openssl is not installed'; }

settle_disk() { sync "$@" 2>/dev/null || sync; }

# --- what openssl is given ---

# ssl WORD...: openssl with at most so many seconds of CPU. Every call goes through here.
cpu_seconds=20
ssl() { (ulimit -t "$cpu_seconds" 2>/dev/null || :; exec openssl "$@"); }

# Files may belong to others (owner lines), and whoever writes an encrypted key says how many rounds a password is stretched for: 2^31 take an hour.
# openssl tries to decrypt whatever looks encrypted, also where a certificate is asked for. So it is given only what begins as a certificate
# (RFC 5280) or as a key without encryption (RFC 5208 or 5958 with a known algorithm, RFC 8017, RFC 5915) begins, by content and by label.
plain_kinds='
  function inside(hex) {
    if (hex ~ /^30[0-7]/) return substr(hex, 5)
    if (hex ~ /^308[123]/) return substr(hex, 5 + 2 * substr(hex, 4, 1))
    return ""
  }
  function kind(hex, body) {
    body = inside(hex)
    if (body ~ /^0201(0002|0104)/) return "key"
    if (body ~ /^02010[01]30/ && inside(substr(body, 7)) ~ /^06(092a864886f70d0101(01|0a)|072a8648ce(3d0201|380401)|032b65(6e|6f|70|71)|096086480165030403)/) return "key"
    if (inside(body) ~ /^(a00302010[012]|02)/) return "certificate"
    return "neither"
  }
  function decoded(text, at, number, digit, hex) {
    for (at = 1; at + 3 <= length(text); at += 4) {
      number = 0
      for (digit = 0; digit < 4; digit++)
        number = number * 64 + index("BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", substr(text, at + digit, 1))
      hex = hex sprintf("%06x", number)
    }
    return hex
  }
'

# is_plain_pem FILE: text whose blocks are all certificates, keys without encryption, and parameters.
is_plain_pem() {
  is_file "$1" && [ -r "$1" ] || return 1
  # Some awks read a line up to the first NUL; openssl goes on behind it.
  tr '\0' '\1' < "$1" | awk -v most="$blocks_max" "$plain_kinds"'
    { sub(/\r$/, "") }
    /[\001-\010\013\014\016-\037]/ { wrong = 1; exit }
    wanted == "" && /^-----BEGIN ((X509 |TRUSTED )?CERTIFICATE|(RSA |EC |DSA )?PRIVATE KEY|(EC|DH) PARAMETERS)-----$/ {
      if (++blocks > most) { wrong = 1; exit }
      wanted = "parameters"
      if ($0 ~ /CERTIFICATE/) wanted = "certificate"
      if ($0 ~ /PRIVATE KEY/) wanted = "key"
      text = ""
      next
    }
    wanted != "" && /^-----END [A-Z0-9 ]+-----$/ {
      if (wanted != "parameters" && kind(decoded(text)) != wanted) { wrong = 1; exit }
      wanted = ""
      next
    }
    # openssl takes a long line for several, so a label may begin inside one.
    /-----BEGIN/ { wrong = 1; exit }
    # A blank line ends what openssl takes for headers, and only what follows counts.
    wanted != "" && !/^[A-Za-z0-9+\/=]+$/ { wrong = 1; exit }
    wanted != "" && length(text) < 64 { text = substr(text $0, 1, 64) }
    END { exit !(wrong == 0 && wanted == "" && blocks > 0) }
  '
}

# is_plain_der FILE MAX KIND
is_plain_der() {
  is_file "$1" && [ -r "$1" ] && at_most "$2" "$1" || return 1
  [ "$(awk -v hex="$(head -c 48 "$1" | od -An -v -tx1 | tr -d ' \n')" "$plain_kinds"' BEGIN { print kind(hex) }')" = "$3" ]
}

# steady FILE MAX: sets $steady, a file of the same content that nobody else can change between a look and its use. $spare is to be removed.
steady() {
  spare=
  steady=$1
  is_file "$1" && look "$1" || return 1
  if ours && ! others_write; then
    [ "$size" -le "$2" ]
    return
  fi
  spare=$store/.read.$$
  closed_files "$store" ".read.$$"
  rm -f -- "$spare"
  head -c "$(($2 + 1))" < "$1" > "$spare" || { rm -f -- "$spare"; fail 74 "cannot read $1 into $store"; }
  steady=$spare
  at_most "$2" "$spare" || { rm -f -- "$spare"; return 1; }
}

# with_form FILE MAX KIND COMMAND WORD...: openssl's command on a file that is plainly of this kind. False for every other.
with_form() {
  steady "$1" "$2" || return 1
  form=
  if is_plain_pem "$steady"; then form=PEM
  elif is_plain_der "$steady" "$2" "$3"; then form=DER
  fi
  command=$4
  shift 4
  done_well=1
  # A password that is wrong for everything: nothing must make openssl ask.
  [ -z "$form" ] || { ssl "$command" -inform "$form" -in "$steady" -passin pass: "$@" 2>/dev/null && done_well=0; } || :
  [ -z "$spare" ] || rm -f -- "$spare"
  return "$done_well"
}

key_of() { key_file=$1; shift; with_form "$key_file" "$request_bytes_max" key pkey "$@"; }
certificate_of() { certificate_file=$1; shift; with_form "$certificate_file" "$chain_bytes_max" certificate x509 "$@"; }
public_of_key() { key_of "$1" -pubout; }
public_of_certificate() { certificate_of "$1" -noout -pubkey; }

# --- verbs ---

# inspect STORE CERTIFICATE-FILE KEY-FILE [LINK FILE]...
inspect() {
  open_store "$1"
  certificate=$2
  key=$3
  plain_name "$certificate"
  plain_name "$key"
  shift 3
  echo "renewd-endpoint $version"
  approach "$store" && reached=0 || reached=$?
  [ "$reached" != 1 ] || unsafe "$store"
  now=$(points_at current)
  echo "current $now"
  echo "previous $(points_at previous)"
  if [ -d "$store/generations" ]; then
    need_openssl
    each_generation show_generation
  fi
  if [ -n "$now" ] && is_file "$store/generations/$now/$certificate" && is_file "$store/generations/$now/$key"; then
    # A disk that is full, or one that cannot be read into, says nothing of a key.
    theirs=$(public_of_certificate "$store/generations/$now/$certificate") || { code=$?; case $code in 74|78) exit "$code" ;; esac; }
    mine=$(public_of_key "$store/generations/$now/$key") || { code=$?; case $code in 74|78) exit "$code" ;; esac; }
    if [ -n "$mine" ] && [ "$theirs" = "$mine" ]; then echo 'key yes'; else echo 'key no'; fi
  fi
  while [ $# -ge 2 ]; do
    plain_path "$1"
    plain_name "${2#copy:}"
    # What the list does not allow is not looked at.
    allowed link "$1" && in_place "$1" "$2" || echo "broken $1"
    shift 2
  done
}

# in_place PATH FILE: does the path lead to, or hold a copy of, what is current?
in_place() {
  case $2 in
    # Compared is a file with a file, each in a directory where nobody else can put a pipe or a link meanwhile.
    copy:*) is_file "$store/current/${2#copy:}" && lands "${1%/*}" && is_file "$landed/${1##*/}" && cmp -s "$landed/${1##*/}" "$store/current/${2#copy:}" ;;
    *) [ "$(readlink "$1" 2>/dev/null)" = "$store/current/$2" ] ;;
  esac
}

show_generation() {
  echo "generation $1"
  file=$store/generations/$1/$certificate
  is_file "$file" && [ -r "$file" ] || return 0
  echo "leaf $1"
  first_certificate "$file" || certificate_of "$file" || true
  echo 'end'
}

# first_certificate FILE: the first one as it stands, if it is text and begins as certificates do: a key under their label stays here. Nobody here reads it: lines
# of base64 say no word of ours, and the caller believes none.
first_certificate() {
  head -c "$chain_bytes_max" < "$1" | tr '\0' '\1' | awk "$plain_kinds"'
    { sub(/\r$/, "") }
    open && $0 == "-----END CERTIFICATE-----" { found = 1; exit }
    open && (length($0) % 4 != 0 || $0 !~ /^[A-Za-z0-9+\/]+=*$/) { exit }
    open { text = text $0 "\n" }
    $0 == "-----BEGIN CERTIFICATE-----" { open = 1 }
    END { flat = text; gsub(/\n/, "", flat); if (!found || kind(decoded(substr(flat, 1, 64))) != "certificate") exit 1; printf "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n", text }
  '
}

# Through sudo this file comes from whoever holds the daemon's SSH key, and openssl loads what a configuration names, libraries too: so only
# lines that renewd itself writes.
plain_request() {
  if grep -Evq '^(\[(req|dn|ext|names)\]|prompt = no|utf8 = yes|distinguished_name = dn|req_extensions = ext|subjectAltName = @names|CN = [a-z0-9*._-]+|DNS\.[0-9]+ = [a-z0-9*._-]+|IP\.[0-9]+ = [0-9a-f.:]+)?$' "$1"; then
    fail 64 'a request with a line that renewd does not write'
  fi
}

# not_reserved GENERATION: `adopted` is what stood there before renewd, and is never made from outside.
not_reserved() { [ "$1" != adopted ] || fail 64 "not a name for a new generation: $1"; }

count_generation() { generations=$((generations + 1)); }

# generate-key STORE GENERATION ALGORITHM < openssl configuration with the names
generate_key() {
  open_store "$1"
  open_generation "$2"
  not_reserved "$2"
  case $3 in
    ecdsa-p256|ecdsa-p384|rsa-2048|rsa-3072|rsa-4096|ed25519) ;;
    *) fail 64 "no such algorithm: $3; this script knows ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096 and ed25519" ;;
  esac
  need_openssl
  receive "$request_bytes_max"
  plain_request "$input"
  lock
  if is_used "$generation"; then fail 65 "generation $generation is or was in use; a new one must be made"; fi
  generations=0
  each_generation count_generation
  [ "$generations" -lt "$generations_max" ] || [ -d "$place" ] \
    || fail 74 "$store holds $generations generations already; sweep it first"
  firm_directory "$place"
  closed_files "$place" .file.new
  if ! is_file "$place/.key.pem" || [ ! -s "$place/.key.pem" ]; then
    rm -f -- "$place/.key.new"
    # RSA-4096 on a small machine takes minutes now and then.
    cpu_seconds=300
    # A fail in here would be silent: its words go where openssl's do.
    case $3 in
      ecdsa-p256) ssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$place/.key.new" ;;
      ecdsa-p384) ssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:named_curve -out "$place/.key.new" ;;
      rsa-2048|rsa-3072|rsa-4096) ssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${3#rsa-}" -out "$place/.key.new" ;;
      ed25519) ssl genpkey -algorithm ED25519 -out "$place/.key.new" ;;
    esac >/dev/null 2>"$place/.openssl" || { cat "$place/.openssl" >&2; fail 74 'openssl could not make a key'; }
    cpu_seconds=20
    [ -s "$place/.key.new" ] || fail 74 "no key was written to $place: is the disk full?"
    settle_disk "$place/.key.new"
    mv -f -- "$place/.key.new" "$place/.key.pem"
    settle_disk "$place"
  fi
  at_most "$request_bytes_max" "$place/.key.pem" && is_plain_pem "$place/.key.pem" || fail 65 "what stands at $place/.key.pem is no key without encryption; a new generation must be made"
  # Only addresses, or a first name too long for a common name (RFC 5280: 64): the subject is empty, and openssl wants to be told so.
  set -- "$input"
  grep -q '^CN = ' "$input" || set -- "$input" -subj /
  ssl req -new -key "$place/.key.pem" -config "$@" -outform DER -out "$place/.csr" 2>"$place/.openssl" \
    || { cat "$place/.openssl" >&2; fail 74 'openssl could not make the CSR'; }
  # On a full disk openssl writes nothing and says that all is well.
  [ -s "$place/.csr" ] || fail 74 "no CSR was written to $place: is the disk full?"
  ssl base64 -in "$place/.csr"
  rm -f -- "$place/.csr" "$place/.openssl"
}

# read_chain: the certificates of the input, each parsed and written anew, into .chain.new. What is beside them is refused, not carried along.
read_chain() {
  count=$(cd -- "$place" && awk -v max="$certificates_max" '
    { sub(/\r$/, "") }
    inside && $0 == "-----END CERTIFICATE-----" { print > file; close(file); inside = 0; next }
    inside { if (length($0) > 76 || $0 !~ /^[A-Za-z0-9+\/]+=*$/) { bad = 1; exit } print > file; next }
    $0 == "-----BEGIN CERTIFICATE-----" { if (++n > max) { bad = 1; exit } file = ".part." n; inside = 1; print > file; next }
    /^[ \t]*$/ { next }
    { bad = 1; exit }
    END { if (bad || inside || n == 0) exit 1; print n }
  ' "$input") || fail 64 "a chain must be 1 to $certificates_max certificates in PEM and nothing else"
  : > "$place/.chain.new"
  part=1
  while [ "$part" -le "$count" ]; do
    certificate_of "$place/.part.$part" >> "$place/.chain.new" || fail 64 "certificate $part of the chain cannot be read"
    part=$((part + 1))
  done
  [ "$(grep -c '^-----END CERTIFICATE-----$' "$place/.chain.new")" = "$count" ] || fail 74 "the chain was not written whole to $place: is the disk full?"
}

clean_place() {
  set +f
  for path in "$place"/.part.*; do set -- "$@" "$path"; done
  set -f
  rm -f -- "$place/.chain.new" "$place/.file.new" "$place/.manifest.new" "$@"
}

staged_names=' '

# check_file NAME CONTENT MODE OWNER: closed lists. Nothing is ever executable, and a key is never readable beyond what the list declares.
check_file() {
  plain_name "$1"
  # What the first line says of a file would be believed of what the second one writes.
  case $staged_names in *" $1 "*) fail 64 "a file named twice: $1" ;; esac
  staged_names="$staged_names$1 "
  case $4 in
    '') ;;
    -*|*:|*:*:*|*[!A-Za-z0-9_.:-]*) fail 64 "not an owner: $4" ;;
    *) need_allowed owner "$4" ;;
  esac
  # Without a word of the profile the file is as the one that stood in its place, or as the mode behind keep: says.
  case $3 in keep:*) [ -z "$4" ] || fail 64 "keep: with an owner: $4" ;; esac
  case $2 in
    certificate|chain|fullchain)
      case ${3#keep:} in 0400|0440|0444|0600|0640|0644) ;; *) fail 64 "not a mode for $2: $3" ;; esac ;;
    key|combined)
      case ${3#keep:} in
        0400|0600) ;;
        0440|0640)
          case $4 in
            *?:?*) need_allowed key-group "${4#*:}" ;;
            *) fail 64 "mode $3 for $1, which holds a key, needs an owner with the group that may read it" ;;
          esac ;;
        *) fail 64 "not a mode for a file that holds a key: $3" ;;
      esac ;;
    *) fail 64 "no such content: $2" ;;
  esac
}

# stage STORE GENERATION [NAME CONTENT MODE OWNER]... < chain, leaf first
stage() {
  open_store "$1"
  open_generation "$2"
  not_reserved "$2"
  shift 2
  [ $(($# % 4)) -eq 0 ] && [ $# -le $((4 * files_max)) ] || fail 64 "a file is NAME CONTENT MODE OWNER, and at most $files_max files are"
  each_file check_file "$@"
  need_openssl
  receive "$chain_bytes_max"
  lock
  is_file "$place/.key.pem" && [ -s "$place/.key.pem" ] || fail 65 "the key of this generation is gone: $place/.key.pem"
  firm_directory "$place"
  clean_place
  closed_files "$place" .file.new
  read_chain
  mine=$(public_of_key "$place/.key.pem") || fail 65 "the key of this generation cannot be read: $place/.key.pem"
  theirs=$(public_of_certificate "$place/.part.1") || fail 64 'the certificate cannot be read'
  [ "$mine" = "$theirs" ] || { clean_place; fail 65 'key and certificate do not belong together'; }
  each_file list_file "$@" > "$place/.manifest.new"
  live=
  if is_used "$generation"; then
    live=yes
    # What serves is never given another shape: only files that somebody changed are put right.
    cmp -s "$place/.chain.new" "$place/.chain.pem" || in_use
    staged_so || in_use
  else
    mv -f -- "$place/.chain.new" "$place/.chain.pem"
  fi
  mv -f -- "$place/.manifest.new" "$place/.manifest"
  each_file list_shaped "$@" > "$place/.shaped"
  each_file write_file "$@"
  clean_place
  names=
  each_file settle_name "$@"
  (cd -- "$place" && settle_disk . .chain.pem .manifest $names)
}

settle_name() { names="$names $1"; }

in_use() { clean_place; fail 65 "generation $generation is or was in use and was staged otherwise; a new one must be made"; }

each_file() {
  do_file=$1
  shift
  while [ $# -ge 4 ]; do
    "$do_file" "$1" "$2" "$3" "$4"
    shift 4
  done
}

# Each word as it was given: keep:0600 and 0600 are two shapes.
list_file() { printf '%s %s %s %s\n' "$1" "$2" "$3" "$4"; }

list_shaped() { case $3 in keep:*) printf '%s %s %s\n' "$1" "$2" "${3#keep:}" ;; esac; }

# staged_so: is the new manifest that of before? Scripts of before wrote it without keep:, which only their .shaped, without modes, says.
staged_so() {
  is_file "$place/.manifest" || return 1
  (cd -- "$place" && awk '
    BEGIN { while ((getline line < ".shaped") > 0) if (split(line, part, " ") == 2) kept[part[1]] = 1 }
    $1 in kept && $3 !~ /^keep:/ { sub(/^[^ ]+ [^ ]+ /, "&keep:") }
    { print }
  ' .manifest | cmp -s - .manifest.new)
}

# content_of NAME CONTENT FILE: what the file of this name is made of, from what is ours alone.
content_of() {
  rm -f -- "$3"
  case $2 in
    key) cat "$place/.key.pem" ;;
    certificate) certificate_of "$place/.chain.pem" ;;
    chain) awk '/^-----BEGIN/ { n++ } n > 1' "$place/.chain.pem" ;;
    fullchain) cat "$place/.chain.pem" ;;
    combined) cat "$place/.chain.pem" "$place/.key.pem" ;;
  esac > "$3" || fail 74 "cannot write $3 for $place/$1"
  case $2 in certificate|fullchain|combined) grep -q '^-----END' "$3" || fail 74 "$3 was not written whole for $place/$1: is the disk full?" ;; esac
}

write_file() {
  new=$place/.file.new
  content_of "$1" "$2" "$new"
  # The owner first: between the two the file is readable for nobody else.
  [ -z "$4" ] || chown "$4" "$new" || fail 74 "cannot give $place/$1 to $4"
  give_mode "${3#keep:}" "$new"
  # Before anything is current, what stands at the paths is looked at by the switch, and what an earlier try saw there counts no more.
  case $3 in keep:*) [ ! -L "$store/current" ] || shape "$1" "$new" ;; esac
  if [ -n "$live" ]; then
    if is_file "$place/$1" && cmp -s "$new" "$place/$1" && look "$place/$1"; then
      there="$rights $uid $gid"
      look "$new"
      if [ "$rights $uid $gid" = "$there" ]; then rm -f -- "$new"; return 0; fi
    fi
    settle_disk "$new"
  fi
  rename_over "$new" "$place/$1"
}

# modes_of RIGHTS: as chmod takes them; what makes a program run as another is left out.
modes_of() { printf '%s\n' "$1" | sed -e 's/^\(...\)\(...\)\(...\).*$/u=\1,g=\2,o=\3/' -e 's/[ST-]//g' -e 's/[st]/x/g'; }

# holds_key FILE: a key by its label, encrypted or not, or by its content.
holds_key() { grep -q '^-----BEGIN [A-Z ]*PRIVATE KEY-----' "$1" || is_plain_der "$1" "$kept_bytes_max" key; }

# has_acl PATH: is there more than owner, group and mode? Busybox lists a file without the sign of it. Sets what look sets.
has_acl() {
  look "$1" || return 1
  case $rights in *+) return 0 ;; esac
  command -v getfacl >/dev/null 2>&1 && [ -n "$(getfacl -s -- "$1" 2>/dev/null)" ] || return 1
  rights=$rights+
}

# give_mode MODE FILE: the one door by which a file of a generation gets rights. What is in it decides, not what a list calls it.
give_mode() {
  case $1 in *[4567]|*o=*r*) ! holds_key "$2" || fail 78 "$2 holds a key, and mode $1 would let everybody read it" ;; esac
  chmod "$1" "$2" || fail 74 "cannot set the mode of $2"
}

mixed=

# shape NAME PATH: gives PATH the owner, group and mode of what stood in its place before renewd. Whoever read the old file has to read the new one.
shape() {
  stood=$store/generations/adopted/$1
  is_file "$stood" || return 0
  # What was no secret was readable for others than a key is.
  key_inside=
  if holds_key "$2"; then
    key_inside=yes
    holds_key "$stood" || return 0
  fi
  look "$stood" || return 0
  # The copy of a key has fewer rights than the key had; which ones count is written beside it.
  reach=open
  if is_file "$store/generations/adopted/.rights.$1"; then read -r rights reach < "$store/generations/adopted/.rights.$1" || fail 74 "cannot read $store/generations/adopted/.rights.$1"; fi
  # Its mask is shown as the right of the group, which may have none.
  if [ "$rights" != "${rights%+}" ] || [ -e "$store/generations/adopted/.acl.$1" ]; then
    fail 78 "an access control list says who may read what stands where $1 shall be, and no mode says the same: write mode and owner of $1 into the profile, or take the list away (setfacl -b)"
  fi
  case $mixed in *" $1 "*) fail 78 "what stands at the paths where $1 shall be has different owners or modes: write mode and owner of $1 into the profile" ;; esac
  case $key_inside:$rights in
    yes:??????r*) fail 78 "everybody may read the key that stands where $1 shall be: take that right away (chmod o-r), or write mode and owner of $1 into the profile" ;;
  esac
  case $key_inside:$reach in
    yes:closed) fail 78 "whoever may read the key that stands where $1 shall be by its mode (user $uid, group $gid) cannot all walk to it, so a new key would be open to more than that one is: take the right away (chmod g-r, chown root), or write mode and owner of $1 into the profile" ;;
  esac
  its_rights=$rights
  if [ "$me" = 0 ]; then
    chown "$uid:$gid" "$2" || fail 74 "cannot give $2 to $uid:$gid"
  else
    # Root reads everything, so nothing is lost where its file becomes ours.
    [ "$uid" = "$me" ] || [ "$uid" = 0 ] || fail 78 "what stands where $1 shall be belongs to user $uid, and only root can give files away: write mode and owner into the profile, or log in as root"
    case $rights in
      ??????r*) chgrp "$gid" "$2" 2>/dev/null || : ;;
      ???r*) chgrp "$gid" "$2" 2>/dev/null || fail 78 "group $gid may read what stands where $1 shall be, and $(id -un) is not in that group" ;;
    esac
  fi
  give_mode "$(modes_of "$its_rights")" "$2"
  chmod a-x,go-w "$2" || fail 74 "cannot set the mode of $2"
}

# shape_all: what was staged before this was adopted, perhaps in another shape. Nothing uses it yet.
shape_all() {
  is_file "$place/.shaped" || return 0
  while read -r name _ mode; do
    is_plain_name "$name" && is_file "$place/$name" || continue
    case $mode in
      0[0-7][0-7][0-7])
        # Without an owner of its own a key is nobody's but ours, whatever an older list calls the file.
        case $mode in 0400|0600) ;; *) ! holds_key "$place/$name" || mode=0600 ;; esac
        give_mode "$mode" "$place/$name"
        chown "$me:$(id -g)" "$place/$name" || fail 74 "cannot give $place/$name to us" ;;
    esac
    shape "$name" "$place/$name" </dev/null
  done < "$place/.shaped"
}

adopted_shapes=

# adopt LINK FILE: what stands where a link shall be is kept before anything takes its place. Where a file has several paths, the first gives content and shape.
adopt() {
  set -- "$1" "${2#copy:}"
  [ "$(readlink "$1" 2>/dev/null)" = "$store/current/$2" ] && return 0
  old=$store/generations/adopted/$2
  case $adopted_shapes in *"
$2 "*)
    [ -e "$1" ] || return 0
    approach "$1" && has_acl "$real" || :
    case $adopted_shapes in *"
$2 $rights $uid $gid
"*) ;; *) mixed="$mixed $2 " ;; esac
    cmp -s "$1" "$old" || keep "$1" "$2"
    return 0 ;;
  esac
  # After an undo somebody may have put another file there, and the one before is nowhere else. What stands there no more gives nothing its shape.
  if [ -e "$old" ] && ! cmp -s "$1" "$old" 2>/dev/null; then
    [ -e "$1" ] || [ "$generation" != adopted ] || return 0
    keep "$old" "$2"
    [ -e "$1" ] || rm -f -- "$old"
  fi
  [ -e "$1" ] || return 0
  firm_directory "$store/generations/adopted"
  close_adopted
  keep_copy "$1" "$store/generations/adopted" "$2"
  has_acl "$real" || :
  adopted_shapes="$adopted_shapes
$2 $rights $uid $gid
"
  narrow_adopted "$2"
  rm -f -- "$store/generations/adopted/.acl.$2"
  printf '%s %s\n' "$rights" "$reach" > "$store/generations/adopted/.rights.$2" || fail 74 "cannot write in $store/generations/adopted"
}

# narrow_adopted NAME: the copy of a key is readable for its owner, and for its group where everybody in that could walk to the key. Sets $rights and
# $reach, what a new key takes over.
narrow_adopted() {
  reach=open
  holds_key "$old" || return 0
  stood_rights=$rights
  case $rights in
    *+) narrow=go= ;;
    ???r*)
      narrow=o=
      group_reaches "$gid" "$real" || { narrow=go=; reach=closed; } ;;
    *) narrow=go= ;;
  esac
  chmod "$narrow" "$old" || fail 74 "cannot set the mode of $old"
  look "$real" || fail 74 "cannot look at $real"
  # The group of root has nobody in it who needs it.
  if [ "$reach" = closed ] && [ "$gid" = 0 ]; then
    stood_rights=$(printf '%s\n' "$stood_rights" | sed 's/^\(...\).../\1---/')
    reach=open
  fi
  if ! ours && ! can_walk "$uid" none "${real%/*}"; then
    chown "$me" "$old" || fail 74 "cannot keep $old for us"
    reach=closed
  fi
  rights=$stood_rights
}

# group_reaches GROUP FILE: can everybody in the group walk to the file? Where an access control list is asked, nothing is sure.
group_reaches() {
  way=${2%/*}
  while :; do
    listed=
    has_acl "${way:-/}" && listed=yes
    case $gid:$listed:$rights in
      "$1"::?????[xs]*) ;;
      "$1":*) return 1 ;;
      *:????????[xt]*) ;;
      *) return 1 ;;
    esac
    [ -n "$way" ] || return 0
    way=${way%/*}
  done
}

# keep PATH NAME: what stood at a path stays in replaced/ for good: a file once by content, a link by where it led. Nothing there is ever written over
# or removed, so the number is bounded.
keep() {
  kept=$store/replaced
  [ -d "$kept" ] || mkdir -- "$kept" || fail 74 "cannot make $kept"
  kept_target=
  [ ! -L "$1" ] || kept_target=$(readlink "$1") || fail 74 "cannot read $1"
  count=0
  set +f
  for other in "$kept"/*; do
    set -f
    [ -e "$other" ] || [ -L "$other" ] || continue
    if [ -n "$kept_target" ]; then
      [ ! -L "$other" ] || [ "$(readlink "$other")" != "$kept_target" ] || return 0
    elif is_file "$other" && cmp -s "$1" "$other"; then
      return 0
    fi
    count=$((count + 1))
  done
  set -f
  [ "$count" -lt "$replaced_max" ] || fail 74 "$kept holds $count files that stood at linked paths, and $replaced_max are allowed: move away those that nobody needs"
  slot=$2
  count=0
  while [ -e "$kept/$slot" ] || [ -L "$kept/$slot" ]; do
    count=$((count + 1))
    slot=$2.$count
  done
  if [ -n "$kept_target" ]; then
    ln -s -- "$kept_target" "$kept/$slot" || fail 74 "cannot write in $kept"
  else
    keep_copy "$1" "$kept" "$slot"
  fi
  printf '%s %s\n' "$slot" "$1" >> "$kept/.list" || fail 74 "cannot write in $kept"
  settle_disk "$kept/.list" "$kept"
}

# keep_copy PATH DIRECTORY NAME: never through a name that others can swap, never of anything but a file.
keep_copy() {
  approach "$1" || unsafe "$1"
  [ "$type" = - ] || fail 74 "$1 is not a file and cannot be kept"
  at_most "$kept_bytes_max" "$real" || fail 74 "$1 has more than $kept_bytes_max bytes and is not kept"
  closed_files "$2" .file.new
  rm -f -- "$2/.file.new"
  if has_acl "$real"; then
    cp -p -- "$real" "$2/.file.new" || fail 74 "cannot keep $1"
  else
    head -c "$((kept_bytes_max + 1))" < "$real" > "$2/.file.new" || fail 74 "cannot keep $1"
    # Through "direct" nothing is given away.
    chown "$uid:$gid" "$2/.file.new" 2>/dev/null || [ "$me" != 0 ] || fail 74 "cannot keep the owner of $1"
    chmod "$(modes_of "$rights")" "$2/.file.new" || fail 74 "cannot keep the mode of $1"
    touch -r "$real" "$2/.file.new" 2>/dev/null || :
  fi
  # Its owner may have written more into it meanwhile.
  at_most "$kept_bytes_max" "$2/.file.new" || fail 74 "$1 has more than $kept_bytes_max bytes and is not kept"
  chmod ug-s,a-x,go-w,-t "$2/.file.new" || fail 74 "cannot keep $1"
  settle_disk "$2/.file.new"
  mv -f -- "$2/.file.new" "$2/$3"
}

# activate STORE GENERATION [LINK FILE]...
activate() {
  open_store "$1"
  open_generation "$2"
  shift 2
  [ $(($# % 2)) -eq 0 ] && [ $# -le $((2 * files_max)) ] || fail 64 "a link is PATH FILE, and at most $files_max are"
  lock
  [ -d "$place" ] && [ ! -L "$place" ] || fail 74 "there is no generation $generation in $store"
  [ "$generation" = adopted ] || is_file "$place/.chain.pem" || fail 74 "generation $generation in $store was never staged"
  if [ $# -ge 2 ]; then
    each_link check_apart "$@"
    each_link check_link "$@"
  fi
  now=$(points_at current)
  if [ ! -L "$store/current" ] && [ $# -ge 2 ]; then
    each_link adopt "$@"
    # Without a current generation nothing uses this one, whatever was tried before.
    [ "$generation" = adopted ] || shape_all
  fi
  if [ $# -ge 2 ]; then
    each_link check_walk "$@"
    if [ "$me" = 0 ] && [ -r /proc/self/mountinfo ]; then each_link check_sight "$@"; fi
  fi
  # Before the switch: where there is no room, nothing changes.
  if [ $# -ge 2 ]; then each_link keep_first "$@"; fi
  remember "$now" "$@"
  if [ ! -L "$store/current" ] && [ $# -ge 2 ]; then
    # Links first lead to what stood there, so that nothing changes until the one rename below changes everything.
    if [ -d "$store/generations/adopted" ]; then
      settle_disk "$store/generations/adopted"
      point current adopted
    fi
  fi
  now=$(points_at current)
  # Those from before generations were marked, too: after this switch nothing points at them any more.
  mark_used "$generation" $now $(points_at previous)
  if [ -L "$store/current" ] && [ $# -ge 2 ]; then
    early=$now
    each_link make_link "$@"
    early=
  fi
  if [ "$now" != "$generation" ]; then
    [ -z "$now" ] || point previous "$now"
    point current "$generation"
  fi
  if [ $# -ge 2 ]; then each_link make_link "$@"; each_link make_copy "$@"; fi
  settle_disk "$store"
}

each_link() {
  do_link=$1
  shift
  while [ $# -ge 2 ]; do
    "$do_link" "$1" "$2"
    shift 2
  done
}

# check_link PATH FILE: FILE is a name, or copy:NAME for a path that holds a copy instead of a link.
check_link() {
  plain_name "${2#copy:}"
  if is_right "$1" "$2"; then
    plain_path "$1"
    need_allowed link "$1"
    return 0
  fi
  check_way "$1"
  case $landings in *"
$landing
"*) ;; *) apart "$landing" "$landings"; landings="$landings$landing
" ;; esac
  may_replace "$1"
  free_aside "$1"
  case $2 in copy:*) [ ! -d "${landing%/*}" ] || closed_copy "$1" "${2#copy:}" ;; esac
  checked_links="$checked_links
$1
"
}

# closed_copy PATH FILE: a copy of what is secret is made where nobody else gets a right to it.
closed_copy() {
  look "$place/$2" || return 0
  case $rights in ??????r*) ! holds_key "$place/$2" && return 0 ;; esac
  if is_file "$1" && cmp -s "$1" "$place/$2"; then return 0; fi
  free_aside "$1"
  closed_files "${landing%/*}" "${landing##*/}.renewd-new"
}

taken_paths='
'
landings='
'

# check_apart PATH FILE: no path of a call is another's, or lies below it: a link made for one would lead the other elsewhere.
check_apart() {
  plain_path "$1"
  case $taken_paths in *"
$1
"*) fail 64 "given twice: $1" ;; esac
  apart "$1" "$taken_paths"
  taken_paths="$taken_paths$1
"
}

# apart PATH LIST
apart() {
  IFS='
'
  for other in $2; do
    case $1/ in "$other"/*) fail 64 "$1 and $other are in each other's way: give each file a path of its own" ;; esac
    case $other/ in "$1"/*) fail 64 "$1 and $other are in each other's way: give each file a path of its own" ;; esac
  done
  IFS=' 	
'
}

right_links=
checked_links=

# is_right PATH FILE: does the link lead to what is current already? Then nothing takes its place. Asked once a call: one that is changed meanwhile is found broken by the next look.
is_right() {
  case $right_links in *"
$1 $2
"*) return 0 ;; esac
  [ "$(readlink "$1" 2>/dev/null)" = "$store/current/$2" ] || return 1
  right_links="$right_links
$1 $2
"
}

# check_way PATH: may anything of ours stand there? Sets $landing, the path without links.
check_way() {
  plain_path "$1"
  case $1 in *.renewd-new) fail 64 "not a name for a link, $0 uses it itself: $1" ;; esac
  need_allowed link "$1"
  lands "${1%/*}" || unsafe "${1%/*}"
  landing=$landed/${1##*/}
  not_in_stores "$1" "$landing"
  need_landing_allowed "$1" "$landing"
}

# --- who has to see it ---

file_users=' 0 '
file_groups=' '
seen_places='
'

# check_walk PATH FILE: before a path becomes a link into the store: can whoever reads the file walk to it?
check_walk() {
  case $2 in copy:*) return 0 ;; esac
  ! is_right "$1" "$2" || return 0
  look "$place/$2" && [ "$type" = - ] || return 0
  its_rights=$rights
  its_gid=$gid
  file_users="$file_users$uid "
  case $its_rights in
    ??????r*) ;;
    ???r*) [ "$its_gid" = 0 ] || file_groups="$file_groups$its_gid " ;;
  esac
  if ! ours && ! can_walk "$uid" "$gid"; then
    fail 78 "user $uid, to whom $2 belongs, cannot walk through $step to the store: chmod o+x $step, or choose placement: copy"
  fi
  case $its_rights in
    ???r*)
      if [ "$its_gid" != 0 ] && [ "$its_gid" != "$(id -g)" ] && ! can_walk '' "$its_gid"; then
        fail 78 "group $its_gid, which may read $2, cannot walk through $step to the store: chmod o+x $step, or choose placement: copy"
      fi ;;
  esac
}

# check_sight PATH FILE: is the store there for whoever sees the path and reads the files? Once for each directory.
check_sight() {
  case $2 in copy:*) return 0 ;; esac
  ! is_right "$1" "$2" || return 0
  lands "${1%/*}" && [ -d "$landed" ] || return 0
  case $seen_places in *"
$landed
"*) return 0 ;; esac
  seen_places="$seen_places$landed
"
  blind=$(see_no_store "$landed")
  [ -n "$blind" ] || return 0
  # A process that ends, or takes another root as each sshd does for whoever is not in yet, seems blind at the moment of it: only who is so twice is.
  still=" $(see_no_store "$landed") "
  for process in $blind; do
    case $still in *" $process "*) ;; *) continue ;; esac
    name=
    read -r name 2>/dev/null < "/proc/$process/comm" || :
    case $name in *[!A-Za-z0-9._/:-]*) name= ;; esac
    fail 78 "process $process ($name) sees ${1%/*} and not $store, so a link there would lead nowhere for it: mount $directory for it, too, or choose placement: copy"
  done
}

# see_no_store DIRECTORY: the processes of readers for whom the directory is there and the store is not, with blanks between.
see_no_store() {
  for process in $(blind_processes "$1" || :); do
    # Everybody may make a user namespace, and in it other mounts and another root: whoever is in one stops nobody.
    [ ! -e /proc/self/ns/user ] || [ "/proc/$process/ns/user" -ef /proc/self/ns/user ] || continue
    [ ! -d "/proc/$process/root" ] || [ -e "/proc/$process/root$store" ] || printf '%s ' "$process"
  done
}

# Root, whom a file belongs to, and the groups that may read what not everybody may: by the real user, whatever program he started.
reader_kinds='
  function reader(process, file, line, part, count, at, is) {
    file = process "/status"
    is = 0
    while ((getline line < file) > 0) {
      count = split(line, part, /[ \t]+/)
      if (part[1] == "Uid:" && index(users, " " part[2] " ")) is = 1
      if (part[1] == "Gid:" && index(groups, " " part[2] " ")) is = 1
      if (part[1] == "Groups:") { for (at = 2; at <= count; at++) if (part[at] != "" && index(groups, " " part[at] " ")) is = 1; break }
    }
    close(file)
    return is
  }
'

# can_walk USER GROUP [DIRECTORY]: do the directories from / to it, else to the generation, let them through? $step is the one that does not. A user of '' is anybody in the group.
can_walk() {
  walkers=" $2 "
  [ -z "$1" ] || walkers="$walkers$(id -G "$1" 2>/dev/null || :) "
  walker=$1
  walk=
  rest=${3:-$place}
  rest=${rest#/}
  set -- /
  while [ -n "$rest" ]; do
    walk=$walk/${rest%%/*}
    set -- "$@" "$walk"
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
  done
  for step in "$@"; do
    # Open while links lead there.
    [ "$step" != "$store/generations/adopted" ] || continue
    look "$step/." || return 1
    if [ "$uid" = "$walker" ]; then
      case $rights in ??[xs]*) continue ;; esac
    elif case $walkers in *" $gid "*) true ;; *) false ;; esac; then
      case $rights in ?????[xs]*) continue ;; esac
    else
      case $rights in ????????[xt]*) continue ;; esac
    fi
    return 1
  done
}

# blind_processes DIRECTORY: processes of readers that see this directory by a mount of its own, or from another root, and so perhaps not the store. A mount that
# shows the store as well, as a monitor of the whole disk has, is none.
blind_processes() {
  set +f
  set -- "$1" /proc/[0-9]*
  set -f
  awk -v directory="$1" -v store="$store" -v users="$file_users" -v groups="$file_groups" "$reader_kinds"'
    function below(path, top) { return top == "/" || path == top || index(path, top "/") == 1 }
    function under(path, mounted, root) {
      path = mounted == "/" ? path : substr(path, length(mounted) + 1)
      return root == "/" ? (path == "" ? "/" : path) : (path == "/" ? root : root path)
    }
    function place(path, line, part, best) {
      best = ""
      while ((getline line < "/proc/self/mountinfo") > 0) {
        split(line, part, " ")
        if (below(path, part[5]) && length(part[5]) >= length(best)) { best = part[5]; device = part[3]; inside = under(path, part[5], part[4]) }
      }
      close("/proc/self/mountinfo")
    }
    BEGIN {
      place(store); store_device = device; store_inside = inside
      place(directory)
      for (at = 2; at < ARGC; at++) {
        file = ARGV[at] "/mountinfo"
        first = 1
        while ((getline line < file) > 0) {
          split(line, part, " ")
          # Those with the same mounts are alike.
          if (first) { mounts = part[1]; if (mounts in known) { if (known[mounts] && reader(ARGV[at])) print substr(ARGV[at], 7); break } known[mounts] = 0 }
          first = 0
          if (part[3] != device || !below(inside, part[4])) continue
          if (part[5] != "/" && store_device == device && below(store_inside, part[4])) continue
          known[mounts] = 1
          if (reader(ARGV[at])) print substr(ARGV[at], 7)
          break
        }
        close(file)
      }
      exit
    }
  ' "$@"
  # A process with another root shows no mount where its root is no mount.
  shift
  set +f
  ls -ld -- /proc/[0-9]*/root 2>/dev/null | awk -v directory="$landed" -v users="$file_users" -v groups="$file_groups" "$reader_kinds"'
    { root = $NF; if (root != "/" && index(directory, root "/") == 1) { split($(NF - 2), part, "/"); if (reader("/proc/" part[3])) print part[3] } }'
  set -f
}

# --- back to what stood there ---

# remember FORMER [LINK FILE]...: what stands at each path before this generation takes its place, until it is undone or swept. Several calls of one
# generation have one memory.
remember() {
  memory=$store/undo
  into=$memory
  former=$1
  shift
  number=0
  known_paths='
'
  if is_file "$memory/generation" && [ "$(head -c 200 "$memory/generation")" = "$generation" ]; then
    each_remembered know
    if [ $# -ge 2 ]; then each_link remember_one "$@"; fi
    return 0
  fi
  rm -rf -- "$memory" "$memory.new"
  into=$memory.new
  mkdir -- "$into" || fail 74 "cannot make $into"
  : > "$into/list" || fail 74 "cannot write in $into"
  if [ $# -ge 2 ]; then each_link remember_one "$@"; fi
  points_at previous > "$into/previous"
  printf '%s\n' "$former" > "$into/former" && printf '%s\n' "$generation" > "$into/generation" || fail 74 "cannot write in $into"
  settle_disk "$into/list" "$into/former" "$into/generation" "$into"
  mv -- "$into" "$memory"
}

know() { known_paths="$known_paths$1
"; }

remember_one() {
  ! is_right "$1" "$2" || return 0
  # Known as it was before the first of these calls; what came since is kept as what is replaced.
  case $known_paths in *"
$1
"*) return 0 ;; esac
  number=$((number + 1))
  [ "$number" -le "$undo_max" ] || fail 74 "$memory remembers $undo_max paths already: undo the switch, or sweep what is proved"
  kind=none
  rights=-
  if [ -L "$1" ]; then
    kind=link
    target=$(readlink "$1") || fail 74 "cannot read $1"
    # Left by a call that was killed.
    [ ! -L "$into/$number" ] || rm -f -- "$into/$number"
    ln -s -- "$target" "$into/$number" || fail 74 "cannot write in $into"
  elif [ -e "$1" ]; then
    kind=file
    keep_copy "$1" "$into" "$number"
    has_acl "$real" || :
  fi
  printf '%s %s %s %s\n' "$kind" "$rights" "$2" "$1" >> "$into/list" || fail 74 "cannot write in $into"
  [ "$into" != "$memory" ] || settle_disk "$into/list" "$into"
}

# undo STORE GENERATION: makes everything as it was before this generation was switched to: what is current, and the files at the paths with owner, group
# and mode. Says `undone` and what is current then, or `nothing` where there is no memory of it, or where nothing stood there.
undo() {
  open_store "$1"
  open_generation "$2"
  memory=$store/undo
  echo "renewd-endpoint $version"
  approach "$store" && reached=0 || reached=$?
  [ "$reached" != 1 ] || unsafe "$store"
  if [ "$reached" = 2 ] || ! is_file "$memory/generation"; then echo nothing; return 0; fi
  lock
  [ "$(head -c 200 "$memory/generation")" = "$generation" ] || { echo nothing; return 0; }
  former=$(head -c 200 "$memory/former")
  if [ -z "$former" ] && ! grep -Eq '^(file|link) ' "$memory/list"; then echo nothing; return 0; fi
  if [ -n "$former" ]; then plain_name "$former"; fi
  each_remembered check_way
  # All links lead to the old content at once; then each path becomes what it was.
  back=${former:-adopted}
  if [ -d "$store/generations/$back" ] && [ "$(points_at current)" != "$back" ]; then point current "$back"; fi
  each_remembered put_back
  [ -n "$former" ] || { rm -f -- "$store/current"; close_adopted; }
  before=$(head -c 200 "$memory/previous")
  if [ -n "$before" ] && is_plain_name "$before" && [ -d "$store/generations/$before" ]; then point previous "$before"; else rm -f -- "$store/previous"; fi
  settle_disk "$store"
  rm -rf -- "$memory"
  echo "undone $former"
}

each_remembered() {
  number=0
  # A path may end with a blank.
  while IFS= read -r line; do
    number=$((number + 1))
    kind=${line%% *}
    line=${line#* }
    rights=${line%% *}
    line=${line#* }
    "$1" "${line#* }" </dev/null
  done < "$memory/list"
}

# is_our_work PATH: nothing, a link of this store, or what the generation put there, by whatever name in whatever call.
is_our_work() {
  if [ -L "$1" ]; then
    case $(readlink "$1") in "$store/current/"*) return 0 ;; esac
    return 1
  fi
  [ -e "$1" ] || return 0
  is_file "$1" || return 1
  set +f
  for other in "$place"/*; do
    set -f
    if is_file "$other" && cmp -s "$1" "$other"; then return 0; fi
  done
  set -f
  return 1
}

# put_back PATH: only where what stands there is ours.
put_back() {
  is_our_work "$1" || return 0
  if [ "$kind" = none ]; then rm -f -- "$1"; return 0; fi
  if [ "$kind" = file ]; then beside "$1" "$memory/$number" "$rights"; return 0; fi
  free_aside "$1"
  rm -f -- "$1.renewd-new"
  ln -s "$(readlink "$memory/$number")" "$1.renewd-new" || fail 74 "cannot write beside $1"
  rename_over "$1.renewd-new" "$1"
}

# lands DIRECTORY: sets $landed, the directory without links, as much of it as there is.
lands() {
  approach "$1" && reached=0 || reached=$?
  [ "$reached" != 1 ] || return 1
  landed=$real
  [ "$reached" = 2 ] || return 0
  while [ -n "$rest" ]; do
    name=${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    case $name in
      ''|.) ;;
      ..) why="$landed is not there, and a link leads through it"; return 1 ;;
      *) landed=$landed/$name ;;
    esac
  done
}

store_places=

# find_store_places: every listed directory of stores, and where it is without links. One line each, once a call.
find_store_places() {
  add_store_place "$directory"
  [ -n "$allow" ] || return 0
  while read -r kind prefix || [ -n "$kind" ]; do
    if [ "$kind" = directory ] && [ -n "${prefix%/}" ]; then add_store_place "${prefix%/}"; fi
  done < "$allow"
}

add_store_place() {
  store_places="$store_places$1
"
  if lands "$1" && [ "$landed" != "$1" ]; then store_places="$store_places$landed
"; fi
}

# not_in_stores PATH LANDING: no link takes the place of a key of ours, of this store or of another.
not_in_stores() {
  [ -n "$store_places" ] || find_store_places
  IFS='
'
  for other in $store_places; do
    case $1 in "$other"|"$other"/*) fail 73 "$1 is inside $other, where renewd keeps its stores: choose another path for the link" ;; esac
    case $2 in "$other"|"$other"/*) fail 73 "$1 leads into $other, where renewd keeps its stores: choose another path for the link" ;; esac
  done
  IFS=' 	
'
}

# need_landing_allowed PATH LANDING: a link of root's below a listed directory may lead elsewhere, and then the list must allow that, too. A path that
# is listed itself is meant, wherever root's links lead it.
need_landing_allowed() {
  [ -n "$allow" ] && [ "$1" != "$2" ] || return 0
  while read -r kind prefix || [ -n "$kind" ]; do
    [ "$kind" = link ] && [ -n "$prefix" ] || continue
    [ "$1" != "$prefix" ] || return 0
    lands "${prefix%/}" || continue
    case $2 in "$landed"|"$landed"/*) return 0 ;; esac
  done < "$allow"
  fail 66 "$1 leads to $2, and $allow does not allow link $2"
}

# free_aside PATH: the name beside a link, where the new one is made, holds nothing that somebody else put there.
free_aside() {
  # Left by a call of ours that was killed.
  if is_file "$store/.aside" && [ "$(head -c 1100 "$store/.aside")" = "$1" ]; then return 0; fi
  if [ -L "$1.renewd-new" ]; then
    case $(readlink "$1.renewd-new") in */current/*) return 0 ;; esac
  elif [ ! -e "$1.renewd-new" ]; then
    return 0
  fi
  fail 73 "$1.renewd-new is not of renewd, and is in the way: move it away"
}

# may_replace PATH: what stands where a link shall be goes only if it is a certificate, a chain or a key, or a link that renewd made.
may_replace() {
  if [ -L "$1" ] && [ ! -e "$1" ]; then
    case $(readlink "$1") in */current/*) return 0 ;; esac
  fi
  if [ ! -L "$1" ] && [ ! -e "$1" ]; then return 0; fi
  # What is read here is what is kept later: not through a name that others can swap.
  approach "$1" && reached=0 || reached=$?
  [ "$reached" != 1 ] || unsafe "$1"
  [ "$reached" = 0 ] || not_replaced "$1"
  is_of_certificates "$real" || not_replaced "$1"
}

# is_of_certificates FILE: a certificate, a chain or a key, and nothing beside them.
is_of_certificates() {
  stands=$1
  is_file "$stands" && [ -r "$stands" ] && at_most "$kept_bytes_max" "$stands" || return 1
  need_openssl
  if only_pem "$stands"; then
    # An encrypted key cannot be read, and a key may stand with its parameters in front: its label is enough.
    if grep -q '^-----BEGIN [A-Z ]*PRIVATE KEY-----' "$stands" || certificate_of "$stands" -noout; then return 0; fi
  elif is_plain_der "$stands" "$kept_bytes_max" certificate || is_plain_der "$stands" "$kept_bytes_max" key; then
    if certificate_of "$stands" -noout || key_of "$stands" -noout; then return 0; fi
  fi
  return 1
}

not_replaced() { fail 73 "what stands at $1 is neither a certificate, a chain nor a key, and is not replaced: move it away, or choose another path"; }

# only_pem FILE: blocks of certificates and keys, with at most what openssl writes around them. More certificates than a chain has are a trust store.
only_pem() {
  awk '
    { sub(/\r$/, "") }
    inside == "" && /^-----BEGIN ((X509 |TRUSTED )?CERTIFICATE|(RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY|(EC|DH) PARAMETERS)-----$/ {
      inside = $0
      sub(/BEGIN/, "END", inside)
      if ($0 ~ /CERTIFICATE/) certificates++
      blocks++
      next
    }
    inside != "" && $0 == inside { inside = ""; next }
    inside != "" && /^([A-Za-z0-9+\/=]*|(Proc-Type|DEK-Info): .*)$/ { next }
    inside == "" && (/^[ \t]*$/ || /^#/ || /^[ \t]/ || /^(Bag Attributes|Key Attributes|Certificate:|subject=|issuer=|Certificate chain)/) { next }
    { wrong = 1; exit }
    END { exit !(wrong == 0 && inside == "" && blocks > 0 && certificates <= 10) }
  ' "$1"
}

keep_first() { is_right "$1" "$2" || keep_replaced "$1" "${2#copy:}"; }

# keep_replaced LINK FILE: a file that came to a linked path later may be somebody's only key.
keep_replaced() {
  if [ -L "$1" ]; then
    case $(readlink "$1") in "$directory"/*/current/*) return 0 ;; esac
    keep "$1" "$2"
    return 0
  fi
  [ -e "$1" ] || return 0
  # A copy of ours, or of what was adopted: most often of the last one.
  set +f
  for other in "$store/current/$2" "$store/previous/$2" "$store/generations"/*/"$2"; do
    set -f
    if is_file "$other" && cmp -s "$1" "$other"; then return 0; fi
  done
  set -f
  keep "$1" "$2"
}

# beside PATH COPY RIGHTS [OWNER]: a copy under the name beside the path, with these rights and the owner of COPY, or that of "uid gid", in the place of what
# stands at the path. One with an owner is never a program, and never more open than its content may be.
beside() {
  free_aside "$1"
  printf '%s\n' "$1" > "$store/.aside" || fail 74 "cannot write in $store"
  rm -f -- "$1.renewd-new"
  if [ $# -gt 3 ]; then
    (umask 077 && cat "$2" > "$1.renewd-new") || fail 74 "cannot write beside $1"
    # Through "direct" the groups of others are not ours to give.
    chown "${4% *}:${4#* }" "$1.renewd-new" 2>/dev/null || [ "$me" != 0 ] || fail 74 "cannot give $1 to ${4% *}:${4#* }"
    give_mode "$(modes_of "$3")" "$1.renewd-new"
    chmod a-x,go-w "$1.renewd-new" || fail 74 "cannot set the mode of $1"
  else
    cp -p -- "$2" "$1.renewd-new" || fail 74 "cannot write beside $1"
    chmod "$(modes_of "$3")" "$1.renewd-new" || fail 74 "cannot set the mode of $1"
  fi
  # Where cp lost a list, its mask is no right of the group.
  case $3 in *+) has_acl "$1.renewd-new" || chmod g= "$1.renewd-new" || fail 74 "cannot set the mode of $1" ;; esac
  settle_disk "$1.renewd-new"
  rename_over "$1.renewd-new" "$1"
  rm -f -- "$store/.aside"
}

# make_copy PATH copy:FILE: for servers that cannot see the store. Each path changes by itself: two files change one after the other.
make_copy() {
  case $2 in copy:*) ;; *) return 0 ;; esac
  set -- "$1" "${2#copy:}"
  [ -e "$place/$2" ] || return 0
  look "$place/$2" && [ "$type" = - ] || fail 74 "$place/$2 is not a file"
  wanted="$rights $uid $gid"
  fresh_copy "$2"
  if is_file "$1" && cmp -s "$1" "$fresh" && look "$1" && [ "$rights $uid $gid" = "$wanted" ]; then
    rm -f -- "$fresh"
    return 0
  fi
  [ ! -d "$1" ] || fail 74 "$1 is a directory"
  make_way "$1"
  closed_copy "$1" "$2"
  keep_replaced "$1" "$2"
  beside "$1" "$fresh" "${wanted%% *}" "${wanted#* }"
  rm -f -- "$fresh"
}

# fresh_copy NAME: sets $fresh, a file of ours with what belongs into this file of the generation. The file itself may be somebody's who wrote something else into it.
fresh_copy() {
  fresh=$store/.copy
  closed_files "$store" .copy
  if is_file "$place/.manifest"; then
    staged=$(awk -v name="$1" '$1 == name { print $2; exit }' "$place/.manifest")
    [ -n "$staged" ] || fail 65 "$1 is no file of generation $generation in $store"
    content_of "$1" "$staged" "$fresh"
    return 0
  fi
  # What stood there before, and files of scripts that wrote no manifest.
  rm -f -- "$fresh"
  head -c "$((kept_bytes_max + 1))" < "$place/$1" > "$fresh" || fail 74 "cannot read $place/$1 into $store"
  is_of_certificates "$fresh" || { rm -f -- "$fresh"; fail 65 "what stands at $place/$1 is neither a certificate, a chain nor a key, and is not copied"; }
}

# make_way PATH: the directory of the path is there afterwards, and is what was checked: again, as a link made just now may lead elsewhere.
make_way() {
  check_way "$1"
  firm_directory "${1%/*}"
  [ "$real/${1##*/}" = "$landing" ] || { why="$1 leads to $real now and not to $landing"; unsafe "$1"; }
}

early=

make_link() {
  case $2 in copy:*) return 0 ;; esac
  if is_right "$1" "$2"; then return 0; fi
  [ ! -d "$1" ] || fail 74 "$1 is a directory"
  # A second path of a file held something else: it becomes a link when the link leads to the new file.
  if [ "$early" = adopted ] && [ -e "$1" ] && ! cmp -s "$1" "$store/current/$2"; then return 0; fi
  # Only what was looked at is replaced.
  case $checked_links in *"
$1
"*) ;; *) check_link "$@" ;; esac
  make_way "$1"
  free_aside "$1"
  keep_replaced "$1" "$2"
  rm -f -- "$1.renewd-new"
  ln -s "$store/current/$2" "$1.renewd-new" || fail 74 "cannot write in ${1%/*}"
  rename_over "$1.renewd-new" "$1"
}

# prove STORE GENERATION KEY-FILE < challenge of 64 hex digits: the chain that was staged, and a signature by the key over a sentence of ours.
# The sentence is no TLS transcript (it begins with a constant where those have a client's random or 64 blanks), no JWS, no DER and no SSH packet.
prove() {
  open_store "$1"
  open_generation "$2"
  plain_name "$3"
  challenge=$(head -c 66) || fail 74 'the input cannot be read'
  case $challenge in *[!0-9a-f]*) fail 64 'a challenge is 64 hex digits' ;; esac
  [ "${#challenge}" -eq 64 ] || fail 64 'a challenge is 64 hex digits'
  need_openssl
  approach "$place" || fail 74 "there is no generation $generation in $store that can be used"
  is_file "$place/$3" && at_most "$request_bytes_max" "$place/$3" || fail 65 "the key of this generation is gone: $place/$3"
  is_file "$place/.chain.pem" && at_most "$chain_bytes_max" "$place/.chain.pem" || fail 65 "generation $generation in $store was never staged"
  lock
  rm -f -- "$store/.statement" "$store/.signature"
  printf 'renewd: an endpoint proves that it has the key of a certificate; this is good for nothing else.\nstore %s\ngeneration %s\nchallenge %s\n' \
    "$store" "$generation" "$challenge" > "$store/.statement" || fail 74 "cannot write in $store"
  sign_statement "$place/$3" || { rm -f -- "$store/.statement" "$store/.signature"; fail 65 "the key is encrypted, or cannot sign: $place/$3"; }
  echo "renewd-endpoint $version"
  cat "$place/.chain.pem"
  echo signature
  ssl base64 -in "$store/.signature"
  echo end
  rm -f -- "$store/.statement" "$store/.signature"
}

# sign_statement KEY
sign_statement() {
  steady "$1" "$request_bytes_max" || return 1
  signed=1
  if is_plain_pem "$steady" || is_plain_der "$steady" "$request_bytes_max" key; then
    if ssl dgst -sha256 -passin pass: -sign "$steady" -out "$store/.signature" "$store/.statement" 2>/dev/null \
      || ssl pkeyutl -sign -rawin -inkey "$steady" -passin pass: -in "$store/.statement" -out "$store/.signature" 2>/dev/null; then signed=0; fi
  fi
  [ -z "$spare" ] || rm -f -- "$spare"
  return "$signed"
}

# sweep STORE [KEEP]...
sweep() {
  open_store "$1"
  shift
  for word in "$@"; do plain_name "$word"; done
  [ -d "$store/generations" ] || return 0
  lock
  # Left by a call that was killed.
  set +f
  for path in "$store"/.read.*; do
    set -f
    rm -f -- "$path"
  done
  set -f
  keep=" $(points_at current) $(points_at previous) $* "
  each_generation remove_generation
  # What is kept is good: nobody goes back behind it by an undo.
  rm -rf -- "$store/undo" "$store/undo.new"
}

remove_generation() {
  # What stood there before renewd may be somebody's only key.
  [ "$1" != adopted ] || return 0
  case $keep in *" $1 "*) return 0 ;; esac
  rm -rf -- "$store/generations/$1"
}

# check DIRECTORY: could stores be made there? Changes nothing: what is missing is made by the first installation.
check() {
  plain_path "$1"
  need_allowed directory "$1"
  need_openssl
  approach "$1" && reached=0 || reached=$?
  [ "$reached" != 1 ] || unsafe "$1"
  look "${real:-/}" || fail 74 "cannot look at ${real:-/}"
  [ "$type" = d ] || fail 74 "${real:-/} is not a directory"
  [ -w "${real:-/}" ] && [ -x "${real:-/}" ] || fail 74 "$(id -un) may not write in ${real:-/}"
  if [ "$reached" = 2 ]; then
    echo "$(openssl version), $(id -un) may make $1"
  else
    echo "$(openssl version), $(id -un) may write in $1"
  fi
}

# missing KIND TEXT [KIND TEXT ...]: which of these lines does the list lack? Nothing is done; who holds the key could as well try.
missing() {
  while [ $# -gt 1 ]; do
    allowed "$1" "$2" || printf 'missing %s %s\n' "$1" "$2"
    shift 2
  done
}

# run WORD...: a test or reload command, exactly as it stands in the list, with nothing of the caller's environment or input.
run() {
  [ $# -ge 1 ] || fail 64 'no command'
  for word in "$@"; do
    case $word in ''|*[[:space:]]*|*[[:cntrl:]]*) fail 64 "an empty word, or one with a blank in it: $word" ;; esac
  done
  need_allowed command "$*"
  exec env -i PATH="$PATH" HOME=/ LC_ALL=C "$@" </dev/null
}

# --- http-01 answers ---

# Runs as the owner of the directory, or as us where nobody else can change it. Its input is all it knows: user, firm directory, the rest of the
# way, token, and what to write (empty: remove). No link is followed: after each step the kernel's own answer must be the expected path.
# shellcheck disable=SC2016
webroot_work='
set -euf
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset CDPATH ENV
stop() { printf "renewd: %s\n" "$*" >&2; exit 74; }
into() {
  [ ! -L "$1" ] && cd -P "$1" 2>/dev/null || stop "$here is not a directory that can be used"
  [ "$(pwd -P)" = "$here" ] || stop "$here is a link, or was swapped"
}
IFS= read -r user && IFS= read -r here && IFS= read -r rest && IFS= read -r token && IFS= read -r content || stop "no input"
[ "$(id -u)" = "$user" ] || stop "this is not user $user"
into "$here"
while [ -n "$rest" ]; do
  name=${rest%%/*}
  case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
  here=$here/$name
  if [ ! -d "./$name" ]; then
    [ -n "$content" ] || exit 0
    mkdir "./$name" || stop "cannot make $here"
  fi
  into "./$name"
done
if [ -n "$content" ]; then
  new=./.renewd-$$
  rm -f "$new"
  set -C
  printf "%s" "$content" > "$new" || stop "cannot write in $here"
  set +C
  [ ! -d "./$token" ] && mv -f "$new" "./$token" || { rm -f "$new"; stop "cannot write $here/$token"; }
else
  rm -f "./$token"
fi
'

# as_user WAY SCRIPT: runs it as $uid.
as_user() {
  case $1 in
    self) /bin/sh -c "$2" ;;
    setpriv) setpriv --reuid "$uid" --regid "$its_group" --clear-groups --no-new-privs /bin/sh -c "$2" ;;
    runuser) runuser -u "$its_name" -- /bin/sh -c "$2" ;;
    su) su -s /bin/sh -c "$2" "$its_name" ;;
    sudo) sudo -n -u "#$uid" -- /bin/sh -c "$2" ;;
    busybox) busybox su -s /bin/sh -c "$2" "$its_name" ;;
  esac
}

# find_way PATH: how to become the owner of what stands there; where no way is found, nothing is done.
find_way() {
  its_name=$(ls -ld -- "$1") || fail 74 "cannot look at $1"
  set -- $its_name
  its_name=$3
  its_group=65534
  if is_plain_name "$its_name"; then its_group=$(id -g "$its_name" 2>/dev/null) || its_group=65534; else its_name=nobody-of-this-name; fi
  for way in setpriv runuser su busybox sudo; do
    command -v "$way" >/dev/null 2>&1 || continue
    if [ "$(as_user "$way" 'id -u' </dev/null 2>/dev/null)" = "$uid" ]; then return 0; fi
  done
  fail 69 "there is no way to become user $uid, who owns the webroot: install setpriv, runuser, su or sudo"
}

# webroot_place DIRECTORY TOKEN write|remove: decides who works there, and from which directory on.
webroot_place() {
  plain_path "$1"
  # base64url (RFC 8555 section 8.3): one token in 64 begins with a dash, which is harmless inside a path.
  case $2 in ''|*[!A-Za-z0-9_-]*) fail 64 "not a token: $2" ;; esac
  [ "${#2}" -le 200 ] || fail 64 'a token of more than 200 characters'
  need_allowed webroot "$1"
  approach "$1/.well-known/acme-challenge" && reached=0 || reached=$?
  way=self
  if [ "$reached" != 1 ]; then
    # Ours all the way: nobody else can put a link there.
    if [ "$3" = remove ] && [ "$reached" = 2 ]; then exit 0; fi
    firm_directory "$1/.well-known/acme-challenge"
    uid=$me
  elif [ "$me" != 0 ]; then
    # We are nobody special, so nobody gains more from us than our name; links are still not followed.
    uid=$me
    real=$(cd -P "$1" 2>/dev/null && pwd -P) || fail 74 "$1 is not a directory that can be used"
    rest=.well-known/acme-challenge
  else
    look "$step" && [ "$type" = d ] || fail 77 "$why"
    [ "$uid" != 0 ] || fail 77 "$why: give it to a user of its own, or take the right to write away from others"
    real=$step
    rest=$after
    find_way "$real"
  fi
}

# webroot-write DIRECTORY TOKEN < key authorization
webroot_write() {
  webroot_place "$@" write
  content=$(head -c 513) || fail 74 'the input cannot be read'
  # RFC 8555 section 8.1: token, dot, base64url of a thumbprint.
  case $content in ''|*[!A-Za-z0-9_.-]*) fail 64 'not a key authorization' ;; esac
  [ "${#content}" -le 512 ] || fail 64 'not a key authorization'
  webroot_do "$2" "$content"
}

webroot_remove() {
  webroot_place "$@" remove
  webroot_do "$2" ''
}

webroot_do() { printf '%s\n' "$uid" "$real" "$rest" "$1" "$2" | as_user "$way" "$webroot_work"; }

# held VERB WORD...: a verb that locks works in a process of its own. Its words are read as they come, and printed when it and its lock are gone: whoever
# reads no output, or stops his terminal, holds no store.
held() {
  trap '' TSTP TTIN TTOU
  set +e
  {
    said=$(
      {
        answer=$(set -e; "$@" 2>&4 3>&- 4>&-)
        code=$?
        [ -z "$answer" ] || printf '%s\n' "$answer" >&3
        exit "$code"
      } 4>&1
    )
    code=$?
  } 3>&1
  [ -z "$said" ] || printf '%s\n' "$said" >&2
  exit "$code"
}

[ -z "$allow" ] || check_allow
verb=${1:-}
[ $# -eq 0 ] || shift
# words COUNT-MIN COUNT-MAX ...
words() { [ "$(($# - 2))" -ge "$1" ] && [ "$(($# - 2))" -le "$2" ] || fail 64 "$verb: wrong number of arguments"; }
case $verb in
  version) echo "renewd-endpoint $version" ;;
  inspect) words 3 43 "$@"; inspect "$@" ;;
  generate-key) words 3 3 "$@"; held generate_key "$@" ;;
  stage) words 2 82 "$@"; held stage "$@" ;;
  activate) words 2 42 "$@"; held activate "$@" ;;
  undo) words 2 2 "$@"; held undo "$@" ;;
  prove) words 3 3 "$@"; held prove "$@" ;;
  sweep) words 1 65 "$@"; held sweep "$@" ;;
  check) words 1 1 "$@"; check "$@" ;;
  missing) words 2 400 "$@"; missing "$@" ;;
  run) run "$@" ;;
  webroot-write) words 2 2 "$@"; webroot_write "$@" ;;
  webroot-remove) words 2 2 "$@"; webroot_remove "$@" ;;
  *) fail 64 "no such verb: $verb" ;;
esac
