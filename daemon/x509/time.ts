/** Times of certificates and CRLs (RFC 5280 section 4.1.2.5): whole seconds in UTC, written in one way. Pure; knows no clock. */
import type { Instant } from '../core/model.ts';
import { tags, type Der } from './der.ts';
import { MalformedInput } from './malformed.ts';

export interface ReadTime {
  readonly at: Instant;
  /** "CAs MUST always encode certificate validity dates through the year 2049 as UTCTime". */
  readonly isInDueForm: boolean;
}

/**
 * UTCTime `YYMMDDHHMMSSZ` or GeneralizedTime `YYYYMMDDHHMMSSZ`: no fractions, no offsets, no missing seconds, and a date that exists. Pure.
 * @throws MalformedInput
 */
export function readTime(element: Der | undefined): ReadTime {
  const text = Buffer.from(element?.content ?? []).toString('latin1');
  const isShort = element?.tag === tags.utcTime;
  if (!isShort && element?.tag !== tags.generalizedTime) throw new MalformedInput('the time is none');
  if (!(isShort ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text))
    throw new MalformedInput('a time that is not written in whole seconds of UTC');
  const short = Number(text.slice(0, 2));
  // Section 4.1.2.5.1: two digits from 50 on are of the twentieth century.
  const year = isShort ? (short >= 50 ? 1900 : 2000) + short : Number(text.slice(0, 4));
  const rest = text.slice(isShort ? 2 : 4, -1);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (rest.match(/../g) ?? []).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) throw new MalformedInput('a time that does not exist');
  return { at: date.getTime(), isInDueForm: isShort || year >= 2050 };
}
