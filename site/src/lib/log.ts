/** The commit log in words. It repeats what the reader of Git found about signatures and verifies none itself. */
import type { LogEntry } from './model.ts';
import { count } from './time-words.ts';

/** One true sentence about the signatures of the entries given: only a verified one counts as signed. */
export function signatureSentence(log: readonly LogEntry[]): string {
  if (log.length === 0) return 'The state branch has no commit yet.';
  const signed = log.filter((entry) => entry.signed === true).length;
  const unsigned = log.filter((entry) => entry.signed === false).length;
  if (signed === log.length) return `${count(log.length, 'commit')}, every one with a verified signature.`;
  const parts = [
    signed > 0 ? `${signed} with a verified signature` : '',
    unsigned > 0 ? `${unsigned} without a signature that verifies` : '',
    log.length > signed + unsigned ? `${log.length - signed - unsigned} not checked` : '',
  ].filter((part) => part !== '');
  return `${count(log.length, 'commit')}: ${parts.join(', ')}.`;
}
