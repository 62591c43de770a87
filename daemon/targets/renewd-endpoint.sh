#!/bin/sh
# The work of renewd on an endpoint: keys, generations and the switch between them. One verb a call, safe to repeat, nothing interpreted
# from its arguments. Sent with each call by privilege "direct" (then $0 is renewd-direct and it does what its user may do); installed
# root-owned and called through sudo by privilege "helper": then <path of this file>.allow says which directories, links, commands and webroots
# it may touch. Needs a POSIX sh and openssl 1.1.1 or newer. See docs/endpoint-helper.md.
set -eu
umask 077
LC_ALL=C
export LC_ALL
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
allow=
if [ "$0" != renewd-direct ]; then
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  allow=$0.allow
fi
export PATH

fail() { code=$1; shift; printf 'renewd: %s\n' "$*" >&2; exit "$code"; }

# allowed KIND TEXT: is there a line "KIND PREFIX" with TEXT below PREFIX (or equal, for commands)?
allowed() {
  [ -n "$allow" ] || return 0
  [ -n "$(find "$allow" -maxdepth 0 -type f -user 0 ! -perm /022 2>/dev/null)" ] \
    || fail 66 "$allow must be a file of root that nobody else may write"
  while read -r kind prefix; do
    [ "$kind" = "$1" ] || continue
    # A line without a path would be the beginning of every path.
    [ -n "$prefix" ] || continue
    if [ "$1" = command ]; then
      [ "$2" = "$prefix" ] && return 0
    else
      case $2 in "${prefix%/}"/*|"$prefix") return 0 ;; esac
    fi
  done < "$allow"
  fail 66 "$allow does not allow $1 $2"
}

# A path that means what it says: absolute, no way up, one line.
plain_path() {
  case $1 in
    *'
'*) fail 64 'a path with a line end' ;;
    */../*|*/..|*/./*|*//*) fail 64 "not a plain path: $1" ;;
    /?*) ;;
    *) fail 64 "not an absolute path: $1" ;;
  esac
}

plain_name() {
  case $1 in ''|.*|-*|*[!A-Za-z0-9._-]*) fail 64 "not a plain name: $1" ;; esac
}

open_store() {
  plain_path "$1"
  allowed directory "$1"
  store=$1
}

# One process at a time changes a store; the kernel frees the lock when it ends.
lock() {
  # Whoever serves the files must be able to walk to them; what is secret is secret by its own mode.
  (umask 022 && mkdir -p "$store/generations") || fail 74 "cannot make $store/generations"
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$store/.lock"
    flock -n 9 || fail 75 "another process works on $store"
  fi
}

points_at() { readlink "$store/$1" 2>/dev/null | sed 's#^generations/##'; }

# point NAME GENERATION: one rename.
point() {
  rm -f "$store/$1.new"
  ln -s "generations/$2" "$store/$1.new"
  rename_over "$store/$1.new" "$store/$1"
}

rename_over() {
  if mv -T "$1" "$2" 2>/dev/null; then return 0; fi
  mv -fh "$1" "$2" 2>/dev/null || fail 74 "cannot rename $1 to $2"
}

need_openssl() { command -v openssl >/dev/null 2>&1 || fail 69 'openssl is not installed'; }

settle_disk() { sync "$@" 2>/dev/null || sync; }

public_of_key() { openssl pkey -in "$1" -pubout 2>/dev/null; }
public_of_certificate() { openssl x509 -in "$1" -noout -pubkey 2>/dev/null; }

# inspect STORE CERTIFICATE-FILE KEY-FILE [LINK FILE]...
inspect() {
  open_store "$1"
  certificate=$2
  key=$3
  plain_name "$certificate"
  plain_name "$key"
  shift 3
  echo 'renewd-endpoint 1'
  echo "current $(points_at current)"
  echo "previous $(points_at previous)"
  if [ -d "$store/generations" ]; then
    need_openssl
    ls -1 "$store/generations" | while IFS= read -r generation; do
      echo "generation $generation"
      file=$store/generations/$generation/$certificate
      [ -r "$file" ] || continue
      echo "leaf $generation"
      openssl x509 -in "$file" 2>/dev/null || true
      echo 'end'
    done
  fi
  if [ -e "$store/current/$certificate" ] && [ -e "$store/current/$key" ]; then
    theirs=$(public_of_certificate "$store/current/$certificate" || true)
    ours=$(public_of_key "$store/current/$key" || true)
    if [ -n "$ours" ] && [ "$theirs" = "$ours" ]; then echo 'key yes'; else echo 'key no'; fi
  fi
  while [ $# -ge 2 ]; do
    plain_path "$1"
    [ "$(readlink "$1" 2>/dev/null)" = "$store/current/$2" ] || echo "broken $1"
    shift 2
  done
}

# Through sudo this file comes from whoever holds the daemon's SSH key, and openssl loads what a configuration names, libraries too: so only
# lines that renewd itself writes.
plain_request() {
  if grep -Evq '^(\[(req|dn|ext|names)\]|prompt = no|utf8 = yes|distinguished_name = dn|req_extensions = ext|subjectAltName = @names|CN = [a-z0-9*._-]+|DNS\.[0-9]+ = [a-z0-9*._-]+|IP\.[0-9]+ = [0-9a-f.:]+)?$' "$1"; then
    rm -f "$1"
    fail 64 'a request with a line that renewd does not write'
  fi
}

# generate-key STORE GENERATION ALGORITHM < openssl configuration with the names
generate_key() {
  open_store "$1"
  plain_name "$2"
  need_openssl
  lock
  directory=$store/generations/$2
  (umask 022 && mkdir -p "$directory") || fail 74 "cannot make $directory"
  if [ ! -s "$directory/.key.pem" ]; then
    rm -f "$directory/.key.new"
    case $3 in
      ecdsa-p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$directory/.key.new" ;;
      ecdsa-p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:named_curve -out "$directory/.key.new" ;;
      rsa-2048|rsa-3072|rsa-4096) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${3#rsa-}" -out "$directory/.key.new" ;;
      ed25519) openssl genpkey -algorithm ED25519 -out "$directory/.key.new" ;;
      *) fail 64 "no such algorithm: $3" ;;
    esac >/dev/null 2>"$directory/.openssl" || { cat "$directory/.openssl" >&2; fail 74 'openssl could not make a key'; }
    settle_disk "$directory/.key.new"
    mv -f "$directory/.key.new" "$directory/.key.pem"
    settle_disk "$directory"
  fi
  cat > "$directory/.names"
  plain_request "$directory/.names"
  openssl req -new -key "$directory/.key.pem" -config "$directory/.names" -outform DER -out "$directory/.csr" 2>"$directory/.openssl" \
    || { cat "$directory/.openssl" >&2; fail 74 'openssl could not make the CSR'; }
  openssl base64 -in "$directory/.csr"
  rm -f "$directory/.names" "$directory/.csr" "$directory/.openssl"
}

# stage STORE GENERATION [NAME CONTENT MODE OWNER]... < chain, leaf first
stage() {
  open_store "$1"
  plain_name "$2"
  directory=$store/generations/$2
  shift 2
  need_openssl
  lock
  [ -s "$directory/.key.pem" ] || fail 65 "the key of this generation is gone: $directory/.key.pem"
  cat > "$directory/.chain.new" || fail 74 "cannot write $directory/.chain.new"
  ours=$(public_of_key "$directory/.key.pem") || fail 65 "the key of this generation cannot be read: $directory/.key.pem"
  theirs=$(public_of_certificate "$directory/.chain.new") || fail 74 'the chain cannot be read'
  [ "$ours" = "$theirs" ] || fail 65 'key and certificate do not belong together'
  mv -f "$directory/.chain.new" "$directory/.chain.pem"
  while [ $# -ge 4 ]; do
    plain_name "$1"
    new=$directory/.file.new
    rm -f "$new"
    : > "$new"
    case $2 in
      key) cat "$directory/.key.pem" ;;
      certificate) openssl x509 -in "$directory/.chain.pem" ;;
      chain) awk '/-----BEGIN/ { n++ } n > 1' "$directory/.chain.pem" ;;
      fullchain) cat "$directory/.chain.pem" ;;
      combined) cat "$directory/.chain.pem" "$directory/.key.pem" ;;
      *) fail 64 "no such content: $2" ;;
    esac > "$new" || fail 74 "cannot write $directory/$1"
    [ -z "$4" ] || chown "$4" "$new" || fail 74 "cannot give $directory/$1 to $4"
    chmod "$3" "$new"
    settle_disk "$new"
    mv -f "$new" "$directory/$1"
    shift 4
  done
  settle_disk "$directory"
}

# adopt LINK FILE: what stands where a link shall be is kept before anything takes its place.
adopt() {
  [ -e "$1" ] || return 0
  [ "$(readlink "$1" 2>/dev/null)" = "$store/current/$2" ] && return 0
  [ ! -e "$store/generations/adopted/$2" ] || return 0
  (umask 022 && mkdir -p "$store/generations/adopted") || fail 74 "cannot make $store/generations/adopted"
  cp -pL "$1" "$store/generations/adopted/.file.new" || fail 74 "cannot keep $1"
  settle_disk "$store/generations/adopted/.file.new"
  mv -f "$store/generations/adopted/.file.new" "$store/generations/adopted/$2"
}

# activate STORE GENERATION [LINK FILE]...
activate() {
  open_store "$1"
  plain_name "$2"
  generation=$2
  shift 2
  lock
  [ -d "$store/generations/$generation" ] || fail 74 "there is no generation $generation in $store"
  if [ $# -ge 2 ]; then each_link check_link "$@"; fi
  if [ ! -L "$store/current" ] && [ $# -ge 2 ]; then
    each_link adopt "$@"
    # Links first lead to what stood there, so that nothing changes until the one rename below changes everything.
    if [ -d "$store/generations/adopted" ]; then
      settle_disk "$store/generations/adopted"
      point current adopted
    fi
  fi
  if [ -L "$store/current" ] && [ $# -ge 2 ]; then each_link make_link "$@"; fi
  now=$(points_at current)
  if [ "$now" != "$generation" ]; then
    [ -z "$now" ] || point previous "$now"
    point current "$generation"
  fi
  if [ $# -ge 2 ]; then each_link make_link "$@"; fi
  settle_disk "$store"
}

each_link() {
  what=$1
  shift
  while [ $# -ge 2 ]; do
    "$what" "$1" "$2"
    shift 2
  done
}

check_link() { plain_path "$1"; plain_name "$2"; allowed link "$1"; }

# keep_replaced LINK FILE: a file that came to a linked path later may be somebody's only key. The last one of each name is kept.
keep_replaced() {
  if [ -L "$1" ] || [ ! -e "$1" ]; then return 0; fi
  if cmp -s "$1" "$store/generations/adopted/$2" 2>/dev/null; then return 0; fi
  mkdir -p "$store/replaced" && cp -p "$1" "$store/replaced/.file.new" || fail 74 "cannot keep $1"
  settle_disk "$store/replaced/.file.new"
  mv -f "$store/replaced/.file.new" "$store/replaced/$2"
}

make_link() {
  [ "$(readlink "$1" 2>/dev/null)" = "$store/current/$2" ] && return 0
  [ ! -d "$1" ] || fail 74 "$1 is a directory"
  parent=${1%/*}
  [ -d "$parent" ] || (umask 022 && mkdir -p "$parent") || fail 74 "cannot make $parent"
  keep_replaced "$1" "$2"
  rm -f "$1.renewd-new"
  ln -s "$store/current/$2" "$1.renewd-new" || fail 74 "cannot write in $parent"
  rename_over "$1.renewd-new" "$1"
}

# sweep STORE [KEEP]...
sweep() {
  open_store "$1"
  shift
  [ -d "$store/generations" ] || return 0
  lock
  keep=" $(points_at current) $(points_at previous) $* "
  ls -1 "$store/generations" | while IFS= read -r generation; do
    case $keep in *" $generation "*) continue ;; esac
    plain_name "$generation"
    rm -rf "$store/generations/$generation"
  done
}

# check DIRECTORY
check() {
  plain_path "$1"
  allowed directory "$1/check"
  need_openssl
  mkdir -p "$1" || fail 74 "cannot make $1"
  probe=$1/.probe.$$
  : > "$probe" || fail 74 "cannot write in $1"
  rm -f "$probe"
  echo "$(openssl version), $(id -un) may write in $1"
}

# run WORD...: a test or reload command, exactly as it stands in the list.
run() {
  for word in "$@"; do
    case $word in *[[:space:]]*) fail 64 "a word with a blank in it: $word" ;; esac
  done
  allowed command "$*"
  exec "$@"
}

# webroot-write DIRECTORY TOKEN < key authorization
webroot_write() {
  webroot_file "$@"
  (umask 022 && mkdir -p "${file%/*}" && cat > "$file.new" && mv -f "$file.new" "$file") || fail 74 "cannot write $file"
}

webroot_remove() { webroot_file "$@"; rm -f "$file"; }

webroot_file() {
  plain_path "$1"
  # base64url (RFC 8555 section 8.3): one token in 64 begins with a dash, which is harmless inside a path.
  case $2 in ''|*[!A-Za-z0-9_-]*) fail 64 "not a token: $2" ;; esac
  allowed webroot "$1/x"
  file=$1/.well-known/acme-challenge/$2
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
  inspect|stage|activate|sweep|check|run) "$verb" "$@" ;;
  generate-key) generate_key "$@" ;;
  webroot-write) webroot_write "$@" ;;
  webroot-remove) webroot_remove "$@" ;;
  *) fail 64 "no such verb: $verb" ;;
esac
