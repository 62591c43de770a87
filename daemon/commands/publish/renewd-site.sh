#!/bin/sh
# Builds the compliance site from this clone. Written by renewd site --template; the same script on every forge.
#   RENEWD      the program (default: renewd)
#   BRANCH      branch of the declarations (default: main)
#   STATE       branch of the records (default: renewd/state)
#   OUT         where the site is written (default: public); no link may stand there
#   DATA        where renewd keeps what it works out, outside of the checkout (default: a temporary directory)
#   BASE        path under which it is served, with a slash at both ends (default: /)
#   LEVEL       public: counts and policy, no names; internal; full (default: public, because pages of a forge often are)
#   FORGE, FORGE_URL   kind and address of the forge, for links to files and commits (default: none)
# Exit code: that of renewd site.
set -eu
program=${RENEWD:-renewd}
branch=${BRANCH:-main}
state=${STATE:-renewd/state}
# Pipelines check out one commit; the site is made from two branches with their history.
git fetch -q origin "+refs/heads/$state:refs/heads/$state"
if ! git show-ref -q --verify "refs/heads/$branch"; then git update-ref "refs/heads/$branch" HEAD; fi
out=${OUT:-public}
if [ -L "$out" ]; then
  echo "$out is a symbolic link: the site would be written where it leads" >&2
  exit 2
fi
# What a checkout brings is not what an earlier build kept.
data=${DATA:-$(mktemp -d)}
set -- site --repo . --branch "$branch" --data "$data" --out "$out" --base "${BASE:-/}" --redact "${LEVEL:-public}"
if [ -n "${FORGE:-}" ] && [ -n "${FORGE_URL:-}" ]; then set -- "$@" --forge "$FORGE" --forge-url "$FORGE_URL"; fi
exec "$program" "$@"
