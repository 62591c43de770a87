/** When a chain stops leading clients to what they trust: the first to end counts, not the leaf. */
import { judgeChain } from './chain.ts';
import { certificateFacts } from './facts.ts';

/**
 * When the path from the leaf to the anchors first breaks because a certificate on it ends, UTC epoch ms; null: the leaf ends first. What is sent beside the path, as
 * a cross-signature that nobody needs, does not count. Where the chain leads to none of the anchors every certificate above the leaf counts. Pure.
 * @throws MalformedInput when a certificate cannot be read
 */
export function chainEndsAt(
  [leaf, ...above]: readonly Uint8Array[],
  anchors: readonly Uint8Array[],
): number | null {
  if (leaf === undefined) return null;
  const { notBefore, notAfter } = certificateFacts(leaf);
  const ends = above
    .map((der) => certificateFacts(der).notAfter)
    .filter((end) => end >= notBefore && end < notAfter)
    .sort((left, right) => left - right);
  if (ends.length === 0) return null;
  const holds = (now: number): boolean =>
    judgeChain({ leaf, intermediates: above, anchors, anchorsAsDeclared: true, now }).verdict === 'trusted';
  if (!holds(notBefore)) return ends[0] ?? null;
  return ends.find((end) => !holds(end + 1000)) ?? null;
}
