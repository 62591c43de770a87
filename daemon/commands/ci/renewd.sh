#!/bin/sh
# Judges a pull request as the daemon will after the merge, and tells the people in it. Written by renewd init; the same script on every forge.
#   BASE, HEAD       revisions (fetch the whole history: the judgement needs it)
#   RENEWD           the program (default: renewd)
#   COMMENT_URL      optional: the forge's list of comments of this pull request (GitHub and Gitea API)
#   STATUS_URL       optional: the forge's list of statuses of the head commit (GitHub and Gitea API)
#   COMMENT_TOKEN    optional: a token that may comment and set a status; nothing else is asked of it
# Exit code: 0 allowed, 1 denied, 2 could not be judged.
set -u
program=${RENEWD:-renewd}
out=${OUT:-renewd-report}
mkdir -p "$out"
"$program" check --base "$BASE" --head "$HEAD" --format markdown > "$out/report.md"
code=$?
if [ $code -gt 1 ]; then
  echo "could not be judged" >&2
  exit $code
fi
"$program" check --base "$BASE" --head "$HEAD" --format sarif > "$out/report.sarif"
"$program" check --base "$BASE" --head "$HEAD" --format junit > "$out/report.xml"
"$program" plan --base "$BASE" --head "$HEAD" --json > "$out/plan.json"
cat "$out/report.md"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$out/report.md" >> "$GITHUB_STEP_SUMMARY"; fi

if [ -n "${COMMENT_TOKEN:-}" ]; then
  # The token goes through a file, never through the arguments, where other users of the machine could read it.
  umask 077
  config=$(mktemp)
  trap 'rm -f "$config"' EXIT
  printf 'header = "Authorization: token %s"\nheader = "Content-Type: application/json"\nsilent\nfail\n' "$COMMENT_TOKEN" > "$config"
fi

# One comment a pull request, brought up to date: the one that begins with our mark is replaced, and only where it changed.
if [ -n "${COMMENT_URL:-}" ] && [ -n "${COMMENT_TOKEN:-}" ]; then
  mark='<!-- renewd change report -->'
  old=$(curl -K "$config" "$COMMENT_URL?per_page=100&limit=100" | jq -c --arg mark "$mark" '[.[] | select(.body | startswith($mark))][0] // empty')
  if [ "$(printf '%s' "$old" | jq -r '.body // empty')" != "$(cat "$out/report.md")" ]; then
    jq -n --rawfile body "$out/report.md" '{body: ($body | rtrimstr("\n"))}' > "$out/comment.json"
    id=$(printf '%s' "$old" | jq -r '.id // empty')
    if [ -n "$id" ]; then
      # .../issues/7/comments -> .../issues/comments/<id>
      curl -K "$config" -X PATCH --data @"$out/comment.json" "${COMMENT_URL%/*/comments}/comments/$id" > /dev/null
    else
      curl -K "$config" -X POST --data @"$out/comment.json" "$COMMENT_URL" > /dev/null
    fi || echo "the comment could not be written; the verdict stands" >&2
  fi
fi

# One status a commit: set when it is new or has changed, and never twice with the same words.
if [ -n "${STATUS_URL:-}" ] && [ -n "${COMMENT_TOKEN:-}" ]; then
  state=success
  words=$(sed -n 's/^## renewd: [^a-z]*//p' "$out/report.md" | head -n 1)
  if [ $code -ne 0 ]; then state=failure; fi
  last=$(curl -K "$config" "$STATUS_URL" | jq -r '[.[] | select(.context == "renewd")][0] // empty | "\(.state // .status) \(.description)"')
  if [ "$last" != "$state $words" ]; then
    jq -n --arg state "$state" --arg words "$words" '{state: $state, context: "renewd", description: $words}' > "$out/status.json"
    curl -K "$config" -X POST --data @"$out/status.json" "$STATUS_URL" > /dev/null || echo "the status could not be set; the verdict stands" >&2
  fi
fi
exit $code
