/** Exceptions with the certificates that findings say they except. Pure. */
import { timestamp } from '../../daemon/core/timestamp.ts';
import { limits } from '../../daemon/limits.ts';
import type { WaiverFacts } from '../src/lib/model.ts';
import type { Estate } from './estate.ts';
import { compareText } from './order.ts';
import { exceptedCodes } from './policy-codes.ts';
import { selectorWords } from './selector-words.ts';
import type { SiteSources } from './sources.ts';

/** Exceptions: those in force first, by their end. */
export function waiverFacts({ declared, at }: SiteSources, estate: Estate): readonly WaiverFacts[] {
  const notes = estate.findings.filter(
    (each) => exceptedCodes.has(each.code) || each.code === 'waiver-ended',
  );
  return declared.waivers
    .map((waiver): WaiverFacts => {
      const certificates = notes.flatMap((each) =>
        each.certificate !== null && names(each.message, waiver.name) ? [each.certificate] : [],
      );
      return {
        name: waiver.name,
        rules: waiver.rules,
        appliesTo: selectorWords(waiver.selector),
        owner: waiver.owner,
        reason: waiver.reason,
        compensatingControl: waiver.compensatingControl,
        grantedAt: waiver.grantedAt === null ? null : timestamp(waiver.grantedAt),
        expiresAt: timestamp(waiver.expiresAt),
        ticket: waiver.ticket,
        ended: timestamp(waiver.expiresAt) <= at,
        at: `${waiver.source.file}:${String(waiver.source.line)}`,
        certificates: [...new Set(certificates)].sort(compareText).slice(0, limits.site.violatorsMax),
      };
    })
    .sort(
      (a, b) =>
        Number(a.ended) - Number(b.ended) ||
        compareText(a.expiresAt, b.expiresAt) ||
        compareText(a.name, b.name),
    );
}

/** As `core/policy-findings.ts` words it: a reason may speak of other waivers. */
function names(message: string, waiver: string): boolean {
  const excepts = message.matchAll(/; excepted until \d{4}-\d\d-\d\d by waiver (\S{1,300}) of /g);
  if ([...excepts].some(([, name]) => name === waiver)) return true;
  return message.includes(`; waiver ${waiver} of `) && / ended on \d{4}-\d\d-\d\d$/.test(message);
}
