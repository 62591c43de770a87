/** When a chain stops leading clients to what they trust: the first to end counts, not the leaf. */
import { judgeChain } from './chain.ts';
import { certificateFacts } from './facts.ts';
import { isSignedBy } from './signed-by.ts';

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

/** A certificate above a leaf. */
export interface Above {
  readonly subject: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAnchor: boolean;
}

/**
 * The certificate above the leaf that ends first, on the way to the anchors that holds longest: when it ends, nothing issued this way is good any more. `anchors` null: by whom clients
 * trust it is not known, and the way ends where what was sent ends. null: nothing stands above it, or no way leads to an anchor. Says nothing of the leaf's own time. Pure; its
 * work grows with the square of what is given, which is bounded by who gives it.
 * @throws MalformedInput when a certificate cannot be read
 */
export function firstToEnd(
  [leaf, ...sent]: readonly Uint8Array[],
  anchors: readonly Uint8Array[] | null,
): Above | null {
  if (leaf === undefined) return null;
  const nodes = [...sent, ...(anchors ?? [])].map((der, index) => {
    const { subject, issuer, notBefore, notAfter } = certificateFacts(der);
    return { der, issuer, above: { subject, notBefore, notAfter, isAnchor: index >= sent.length } };
  });
  const issuersOf = (der: Uint8Array, name: string): typeof nodes =>
    nodes.filter((each) => each.above.subject === name && each.der !== der && isSignedBy(der, each.der));
  const links = nodes.map((each) => ({
    each,
    issuers: each.above.isAnchor ? [] : issuersOf(each.der, each.issuer),
  }));
  // The end of the way from each, as far as it is known: each round brings it one certificate further down.
  const ways = new Map<(typeof nodes)[number], Above>();
  for (const { each, issuers } of links)
    if (each.above.isAnchor || (anchors === null && issuers.length === 0)) ways.set(each, each.above);
  const longest = (through: typeof nodes): Above | null =>
    through
      .flatMap((each) => ways.get(each) ?? [])
      .reduce<Above | null>(
        (best, one) => (best === null || one.notAfter > best.notAfter ? one : best),
        null,
      );
  for (let round = 0; round < nodes.length; round++)
    for (const { each, issuers } of links) {
      const way = longest(issuers);
      if (way !== null) ways.set(each, way.notAfter < each.above.notAfter ? way : each.above);
    }
  return longest(issuersOf(leaf, certificateFacts(leaf).issuer));
}
