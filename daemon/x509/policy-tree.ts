/**
 * Certificate policies along a path (RFC 5280 section 6.1, with the sets of RFC 9618 in place of a tree that grows without bound). Everybody's
 * policies are acceptable here: what is found out is only whether a path that demands an explicit policy has one.
 */
import { extensionIds } from './certificate.ts';
import { readDer, readSmallInteger, tags } from './der.ts';
import { readMappings, readPolicies, readPolicyConstraints } from './extension-syntax.ts';
import type { PathCertificate } from './path.ts';

const anyPolicy = '2.5.29.32.0';

interface Counters {
  explicit: number;
  mapping: number;
  any: number;
}

/** Does the path lack a policy that one of its certificates demands? `path` is leaf first, anchor last. Pure. @throws MalformedInput */
export function lacksPolicy(path: readonly PathCertificate[]): boolean {
  // The anchor is not part of the path (section 6.1).
  const certificates = path.slice(0, -1).toReversed();
  const start = certificates.length + 1;
  const counters: Counters = { explicit: start, mapping: start, any: start };
  let valid: ReadonlySet<string> | null = new Set([anyPolicy]);
  for (const [index, certificate] of certificates.entries()) {
    const isLast = index === certificates.length - 1;
    valid = policiesAfter(certificate, valid, counters.any > 0 || (!isLast && certificate.selfIssued));
    if (counters.explicit === 0 && valid === null) return true;
    if (!isLast) valid = prepare(certificate, valid, counters);
    else if (wrapUp(certificate, counters) && valid === null) return true;
  }
  return false;
}

/** Section 6.1.3 (d) and (e); null is the empty tree. */
function policiesAfter(
  { fields }: PathCertificate,
  before: ReadonlySet<string> | null,
  anyCounts: boolean,
): ReadonlySet<string> | null {
  const extension = fields.extensions.get(extensionIds.certificatePolicies);
  if (extension === undefined || before === null) return null;
  const stated = readPolicies(extension.value);
  if (stated.has(anyPolicy) && anyCounts) return before;
  const kept = [...stated].filter(
    (policy) => policy !== anyPolicy && (before.has(policy) || before.has(anyPolicy)),
  );
  return kept.length === 0 ? null : new Set(kept);
}

/** Section 6.1.4 (a), (b), (h), (i), (j). */
function prepare(
  { fields, selfIssued }: PathCertificate,
  valid: ReadonlySet<string> | null,
  counters: Counters,
): ReadonlySet<string> | null {
  const { extensions } = fields;
  const mappings = extensions.get(extensionIds.policyMappings);
  const after =
    mappings === undefined || valid === null
      ? valid
      : mapped(valid, readMappings(mappings.value), counters.mapping > 0);
  if (!selfIssued) {
    counters.explicit = Math.max(0, counters.explicit - 1);
    counters.mapping = Math.max(0, counters.mapping - 1);
    counters.any = Math.max(0, counters.any - 1);
  }
  const constraints = extensions.get(extensionIds.policyConstraints);
  if (constraints !== undefined) {
    const { requireExplicit, inhibitMapping } = readPolicyConstraints(constraints.value);
    counters.explicit = Math.min(counters.explicit, requireExplicit ?? counters.explicit);
    counters.mapping = Math.min(counters.mapping, inhibitMapping ?? counters.mapping);
  }
  const inhibit = extensions.get(extensionIds.inhibitAnyPolicy);
  if (inhibit !== undefined)
    counters.any = Math.min(counters.any, readSmallInteger(readDer(inhibit.value, tags.integer)));
  return after;
}

function mapped(
  valid: ReadonlySet<string>,
  pairs: readonly (readonly [string, string])[],
  mayMap: boolean,
): ReadonlySet<string> | null {
  const mappedFrom = new Set(pairs.map(([from]) => from));
  const kept = [...valid].filter((policy) => !mappedFrom.has(policy));
  const added = mayMap
    ? pairs.filter(([from]) => valid.has(from) || valid.has(anyPolicy)).map(([, to]) => to)
    : [];
  const all = new Set([...kept, ...added]);
  return all.size === 0 ? null : all;
}

/** Section 6.1.5 (a) and (b): is a policy demanded at the end? */
function wrapUp({ fields }: PathCertificate, counters: Counters): boolean {
  const constraints = fields.extensions.get(extensionIds.policyConstraints);
  const required =
    constraints === undefined ? null : readPolicyConstraints(constraints.value).requireExplicit;
  return Math.max(0, counters.explicit - 1) === 0 || required === 0;
}
