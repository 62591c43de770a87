#!/bin/sh
# Judges a pull request as the daemon will after the merge, and tells the people in it. Written by renewd init; the same script on every forge.
# It looks at commits and needs no checkout: nothing of the pull request is run, read as a setting, or written into.
#   BASE, HEAD       full commit ids
#   REPOSITORY       a clone with the whole history of both, best a bare one (default: where one stands)
#   RENEWD           the program (default: renewd)
#   OUT              where the report goes: an absolute path outside of every checkout, not there yet (default: a temporary directory)
#   COMMENT_URL      optional: the forge's list of comments of this pull request (GitHub and Gitea API)
#   COMMENT_AUTHOR   with COMMENT_URL: the account of the token; only what this account wrote is replaced
#   STATUS_URL       optional: the forge's list of statuses of exactly HEAD (GitHub and Gitea API)
#   COMMENT_TOKEN    optional: a token that may comment and set a status; nothing else is asked of it
# Exit code: 0 allowed, 1 denied, 2 could not be judged, or the verdict could not be set as a status.
set -u
# No file that is there already is written to, also through a link.
set -C
umask 077
LC_ALL=C
export LC_ALL

stop() {
  printf '%s\n' "$1" >&2
  exit 2
}
is_commit() {
  case $1 in *[!0-9a-f]*) return 1 ;; esac
  [ "${#1}" -eq 40 ]
}

is_commit "${BASE:-}" || stop "BASE is a full commit id; a name can mean something else tomorrow: git rev-parse --verify refs/heads/main^{commit}"
is_commit "${HEAD:-}" || stop "HEAD is a full commit id; a name can mean something else tomorrow"
program=${RENEWD:-renewd}
case $program in
  /*) ;;
  */*) stop "RENEWD is an absolute path or a word; a relative path would be looked for in whatever is checked out" ;;
esac
repository=$(cd -P -- "${REPOSITORY:-.}" && pwd -P) || stop "REPOSITORY is no directory"

private=$(mktemp -d) || stop "there is no room for temporary files"
trap 'rm -rf -- "$private"' EXIT
if [ -z "${OUT:-}" ]; then
  out=$(mktemp -d)/report
else
  out=$OUT
fi
case $out in /*) ;; *) stop "OUT is an absolute path" ;; esac
parent=$(cd -P -- "$(dirname -- "$out")" && pwd -P) || stop "the directory of OUT is not there"
look=$parent
while :; do
  # What a checkout holds was written by whoever asks: a link there would choose where the report goes.
  [ ! -e "$look/.git" ] || stop "OUT is inside the checkout $look; name a directory outside"
  [ "$look" != / ] || break
  look=$(dirname -- "$look")
done
out=$parent/$(basename -- "$out")
[ ! -e "$out" ] && [ ! -L "$out" ] || stop "OUT $out is there already; name one that is not"
# From here on a relative name, also one in PATH, is nothing of a checkout.
cd -- "$private" || exit 2

# One question to the forge. -q: no .curlrc. The token goes through a file, never through the arguments, where other users could read it.
ask() {
  curl -q -K "$private/curl" "$@"
}
told=
if [ -n "${COMMENT_TOKEN:-}" ]; then
  case $COMMENT_TOKEN in *[!A-Za-z0-9._~+/=-]*) stop "COMMENT_TOKEN has a character that no token has" ;; esac
  printf 'header = "Authorization: token %s"\nheader = "Content-Type: application/json"\nsilent\nfail\nproto = "=http,https"\nmax-time = 60\n' "$COMMENT_TOKEN" > curl
  told=yes
fi

# A status of this commit. The newest counts, so the one of before never stands beside a newer verdict.
set_status() {
  [ -n "$told" ] && [ -n "${STATUS_URL:-}" ] || return 0
  jq -n --arg state "$1" --arg words "$2" '{state: $state, context: "renewd", description: $words}' > "status-$1.json" &&
    ask --retry 3 -X POST --data @"status-$1.json" "$STATUS_URL" > "answer-$1"
}
if [ -n "${STATUS_URL:-}" ]; then
  case $STATUS_URL in */"$HEAD") ;; *) stop "STATUS_URL is not that of HEAD: the verdict would stand at another commit" ;; esac
