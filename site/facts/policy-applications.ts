/** For how many certificates each rule of each policy counts. Pure. */
import type { Certificate } from '../../daemon/core/model.ts';
import { compilePolicies, rulesFor } from '../../daemon/core/policy.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { notApplicable } from '../../daemon/core/rules/rule.ts';
import { certificateId } from '../src/lib/model.ts';
import { ruleKey } from './policy-codes.ts';
import type { DeclaredDocuments } from './sources.ts';

/** For how many certificates each rule counts, by the same precedence that the daemon judges with. Withdrawn ones are still judged, as long as they are watched. */
export function countApplications(
  declared: DeclaredDocuments,
  certificates: readonly CertificateRecord[],
): ReadonlyMap<string, number> {
  const compiled = compilePolicies(
    {
      policies: declared.policies,
      packs: new Map(declared.packs.map((each) => [each.name, each])),
      customRules: new Map(declared.customRules.map((each) => [each.name, each])),
      waivers: new Map(),
    },
    // Only who is asked counts here, never what the answer is.
    (rule) => ({ ...rule, id: rule.name, settingsSchema: {}, judge: () => notApplicable }),
  );
  const counts = new Map<string, number>();
  for (const record of certificates) {
    for (const { policy, pack, entry } of rulesFor(compiled, selectable(record))) {
      const key = ruleKey(pack === null ? policy.name : `${policy.name}/${pack}`, entry.id);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** What selectors look at, from a record. */
function selectable(record: CertificateRecord): Certificate {
  const { metadata, declaration } = record;
  const id = certificateId({ metadata });
  const { issuer, labels, dnsNames, ipAddresses } = declaration;
  const installations = record.installations.map(({ endpoint }) => ({ endpoint }));
  return {
    id,
    team: metadata.team,
    issuer,
    labels,
    dnsNames,
    ipAddresses,
    installations,
  } as unknown as Certificate;
}
