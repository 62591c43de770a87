/** Endpoints and findings as lists. Pure. */
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import type { EndpointSection, FindingSection } from '../src/lib/model.ts';
import { reachWords } from '../src/lib/words.ts';
import type { Estate } from './estate.ts';
import { compareText } from './order.ts';

const reachOrder = Object.keys(reachWords);

/** Those that cannot be read first, then by name. */
export function endpointFacts({ endpoints }: Estate): EndpointSection {
  const sorted = [...endpoints].sort(
    (a, b) =>
      reachOrder.indexOf(a.status) - reachOrder.indexOf(b.status) ||
      compareText(a.metadata.name, b.metadata.name),
  );
  return {
    total: sorted.length,
    rows: sorted.slice(0, limits.site.tableRowsMax).map((each) => ({
      name: each.metadata.name,
      team: each.metadata.team,
      type: each.type,
      location: each.location,
      status: each.status,
      since: each.since,
      certificates: each.certificates.length,
      findings: each.findings.length,
    })),
  };
}

/** The findings, worst first. A severity this site does not know stands with the errors. */
export function findingFacts({ findings }: Estate): FindingSection {
  const bySeverity: Record<FindingRecord['severity'], number> = {
    critical: 0,
    error: 0,
    warning: 0,
    info: 0,
  };
  for (const { severity } of findings) bySeverity[Object.hasOwn(bySeverity, severity) ? severity : 'error']++;
  return { total: findings.length, bySeverity, shown: findings.slice(0, limits.site.tableRowsMax) };
}
