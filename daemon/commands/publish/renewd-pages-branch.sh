#!/bin/sh
# Puts the built site on the branch "pages" as one commit without a past. Written by renewd site --template; pushes nothing when nothing changed.
#   OUT     the built site (default: public)
#   PAGES   the branch (default: pages)
set -eu
out=${OUT:-public}
pages=${PAGES:-pages}
index=$(mktemp -d)
trap 'rm -rf "$index"' EXIT
export GIT_INDEX_FILE="$index/index"
git --work-tree="$out" add -A -f .
tree=$(git write-tree)
git fetch -q origin "+refs/heads/$pages:refs/renewd/pages" 2> /dev/null || true
if [ "$(git rev-parse -q --verify 'refs/renewd/pages^{tree}' || true)" = "$tree" ]; then
  echo "the site has not changed"
  exit 0
fi
commit=$(git -c user.name=renewd -c user.email=renewd@localhost commit-tree -m "Compliance site" "$tree")
git push -q --force origin "$commit:refs/heads/$pages"
echo "published $commit"
