/** The wish for a new key (`spec.reissue`): when it stands, and what has answered it. Pure. */
import type { Certificate, Instant } from './model.ts';
import { timestamp } from './timestamp.ts';

/** The wish as what it brought remembers it; null where none stands yet: none is declared, or it was written by a clock that was ahead. */
export function wishOf(
  { reissue }: Pick<Certificate, 'reissue'>,
  now: Instant,
): { readonly name: string; readonly before: Instant; readonly because: string } | null {
  if (reissue === undefined || now < reissue.before) return null;
  return { ...reissue, name: `reissue ${timestamp(reissue.before)}` };
}

/**
 * Whether a key answers the wish: it was made for it, or after it. What it was made for is remembered, so that a clock behind the one the wish was written by asks for
 * no second. Pure.
 */
export function answers(
  wish: { readonly name: string; readonly before: Instant },
  { demanded = [], madeAt }: { readonly demanded?: readonly string[] | undefined; readonly madeAt: Instant },
): boolean {
  return demanded.includes(wish.name) || madeAt >= wish.before;
}
