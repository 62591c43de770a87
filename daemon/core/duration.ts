/** Durations as people write them: `47d`, `12h`, `30m`, `10s`. Pure. */

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The duration in ms; null when the text is not a whole positive number with one unit (s, m, h, d). */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,5})([smhd])$/.exec(text);
  const unit = unitsMs[match?.[2] ?? ''];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

/** A duration in ms in the two largest units that are not zero: `47d`, `90d 1h`, `10s`; parts of a second are left out. Pure. */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let left = ms;
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = unitsMs[unit] ?? 1;
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${String(count)}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}
