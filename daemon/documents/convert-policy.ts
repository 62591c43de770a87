/** From checked plain values to what judges certificates: policies, packs, rules of an organisation's own, waivers. */
import type {
  CustomRule,
  Declared,
  Instant,
  Policy,
  PolicyAction,
  PolicyPack,
  Waiver,
} from '../core/model.ts';
import type { PolicyRule, Selector } from '../core/governance.ts';
import { compileExpression } from '../expressions/expression.ts';
import { limits } from '../limits.ts';
import type { CheckedDocument, Place } from './convert.ts';
import { list, map, text, texts, textMap, textOrNull } from './plain.ts';

type Spec = CheckedDocument['spec'];

/** A selector as the schema lets it in. Pure. */
export function toSelector(value: unknown): Selector {
  const selector = map(value);
  const given = <T>(name: string, read: (value: unknown) => T): Record<string, T> =>
    selector[name] === undefined ? {} : { [name]: read(selector[name]) };
  return {
    teams: texts(selector['teams']),
    labels: textMap(selector['labels']),
    issuers: texts(selector['issuers']),
    certificates: texts(selector['certificates']),
    ...given('teamLabels', textMap),
    ...given('endpointLabels', textMap),
    ...given('endpoints', texts),
    ...given('dnsNames', (names) => texts(names).map((name) => name.toLowerCase())),
  };
}

/** A day as the instant it begins, UTC; complains about one the calendar does not have. null where there is none. */
export function toInstant(value: unknown, path: readonly (string | number)[], place: Place): Instant | null {
  if (value === undefined) return null;
  const written = text(value);
  const instant = Date.parse(`${written}T00:00:00Z`);
  const real = !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(written);
  if (!real) place.complain(`${JSON.stringify(written)} is no day of the calendar`, path);
  return real ? instant : null;
}

function toRuleUses(value: unknown, place: Place): PolicyRule[] {
  const seen = new Map<string, number>();
  return list(value).map((each, index) => {
    const written = map(each);
    const path = ['spec', 'rules', index] as const;
    const rule = text(written['rule']);
    const id = textOrNull(written['id']) ?? rule;
    const before = seen.get(id);
    if (before === undefined) seen.set(id, index);
    else {
      place.complain(
        `rule ${id} stands here twice; give this one an id of its own (id: ${rule}-...), so that both are asked and told apart`,
        path,
      );
    }
    return {
      id,
      rule,
      action: text(written['action']) as PolicyAction,
      settings: map(written['settings']),
      locked: written['lock'] === true,
      waivable: written['waivable'] !== false,
      effectiveAt: toInstant(written['effective'], [...path, 'effective'], place),
      citation: textOrNull(written['citation']),
      source: place.at(path),
    };
  });
}

/** A Policy. Complains about a rule that stands twice and about days that are none. */
export function toPolicy(declared: Declared, spec: Spec, place: Place): Policy {
  return {
    ...declared,
    kind: 'Policy',
    description: text(spec['description']),
    selector: toSelector(spec['selector']),
    packs: list(spec['packs']).map((each, index) => {
      const reference = map(each);
      return {
        pack: text(reference['pack']),
        action: textOrNull(reference['action']) as PolicyAction | null,
        locked: reference['lock'] === true,
        source: place.at(['spec', 'packs', index]),
      };
    }),
    rules: toRuleUses(spec['rules'], place),
  };
}

/** A PolicyPack. */
export function toPolicyPack(declared: Declared, spec: Spec, place: Place): PolicyPack {
  return {
    ...declared,
    kind: 'PolicyPack',
    title: text(spec['title']),
    version: text(spec['version']),
    status: spec['status'] === 'final' ? 'final' : 'draft',
    reference: text(spec['reference']),
    rules: toRuleUses(spec['rules'], place),
  };
}

/** A Rule. Complains about expressions that cannot be read, at the place of the mistake where it stands on one line. */
export function toCustomRule(declared: Declared, spec: Spec, place: Place): CustomRule {
  for (const name of ['when', 'expression']) {
    if (spec[name] === undefined) continue;
    const compiled = compileExpression(text(spec[name]));
    if ('fault' in compiled) {
      const { message, offset } = compiled.fault;
      place.complain(`${name}: ${message} (character ${String(offset + 1)} of the expression)`, [
        'spec',
        name,
      ]);
    }
  }
  return {
    ...declared,
    kind: 'Rule',
    title: text(spec['title']),
    citation: textOrNull(spec['citation']) ?? 'internal',
    explanation: text(spec['explanation']),
    fix: text(spec['fix']),
    stages: texts(spec['stages']) as CustomRule['stages'],
    when: textOrNull(spec['when']),
    expression: text(spec['expression']),
    effectiveAt: toInstant(spec['effective'], ['spec', 'effective'], place),
  };
}

/** A Waiver. Complains where it would last longer than an exception may, or end before it begins. */
export function toWaiver(declared: Declared, spec: Spec, place: Place): Waiver {
  const grantedAt = toInstant(spec['granted'], ['spec', 'granted'], place);
  const expiresAt = toInstant(spec['expires'], ['spec', 'expires'], place) ?? 0;
  if (grantedAt !== null && expiresAt <= grantedAt) {
    place.complain('ends before it is granted', ['spec', 'expires']);
  }
  if (grantedAt !== null && expiresAt - grantedAt > limits.governance.waiverMaxMs) {
    const days = String(limits.governance.waiverMaxMs / 86_400_000);
    place.complain(`lasts longer than ${days} days; an exception for good is a change of policy`, [
      'spec',
      'expires',
    ]);
  }
  return {
    ...declared,
    kind: 'Waiver',
    rules: texts(spec['rules']),
    selector: toSelector(spec['selector']),
    owner: text(spec['owner']),
    reason: text(spec['reason']),
    compensatingControl: text(spec['compensatingControl']),
    grantedAt,
    expiresAt,
    ticket: textOrNull(spec['ticket']),
  };
}
