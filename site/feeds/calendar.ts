/**
 * Calendars to subscribe to (RFC 5545): a day for each certificate that ends and each renewal that is planned. The library folds and escapes; it is given every
 * instant and id, so that nothing comes from its clock, and no time zone, because then it reads days as UTC wherever the build runs.
 */
import { endsAt } from '../../daemon/core/renewal.ts';
import ical, {
  ICalAlarmType,
  ICalCalendarMethod,
  ICalEventTransparency,
  type ICalEventData,
} from 'ical-generator';
import type { CertificateRecord, InstallationRecord, IssuedRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { compareText } from '../facts/order.ts';
import { clean } from '../src/lib/clean.ts';
import { certificateId } from '../src/lib/model.ts';
import type { DataFile, FeedInput } from './feed.ts';
import { isInstant } from './instants.ts';
import { installationId, scopesOf, type Scope } from './scope.ts';

/** One entry, in references: an estate has hundreds of thousands, of which a calendar shows the soonest. */
interface Day {
  readonly at: string;
  readonly what: 'ends' | 'renews';
  readonly record: CertificateRecord;
  readonly installation: InstallationRecord;
  readonly issued: IssuedRecord;
}

const daySeconds = 86_400;

/** `calendar.ics`, of everything and of each team. Nothing for the public: it would name every certificate. */
export function* calendars(input: FeedInput): Generator<DataFile> {
  if (input.model.redaction === 'public') return;
  for (const scope of scopesOf(input)) {
    yield {
      path: `${scope.folder}calendar.ics`,
      text: calendarText(scope, input.model.generatedFrom.at),
      feed: {
        title: `What ends and what is renewed when: ${scope.words}`,
        kind: 'calendar',
        team: scope.team,
      },
    };
  }
}

function calendarText({ words, certificates }: Scope, at: string): string {
  const { days, more } = soonest(daysOf(certificates, at));
  const cut =
    more > 0
      ? ` The ${String(days.length)} soonest; ${String(more)} later ${more === 1 ? 'one is' : 'ones are'} left out.`
      : '';
  const calendar = ical({
    name: `Certificates: ${words}`,
    description: `Ends and planned renewals, as of ${at}.${cut}`,
    prodId: { company: 'renewd', product: 'renewd', language: 'EN' },
    method: ICalCalendarMethod.PUBLISH,
    ttl: limits.site.calendarRefreshSeconds,
  });
  for (const each of days) calendar.createEvent(eventOf(each, at));
  // The library leaves out the end of the last line, which the format asks for.
  return `${calendar.toString()}\r\n`;
}

/** What is to come: what has ended is no date to come, and what is overdue stands in the entry of its end. */
function daysOf(certificates: readonly CertificateRecord[], from: string): Day[] {
  const days: Day[] = [];
  for (const record of certificates)
    for (const installation of record.installations) {
      const { issued, renewAt } = installation;
      if (issued === null) continue;
      const ends = endsAt(issued);
      if (isInstant(ends) && ends >= from)
        days.push({ at: ends, what: 'ends', record, installation, issued });
      if (isInstant(renewAt) && renewAt >= from && isRenewed(record))
        days.push({ at: renewAt, what: 'renews', record, installation, issued });
    }
  return days;
}

function isRenewed({ declaration }: CertificateRecord): boolean {
  return declaration.state === 'present' && !declaration.withdrawn;
}

/** Sorted day by day and only as far as they are shown: all 200,000 of a large estate would take ten seconds. */
function soonest(days: readonly Day[]): { readonly days: readonly Day[]; readonly more: number } {
  const max = limits.site.calendarEventsMax;
  const byDay = Map.groupBy(days, (each) => each.at.slice(0, 10));
  const found: Day[] = [];
  for (const day of [...byDay.keys()].sort(compareText)) {
    if (found.length >= max) break;
    for (const each of byDay.get(day)?.sort(bySoonest) ?? []) found.push(each);
  }
  return { days: found.slice(0, max), more: Math.max(0, days.length - max) };
}

function bySoonest(a: Day, b: Day): number {
  return (
    compareText(a.at, b.at) ||
    compareText(a.record.metadata.team, b.record.metadata.team) ||
    compareText(a.record.metadata.name, b.record.metadata.name) ||
    compareText(a.installation.endpoint, b.installation.endpoint) ||
    compareText(a.what, b.what)
  );
}

/** A serial is in the id: what is renewed takes its old days with it and brings new ones. Only characters that mean themselves in iCalendar. */
function uidOf({ what, record, installation, issued }: Day): string {
  const uid = `${installationId(certificateId(record), installation.endpoint)}/${clean(issued.serial)}/${what}`;
  return uid.replace(/[^\w.@/:*~+-]/gu, encodeURIComponent);
}

function eventOf(day: Day, built: string): ICalEventData {
  const { record, installation, issued } = day;
  const where = `${clean(certificateId(record))} on ${clean(installation.endpoint)}`;
  const summary = day.what === 'ends' ? `${where} ends` : `${where} is renewed`;
  return {
    id: uidOf(day),
    allDay: true,
    start: new Date(`${day.at.slice(0, 10)}T00:00:00Z`),
    // The instant of the build, not of the clock. A date that moves keeps its id and comes with a later stamp, which is what programs go by.
    stamp: new Date(built),
    sequence: 0,
    summary,
    description:
      day.what === 'ends'
        ? `${renewalWords(day, built)} Serial ${clean(issued.serial)}.`
        : 'Planned; renewd does it by itself.',
    transparency: ICalEventTransparency.TRANSPARENT,
    alarms:
      day.what === 'ends'
        ? [
            {
              type: ICalAlarmType.display,
              trigger: limits.site.calendarAlarmDays * daySeconds,
              description: summary,
            },
          ]
        : [],
  };
}

/** What becomes of a certificate before its end. */
function renewalWords({ record, installation: { renewAt } }: Day, built: string): string {
  if (!isRenewed(record)) return 'Nobody renews it: see to it, or remove it from the endpoint.';
  if (!isInstant(renewAt)) return 'No renewal is planned: its findings say why.';
  const day = renewAt.slice(0, 10);
  return renewAt < built
    ? `Its renewal was due on ${day} and is not done: it must be renewed before this day.`
    : `renewd renews it on ${day}; if this day comes near, that did not work.`;
}
