/** How the store on an endpoint differs from what was installed there. Pure. */
import type { AssessInput } from './assessment.ts';
import type { FindingCode } from './finding-codes.ts';

/** The first difference that matters, in the order in which a person would look; null when the store is as installed, or nothing is known of it. */
export function storeDrift(
  input: AssessInput,
): { readonly code: FindingCode; readonly because: string; readonly observed: string } | null {
  const store = input.observation?.store;
  const installed = input.memory.installed;
  if (store == null || installed === null || installed.issued.generation === null) return null;
  const { issued, previous } = installed;
  const leaf = store.leaf;
  if (leaf === null) {
    return {
      code: 'store-changed',
      because: 'the certificate file is gone',
      observed: 'no readable certificate',
    };
  }
  if (leaf.fingerprint !== issued.fingerprint) {
    const back = previous !== null && leaf.fingerprint === previous.fingerprint;
    const observed = `${short(leaf.fingerprint)} (${leaf.subject || leaf.dnsNames[0] || 'no subject'}, issued by ${leaf.issuer})`;
    return back
      ? { code: 'rolled-back', because: 'someone put the previous certificate back', observed }
      : { code: 'store-changed', because: 'the certificate file was changed', observed };
  }
  if (store.current !== issued.generation) {
    return {
      code: 'store-changed',
      because: 'current points at another generation',
      observed: store.current ?? 'nothing',
    };
  }
  if (store.keyMatches === false) {
    return {
      code: 'store-changed',
      because: 'the key file was changed',
      observed: 'key and certificate do not belong together',
    };
  }
  const [link] = store.brokenLinks;
  if (link !== undefined) {
    return { code: 'store-changed', because: `${link} is no longer what renewd put there`, observed: link };
  }
  return null;
}

/** A fingerprint as it is shown beside others. */
export function short(fingerprint: string): string {
  return `sha256:${fingerprint.slice(0, 16)}`;
}
