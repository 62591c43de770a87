/** What is known of an installation that could not be judged: nothing is done about it, and a person is told. Pure. */
import type { Assessment } from './assessment.ts';
import { findingDraft } from './finding-draft.ts';
import type { Installation, Instant } from './model.ts';

/** The judgement of one that met a mistake of ours: failing, with nothing to be done before it is judged again at `dueAt`. What its addresses showed `before` stays. Pure. */
export function unjudged(
  installation: Installation,
  failure: {
    readonly code: string;
    readonly message: string;
    readonly before: Assessment | null;
    readonly dueAt: Instant;
  },
): Assessment {
  const { id, certificate, endpoint, source } = installation;
  const finding = findingDraft('install-failed', {
    id: `${id} install-failed`,
    message: `it could not be judged: ${failure.message}`,
    observed: failure.code,
    endpoint,
    source,
  });
  return {
    installation: id,
    status: 'failing',
    findings: [{ ...finding, certificate, installation: id }],
    need: { kind: 'none' },
    addresses: failure.before?.addresses ?? [],
    dueAt: failure.dueAt,
  };
}
