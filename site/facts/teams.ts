/** Each team's day of work. Pure. */
import type { CertificateRecord, FindingRecord } from '../../daemon/core/record-format.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { limits } from '../../daemon/limits.ts';
import {
  certificateId,
  type ChangeFacts,
  type RenewalRecord,
  type TeamFacts,
  type WaiverFacts,
} from '../src/lib/model.ts';
import { countStatuses, needsPerson, type Estate } from './estate.ts';
import { compareFindings, compareText } from './order.ts';
import { isKnown, trendInstants } from './posture.ts';
import { firstEnd, firstRenewal, rowOf } from './row.ts';
import type { SiteSources, Transition } from './sources.ts';
import { statusWord } from '../src/lib/words.ts';

export interface TeamNeeds {
  readonly changes: readonly ChangeFacts[];
  readonly waivers: readonly WaiverFacts[];
}

/** Teams by open work, most first. A team that only the records know is listed too, and says that it is not declared. */
export function teamFacts(sources: SiteSources, estate: Estate, needs: TeamNeeds): readonly TeamFacts[] {
  const declared = new Map(sources.declared.teams.map((team) => [team.name, team]));
  const findings = groupFindings(estate.findings);
  const transitions = groupTransitions(sources.history.transitions);
  const maturity = new Map((sources.evidence[0]?.maturity ?? []).map((each) => [each.team, each]));
  const names = new Set([...declared.keys(), ...estate.byTeam.keys()]);
  return [...names]
    .map((name): TeamFacts => {
      const own = estate.byTeam.get(name) ?? [];
      const team = declared.get(name);
      const open = own.filter(needsPerson).length;
      const worst = findings.get(name) ?? [];
      const ids = new Set(own.map(certificateId));
      const work = workOf(own);
      const told = new Set(work.flatMap(({ finding }) => finding?.id ?? []));
      return {
        name,
        displayName: team?.displayName ?? name,
        declared: team !== undefined,
        owners: team?.owners ?? [],
        contacts: team?.contacts ?? [],
        dnsNames: team?.dnsNames ?? [],
        counts: countStatuses(own),
        total: own.length,
        open,
        findings: worst.length,
        work,
        others: worst.filter((each) => !told.has(each.id)).slice(0, limits.site.teamFindingsMax),
        worst: worst.slice(0, limits.site.teamFindingsMax),
        rows: own.slice(0, limits.site.teamRowsMax).map(rowOf),
        trend: trendOfTeam(sources, transitions.get(name) ?? [], open, estate.now),
        renewals: renewalRecord(transitions.get(name) ?? []),
        next: nextOf(estate, name),
        changes: needs.changes
          .filter(
            (each) =>
              (each.outcome === 'waiting' || each.outcome === 'refused') &&
              each.certificates.some((id) => id.startsWith(`${name}/`)),
          )
          .slice(0, limits.site.teamChangesMax),
        waivers: needs.waivers
          .filter((each) => !each.ended && each.certificates.some((id) => ids.has(id)))
          .map((each) => each.name),
        maturity: own.length === 0 ? null : (maturity.get(name) ?? null),
      };
    })
    .sort((a, b) => b.open - a.open || b.counts.expired - a.counts.expired || compareText(a.name, b.name));
}

/** What waits for a person, in the order of need, each with the worst that is known of it. */
function workOf(own: readonly CertificateRecord[]): TeamFacts['work'] {
  return own
    .filter(needsPerson)
    .slice(0, limits.site.teamFindingsMax)
    .map((record) => ({
      id: certificateId(record),
      status: record.status,
      since: record.since,
      expires: firstEnd(record),
      finding: [...record.findings].sort(compareFindings)[0] ?? null,
    }));
}

function teamOf(id: string | null): string {
  return id === null ? '' : id.slice(0, Math.max(id.indexOf('/'), 0));
}

function groupFindings(findings: readonly FindingRecord[]): ReadonlyMap<string, readonly FindingRecord[]> {
  return Map.groupBy(findings, (each) => teamOf(each.certificate));
}

function groupTransitions(transitions: readonly Transition[]): ReadonlyMap<string, readonly Transition[]> {
  return Map.groupBy(transitions, (each) => teamOf(each.certificate));
}

function trendOfTeam(
  { history }: SiteSources,
  transitions: readonly Transition[],
  open: number,
  now: number,
): readonly (number | null)[] {
  const needs = (status: string | null): number =>
    status !== null && statusWord(status).group === 'attention' ? 1 : 0;
  let running = open;
  let next = 0;
  const points: (number | null)[] = [];
  for (const instant of trendInstants(now).toReversed()) {
    const at = timestamp(instant);
    for (let each = transitions[next]; each !== undefined && each.at > at; each = transitions[++next])
      running += needs(each.before) - needs(each.after);
    points.push(instant === now || isKnown(history, at) ? running : null);
  }
  return points.reverse();
}

/** Renewals, and how many of them came while enough of the lifetime before was left: late ones were luck. */
export function renewalRecord(transitions: readonly Transition[]): RenewalRecord {
  let renewed = 0;
  let inTime = 0;
  for (const { at, issued } of transitions) {
    for (const { replaced } of issued) {
      if (replaced === null) continue;
      renewed++;
      const [from, until] = [Date.parse(replaced.notBefore), Date.parse(replaced.notAfter)];
      if (until - Date.parse(at) >= (until - from) * limits.site.renewalMarginShare) inTime++;
    }
  }
  return { renewed, inTime };
}

function nextOf(estate: Estate, team: string): TeamFacts['next'] {
  const at = timestamp(estate.now);
  return (estate.byTeam.get(team) ?? [])
    .flatMap((record): TeamFacts['next'][number][] => {
      const id = certificateId(record);
      const [renews, ends] = [firstRenewal(record), firstEnd(record)];
      // What renewd renews is its own work; what it does not renew, somebody must.
      if (renews !== null && renews >= at) return [{ id, at: renews, what: 'renews' }];
      return ends === null || ends < at ? [] : [{ id, at: ends, what: 'ends' }];
    })
    .sort((a, b) => compareText(a.at, b.at) || compareText(a.id, b.id))
    .slice(0, limits.site.teamNextMax);
}
