/** What changed between two records, in one line that reads as an audit log. Pure. */
import { counted } from './count.ts';
import { proofOf } from './proof.ts';
import type { CertificateRecord, InstallationRecord } from './record-format.ts';

/** One phrase per certificate, or null when nothing a person would call a change happened. */
export function describeChange(previous: CertificateRecord | null, next: CertificateRecord): string | null {
  const name = `certificate ${next.metadata.team}/${next.metadata.name}`;
  const phrases = next.installations.flatMap((installation) => {
    const before = previous?.installations.find((each) => each.endpoint === installation.endpoint) ?? null;
    return installationPhrases(before, installation);
  });
  if (next.declaration.withdrawn && previous?.declaration.withdrawn !== true)
    phrases.push('declaration deleted, still watched');
  if (phrases.length === 0 && previous?.status !== next.status) {
    phrases.push(previous === null ? `declared, ${next.status}` : `${previous.status} -> ${next.status}`);
  }
  if (phrases.length === 0) return null;
  return `${name}: ${phrases.join('; ')}`;
}

function installationPhrases(before: InstallationRecord | null, now: InstallationRecord): string[] {
  const phrases: string[] = [];
  if (now.issued !== null && now.issued.fingerprint !== before?.issued?.fingerprint) {
    const verb = before?.issued == null ? 'issued' : 'renewed';
    const places = now.addresses
      .filter((each) => each.result === 'served-match')
      .map((each) => `${now.endpoint} (${each.address})`);
    const nothing = proofOf(now.issued, now.addresses.length).state === 'nothing-to-prove';
    const served =
      places.length > 0
        ? `, served by ${places.join(', ')}`
        : nothing
          ? `, installed on ${now.endpoint}, nothing to prove`
          : '';
    phrases.push(`${verb}, serial ${now.issued.serial}${served}`);
  }
  for (const address of now.addresses) {
    const old = before?.addresses.find(
      (each) => each.address === address.address && each.serverName === address.serverName,
    );
    if (address.result !== 'served-match' && old?.result !== address.result) {
      phrases.push(`${address.address} ${address.result}`);
    } else if (
      address.result === 'served-match' &&
      old !== undefined &&
      old.result !== 'served-match' &&
      phrases.length === 0
    ) {
      phrases.push(`${address.address} serves it again`);
    }
  }
  if (phrases.length === 0 && before !== null && before.status !== now.status) {
    phrases.push(`${now.endpoint} ${before.status} -> ${now.status}`);
  }
  return phrases;
}

/** Lines in the body of one commit: a first commit of a large estate must stay a message; what changed is in the diff. */
const phrasesListed = 100;

/** Subject and body of a commit that carries these phrases: one phrase is the subject, many are counted and listed. Judged changes are named where no certificate changed. */
export function commitMessage(
  certificates: readonly string[],
  changes: readonly string[],
  files: number,
): string {
  const phrases = certificates.length > 0 ? certificates : changes;
  const [only] = phrases;
  if (only === undefined) return `records: ${counted(files, 'file')} brought up to date\n`;
  if (phrases.length === 1) return `${only}\n`;
  const more = phrases.length - phrasesListed;
  const listed = [...phrases.slice(0, phrasesListed), ...(more > 0 ? [`and ${String(more)} more`] : [])];
  const what = certificates.length > 0 ? 'certificates changed' : 'changes judged';
  return `${String(phrases.length)} ${what}\n\n${listed.join('\n')}\n`;
}
