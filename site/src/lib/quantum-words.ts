/** What a quantum computer means for an algorithm, in words: the states, and what follows from them. Pure. */
import type { QuantumState } from './model.ts';
import type { Word } from './words.ts';

/** In the order of need. */
export const quantumWords: Readonly<Record<QuantumState, Word>> = {
  vulnerable: {
    label: 'Vulnerable',
    tone: 'soon',
    shape: 'triangle',
    meaning:
      'RSA, ECDSA or EdDSA: a large quantum computer would find the key. Nobody is known to have one; the algorithm has to be replaced in time.',
  },
  unknown: {
    label: 'Unknown',
    tone: 'unknown',
    shape: 'question',
    meaning: 'An algorithm that this site cannot place. It is counted neither as vulnerable nor as ready.',
  },
  transition: {
    label: 'In transition',
    tone: 'planned',
    shape: 'quarter',
    meaning: 'A classical and a post-quantum algorithm together: it holds while either of them does.',
  },
  ready: {
    label: 'Ready',
    tone: 'ok',
    shape: 'tick',
    meaning: 'ML-DSA (FIPS 204), SLH-DSA (FIPS 205) or a hash-based signature: no quantum attack is known.',
  },
};

export const quantumOrder = Object.keys(quantumWords) as readonly QuantumState[];

/** The state of the keys in one sentence that is true of all of them. */
export function quantumSentence(counts: Readonly<Record<QuantumState, number>>): string {
  const total = quantumOrder.reduce((sum, state) => sum + counts[state], 0);
  if (total === 0) return 'No certificate is installed yet, so there is no key to judge.';
  if (counts.vulnerable === total)
    return `${total === 1 ? 'The only installed key' : `All ${String(total)} installed keys`} would fall to a quantum computer: ${total === 1 ? 'it is' : 'they are'} classical.`;
  if (counts.ready === total) return 'Every installed key holds against a quantum computer.';
  const parts = quantumOrder
    .filter((state) => counts[state] > 0)
    .map((state) => `${String(counts[state])} ${counts[state] === 1 ? 'is' : 'are'} ${adjectives[state]}`);
  return `Of ${String(total)} installed keys, ${parts.slice(0, -1).join(', ')}${parts.length > 1 ? ' and ' : ''}${parts.at(-1) ?? ''}.`;
}

const adjectives: Readonly<Record<QuantumState, string>> = {
  vulnerable: 'vulnerable to a quantum computer',
  unknown: 'of an unknown kind',
  transition: 'in transition',
  ready: 'ready',
};
