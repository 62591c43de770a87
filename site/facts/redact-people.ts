/** People in free text: names that the daemon wrote into messages of findings and into reasons. What cannot be told apart is withheld as a whole. Pure. */
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { Waiver } from '../../daemon/core/model.ts';
import type { CertificateRecord, FindingRecord } from '../../daemon/core/record-format.ts';
import { exceptedCodes } from './policy-codes.ts';

/** Reasons quote signers, authors and subjects; their codes say what kind of thing was wrong. */
export function reasonsWithoutPeople(reasons: ChangeRecord['reasons']): ChangeRecord['reasons'] {
  return reasons.map(({ code }) => ({
    code,
    message: 'why is withheld here',
    fix: 'Read the record of the change in Git.',
  }));
}

/** Findings without the owners of waivers, which stand in their messages as `waiver <name> of <owner>`. */
export function withoutOwners(
  waivers: readonly Pick<Waiver, 'name' | 'owner'>[],
): (findings: readonly FindingRecord[]) => readonly FindingRecord[] {
  const named = waivers
    .filter((each) => each.owner !== '')
    // With what follows: an owner's name may begin another's.
    .flatMap(({ name, owner }) =>
      [' (', ' ended on '].map(
        (after) => [`waiver ${name} of ${owner}${after}`, `waiver ${name} of withheld${after}`] as const,
      ),
    );
  const hide = (finding: FindingRecord): FindingRecord => {
    if (!exceptedCodes.has(finding.code) && finding.code !== 'waiver-ended') return finding;
    let { message } = finding;
    for (const [from, to] of named) message = message.replaceAll(from, () => to);
    // A waiver that is no longer declared, or whose owner changed, is still named in the record.
    return message === finding.message
      ? {
          ...finding,
          message: message.replace(/;[^;]*\bwaiver (\S+) of .*$/s, '; by waiver $1, whose owner is withheld'),
        }
      : { ...finding, message };
  };
  return (findings) => findings.map(hide);
}

/** Records with their findings changed; the others are passed on as they are. */
export function withFindings(
  certificates: readonly CertificateRecord[],
  change: (findings: readonly FindingRecord[]) => readonly FindingRecord[],
): readonly CertificateRecord[] {
  return certificates.map((each) =>
    each.findings.length === 0 ? each : { ...each, findings: change(each.findings) },
  );
}
