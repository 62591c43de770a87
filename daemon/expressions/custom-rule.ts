/** A Rule document as a rule like the built-in ones: its expressions are asked, its own words are the verdict. */
import type { CustomRule } from '../core/model.ts';
import { fail, isPublicTrust, notApplicable, pass, type Rule, type RuleSubject } from '../core/rules/rule.ts';
import { compileExpression, type Condition, type ExpressionContext } from './expression.ts';

/**
 * The rule a document declares. No IO. An expression that cannot be read or answered counts as broken, never as kept: nobody may
 * pass by a mistake in a rule.
 */
export function customRule(declared: CustomRule): Rule {
  const { name, title, citation, explanation, effectiveAt, stages, fix } = declared;
  const when = declared.when === null ? null : compileExpression(declared.when);
  const demand = compileExpression(declared.expression);
  return {
    id: name,
    title,
    citation,
    effectiveAt,
    stages,
    settingsSchema: { type: 'object', additionalProperties: false },
    explanation,
    judge: (subject) => {
      const context = contextOf(subject);
      try {
        if (when !== null && !conditionOf(when)(context)) return notApplicable;
        return conditionOf(demand)(context) ? pass : fail(`${subject.certificate.id}: ${title}`, fix);
      } catch (error) {
        const why = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
        return fail(
          `rule ${name} cannot be answered for ${subject.certificate.id}: ${why}`,
          `Mend the expression in ${declared.source.file}.`,
        );
      }
    },
  };
}

function conditionOf(compiled: ReturnType<typeof compileExpression>): Condition {
  if ('condition' in compiled) return compiled.condition;
  throw new Error(compiled.fault.message);
}

const dayMs = 86_400_000;
const days = (ms: number | null): bigint => BigInt(Math.ceil((ms ?? 0) / dayMs));
const mapOf = (labels: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(labels));

/** What a rule may look at, from the subject that the built-in rules judge. Pure. */
export function contextOf(subject: RuleSubject): ExpressionContext {
  const { certificate, team, issuer, facts, stage, handshakes } = subject;
  return {
    stage,
    certificate: {
      name: certificate.name,
      team: certificate.team,
      labels: mapOf(certificate.labels),
      dnsNames: certificate.dnsNames,
      ipAddresses: certificate.ipAddresses,
      issuer: certificate.issuer,
      keyAlgorithm: certificate.key.algorithm,
      usages: certificate.usages,
      lifetimeDays: days(certificate.lifetimeMs),
      state: certificate.state,
      drift: certificate.drift,
      endpoints: certificate.installations.map((each) => each.endpoint),
      profiles: certificate.installations.map((each) => each.profile),
    },
    team: {
      declared: team !== null,
      name: certificate.team,
      labels: mapOf(team?.labels ?? {}),
      owners: team?.owners ?? [],
      contacts: (team?.contacts ?? []).map((each) => each.value),
    },
    issuer: {
      name: certificate.issuer,
      type: issuer?.type ?? '',
      labels: mapOf(issuer?.labels ?? {}),
      publicTrust: isPublicTrust(issuer),
    },
    found: {
      subject: facts?.subject ?? '',
      issuer: facts?.issuer ?? '',
      dnsNames: facts?.dnsNames ?? [],
      keyAlgorithm: facts?.keyAlgorithm ?? '',
      keyBits: BigInt(facts?.keyBits ?? 0),
      signatureAlgorithm: facts?.signatureAlgorithm ?? '',
      usages: facts?.usages ?? [],
      lifetimeDays: facts === null ? 0n : days(facts.notAfter - facts.notBefore),
      selfSigned: facts?.selfSigned ?? false,
      isCa: facts?.isCa ?? false,
    },
    protocols: handshakes.flatMap((each) => each.protocol ?? []),
  };
}
