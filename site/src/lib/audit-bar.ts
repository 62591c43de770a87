/** The bar of signatures as geometry. Pure. */
import type { Audit } from './model.ts';

export interface SignaturePart {
  readonly tone: 'ok' | 'critical' | 'unknown';
  readonly x: number;
  readonly width: number;
}

/** Parts of 1000: commits whose signature verifies, that carry none, that were not checked. What occurs can be seen, however rare. */
export function signatureParts({
  commits,
  signed,
  unsigned,
}: Pick<Audit, 'commits' | 'signed' | 'unsigned'>): readonly SignaturePart[] {
  const all = [
    ['critical', unsigned],
    ['unknown', commits - signed - unsigned],
    ['ok', signed],
  ] as const;
  const present = all.filter(([, number]) => number > 0);
  const [gap, least] = [4, 8];
  const room = 1000 - gap * (present.length - 1) - least * present.length;
  let x = 0;
  return present.map(([tone, number]) => {
    const part = { tone, x, width: least + Math.round((room * number) / commits) };
    x += part.width + gap;
    return part;
  });
}
