/** The known word nearest to a mistyped one, for "did you mean". Pure. */

/** Words looked at for one hint: ten thousand take some hundredths of a second, and a hint is worth no more. */
const candidatesMax = 10_000;

/** The word of `known` with the fewest edits to `text`, when that is at most a third of its length; otherwise null. */
export function nearestWord(text: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(text.length / 3)) + 1;
  let looked = 0;
  for (const word of known) {
    // One edit is the least a mistyped word can be away.
    if (least === 1 || ++looked > candidatesMax) break;
    if (Math.abs(word.length - text.length) >= least) continue;
    const distance = editDistance(text, word, least);
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

/** Damerau's distance: two letters that changed places are one mistake. Any number from `enough` up where it is that or more. */
function editDistance(left: string, right: string, enough: number): number {
  const rows = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    const above = rows[i - 1] ?? [];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let least = Math.min((above[j - 1] ?? 0) + (same ? 0 : 1), (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (swapped) least = Math.min(least, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(least);
    }
    rows.push(row);
    // A swap reaches back two rows, so two rows must have got too far.
    if (Math.min(...row, ...above) >= enough) return enough;
  }
  return rows.at(-1)?.[right.length] ?? 0;
}
