/** The known word nearest to a mistyped one, for "did you mean". Pure. */

/** The word of `known` with the fewest edits to `text`, when that is at most a third of its length; otherwise null. */
export function nearestWord(text: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const word of known) {
    if (Math.abs(word.length - text.length) >= least) continue;
    const distance = editDistance(text, word);
    if (distance < least) {
      least = distance;
      best = word;
    }
  }
  return best;
}

/** ` Did you mean "x"?` or nothing. */
export function didYouMean(text: string, known: Iterable<string>): string {
  const word = nearestWord(text, known);
  return word === null ? '' : ` Did you mean ${JSON.stringify(word)}?`;
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
