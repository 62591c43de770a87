/** Patterns for paths of a repository, as change control writes them. Linear in the length of the path for each part of a pattern; no regular expressions. Pure. */

/**
 * Whether `path` matches, and the team the pattern found in it. `*` is any text without `/`, `**` as a whole part is any number of folders, `{team}` as a whole
 * part is one folder, or one file name without its ending, and names a team. null: it does not match.
 */
export function matchPath(pattern: string, path: string): { readonly team: string | null } | null {
  return matchParts(pattern.split('/'), path.split('/'), 0, 0, null, new Set());
}

function matchParts(
  pattern: readonly string[],
  path: readonly string[],
  at: number,
  from: number,
  team: string | null,
  failed: Set<string>,
): { readonly team: string | null } | null {
  // What did not match from here once never does: several `**` would try it over and over.
  const start = `${String(at)} ${String(from)}`;
  if (failed.has(start)) return null;
  failed.add(start);
  let index = from;
  for (let part = at; part < pattern.length; part++) {
    const wanted = pattern[part] ?? '';
    if (wanted === '**') {
      if (part === pattern.length - 1) return index < path.length ? { team } : null;
      for (let skip = index; skip <= path.length; skip++) {
        const rest = matchParts(pattern, path, part + 1, skip, team, failed);
        if (rest !== null) return rest;
      }
      return null;
    }
    const given = path[index];
    if (given === undefined) return null;
    const captured = matchPart(wanted, given);
    if (captured === null) return null;
    team = captured.team ?? team;
    index++;
  }
  return index === path.length ? { team } : null;
}

function matchPart(pattern: string, text: string): { readonly team: string | null } | null {
  const brace = pattern.indexOf('{team}');
  if (brace >= 0) {
    const before = pattern.slice(0, brace);
    const after = pattern.slice(brace + '{team}'.length);
    if (!text.startsWith(before) || !text.endsWith(after) || text.length <= before.length + after.length)
      return null;
    return { team: text.slice(before.length, text.length - after.length) };
  }
  return matchesStars(pattern, text) ? { team: null } : null;
}

/** `*` as any text: the pieces between stars must stand in order. Linear. */
function matchesStars(pattern: string, text: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return text === pattern;
  const last = pieces.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, from);
    if (found < 0 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}
