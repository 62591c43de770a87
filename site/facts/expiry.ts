/** What ends when, and how much work shorter lifetimes will be. Pure. */
import { endOf } from '../../daemon/core/renewal.ts';
import type { CertificateRecord, InstallationRecord } from '../../daemon/core/record-format.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { limits } from '../../daemon/limits.ts';
import type { Expiry, LoadScenario } from '../src/lib/model.ts';
import type { Estate } from './estate.ts';
import { compareText } from './order.ts';
import { environmentOf, firstEnd, rowOf } from './row.ts';
import type { SiteSources } from './sources.ts';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;

/** Lifetimes that public certificates may have at most from 2026-03-15, 2027-03-15 and 2029-03-15 on (CA/Browser Forum ballot SC-081v3). */
const scenarios = [null, 200, 100, 47] as const;

interface Placed {
  readonly record: CertificateRecord;
  readonly installation: InstallationRecord;
  readonly begins: number;
  readonly ends: number;
  /** null: no renewal is planned. */
  readonly renews: number | null;
}

/** The section. Retired certificates are counted too: they still end. */
export function expiryFacts(sources: SiteSources, estate: Estate): Expiry {
  const { certificates, now } = estate;
  const placed: Placed[] = certificates.flatMap((record) =>
    record.installations.flatMap((installation) =>
      installation.issued === null
        ? []
        : [
            {
              record,
              installation,
              begins: Date.parse(installation.issued.notBefore),
              ends: endOf(installation.issued),
              renews: installation.renewAt === null ? null : Date.parse(installation.renewAt),
            },
          ],
    ),
  );
  const environments = [...new Set(placed.map((each) => environmentOf(each.record)))].sort(compareText);
  const first = mondayOf(now);
  const weeks = Array.from({ length: limits.site.expiryWeeks }, (_, index) => ({
    from: timestamp(first + index * weekMs),
    ends: environments.map(() => 0),
    renews: 0,
  }));
  const today = Math.floor(now / dayMs);
  const days = Array.from({ length: limits.site.expiryDays }, (_, index) => ({
    day: timestamp((today + index) * dayMs).slice(0, 10),
    ends: 0,
    renews: 0,
  }));
  let [before, after] = [0, 0];
  for (const { record, ends, renews } of placed) {
    const week = weeks[Math.floor((ends - first) / weekMs)];
    const environment = environments.indexOf(environmentOf(record));
    if (ends < now) before++;
    else if (week === undefined) after++;
    else week.ends[environment] = (week.ends[environment] ?? 0) + 1;
    const endDay = days[Math.floor(ends / dayMs) - today];
    if (endDay !== undefined && ends >= now) endDay.ends++;
    if (renews === null) continue;
    const renewWeek = weeks[Math.floor((renews - first) / weekMs)];
    if (renewWeek !== undefined && renews >= now) renewWeek.renews++;
    const renewDay = days[Math.floor(renews / dayMs) - today];
    if (renewDay !== undefined && renews >= now) renewDay.renews++;
  }
  return {
    environments,
    weeks,
    before,
    after,
    days,
    rows: certificates
      .flatMap((record) => {
        const ends = firstEnd(record);
        return ends === null ? [] : [{ record, ends }];
      })
      .sort((a, b) => compareText(a.ends, b.ends))
      .slice(0, limits.site.tableRowsMax)
      .map(({ record }) => rowOf(record)),
    authorities: sources.authorities,
    load: scenarios.map((days) => loadOf(placed, days)),
  };
}

/** Monday 00:00 UTC of the week of an instant. */
function mondayOf(instant: number): number {
  const day = Math.floor(instant / dayMs);
  // Day 0 of the epoch was a Thursday.
  return (day - ((day + 3) % 7)) * dayMs;
}

/** Renewals of a year if each came when the part of the lifetime has passed at which it is planned now, two thirds where none is. */
function loadOf(placed: readonly Placed[], lifetimeMaxDays: number | null): LoadScenario {
  let perYear = 0;
  for (const { record, begins, ends, renews } of placed) {
    if (record.declaration.state === 'retired' || record.declaration.withdrawn) continue;
    const planned = renews === null ? 2 / 3 : (renews - begins) / (ends - begins);
    const share = planned > 0 && planned <= 1 ? planned : 2 / 3;
    const lifetime = Math.min(ends - begins, lifetimeMaxDays === null ? Infinity : lifetimeMaxDays * dayMs);
    if (lifetime > 0) perYear += (365.25 * dayMs) / (lifetime * share);
  }
  return {
    lifetimeMaxDays,
    renewalsPerYear: Math.round(perYear),
    renewalsPerDay: Math.round((perYear / 365.25) * 10) / 10,
  };
}