fi
set_status pending "is being judged" || stop "the status could not be set: is the token allowed to, and is STATUS_URL right?"

"$program" check "$repository" --base "$BASE" --head "$HEAD" --reports "$out" --format markdown > judged.md
code=$?
case $code in
  0 | 1)
    words=$(jq -r 'if .verdict != "allowed" then "denied" elif .waiting then "allowed, waits for approval" else "allowed" end' "$out/report.json") || code=2
    ;;
  *) code=2 ;;
esac
# The code and the report are two witnesses of one verdict.
[ "$code" -ne 0 ] || [ "$words" != denied ] || code=1
case $code in
  0) state=success ;;
  1) state=failure words=denied ;;
  *) state=error words="could not be judged" ;;
esac
mark='<!-- renewd change report -->'
short() {
  printf '%s\n\n## renewd: %s\n\n%s\n\nbase %s, head %s\n' "$mark" "$words" "$1" "$BASE" "$HEAD"
}
if [ "$code" -eq 2 ]; then
  short "The job says why. Until it can be judged, nothing of it takes effect." > comment.md
else
  cat "$out/report.md" > comment.md
fi
cat comment.md
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat comment.md >> "$GITHUB_STEP_SUMMARY"; fi

# Our own comment of before: written by our account, not merely with our mark, which anybody can copy.
find_own() {
  page=1 before=
  while [ "$page" -le 50 ]; do
    ask "$COMMENT_URL?per_page=100&limit=100&page=$page" > "comments-$page.json" || return 1
    first=$(jq -r '.[0].id // empty' "comments-$page.json") || return 1
    # No more, or a forge that has no pages and gives everything each time.
    [ -n "$first" ] && [ "$first" != "$before" ] || break
    before=$first
    page=$((page + 1))
  done
  jq -s --arg author "$COMMENT_AUTHOR" --arg mark "$mark" \
    '[.[][] | select(.user.login == $author and (.body | startswith($mark)))] | unique_by(.id)' comments-*.json > own.json
}
# $1: the file with the text.
post() {
  jq -n --rawfile body "$1" '{body: ($body | rtrimstr("\n"))}' > "$1.json"
  if [ -n "$id" ]; then ask -X PATCH --data @"$1.json" "$comments/$id" > "$1.answer"; else ask -X POST --data @"$1.json" "$COMMENT_URL" > "$1.answer"; fi
}
comment() {
  # .../issues/7/comments -> .../issues/comments and .../pulls/7
  number=${COMMENT_URL%/comments} number=${number##*/}
  comments=${COMMENT_URL%/*/comments}/comments
  newest=$(ask "${COMMENT_URL%/issues/*}/pulls/$number" | jq -r '.head.sha // empty')
  if [ -n "$newest" ] && [ "$newest" != "$HEAD" ]; then
    echo "a newer commit is there; its own job writes the comment" >&2
    return 0
  fi
  find_own || return 1
  id=$(jq -r '.[-1].id // empty' own.json)
  jq -r '.[:-1][].id' own.json > others
  while read -r other; do ask -X DELETE "$comments/$other" > /dev/null || true; done < others
  jq -j '.[-1].body // empty' own.json > old.md
  [ "$(cat old.md)" != "$(cat comment.md)" ] || return 0
  post comment.md && return 0
  # A comment that the forge refuses must not leave the verdict of before in place.
  short "The report could not be written here; it is in the files of the job." > short.md
  post short.md && return 0
  [ -z "$id" ] || ask -X DELETE "$comments/$id" > /dev/null || true
  return 1
}
if [ -n "$told" ] && [ -n "${COMMENT_URL:-}" ]; then
  [ -n "${COMMENT_AUTHOR:-}" ] || stop "COMMENT_AUTHOR is missing: without it a comment of somebody else could pass for ours"
  comment || echo "the comment could not be written; the verdict stands" >&2
fi
set_status "$state" "$words" || stop "the status could not be set: $words"
exit $code
