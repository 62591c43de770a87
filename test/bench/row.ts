/** One line of a benchmark: ours beside a peer in the same run, because machines are noisy and ratios are not. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  /** null where there is nothing to compare with; `note` then says what bounds it. */
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly unit: string;
  readonly note?: string;
}

/** A row with its ratio. */
export function row(name: string, ours: number, peer: number | null, unit: string, note = ''): Row {
  return { name, ours, peer, ratio: peer === null ? null : ours / peer, unit, note };
}

/** Median of `times` runs of `work`, in ms. */
export async function medianMs(times: number, work: () => unknown): Promise<number> {
  const took: number[] = [];
  for (let index = 0; index < times; index++) {
    const started = performance.now();
    await work();
    took.push(performance.now() - started);
  }
  took.sort((left, right) => left - right);
  return took[Math.floor(took.length / 2)] ?? 0;
}
