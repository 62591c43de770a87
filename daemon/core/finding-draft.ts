/** The one builder of findings that are about no installation: severity and remedy are those of the code unless the caller knows better. Pure. */
import type { FindingDraft } from './assessment.ts';
import { findingCodes, type FindingCode } from './finding-codes.ts';

type Known = Partial<
  Pick<FindingDraft, 'severity' | 'remedy' | 'endpoint' | 'expected' | 'observed' | 'source'>
>;

/** A finding of the repository, or of an endpoint where `known` names one. `id` is the same for the same trouble in every turn. */
export function findingDraft(
  code: FindingCode,
  { id, message, ...known }: { readonly id: string; readonly message: string } & Known,
): FindingDraft {
  const { severity, remedy } = findingCodes[code];
  return {
    id,
    code,
    severity,
    certificate: null,
    installation: null,
    endpoint: null,
    address: null,
    message,
    remedy,
    expected: null,
    observed: null,
    rule: null,
    source: null,
    ...known,
  };
}
