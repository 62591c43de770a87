/** Durations as people write them: `47d`, `12h`, `30m`, `10s`. Pure. */

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The duration in ms; null when the text is not a whole positive number with one unit (s, m, h, d). */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,5})([smhd])$/.exec(text);
  const unit = unitsMs[match?.[2] ?? ''];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}
