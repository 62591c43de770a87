/** Rule: no longer lifetime than this. */
import { durationText, parseDuration } from '../duration.ts';
import { concerns, fail, notApplicable, pass, trustSetting, type Rule } from './rule.ts';

/** RFC 5280 counts both ends, and CAs set notBefore back a little for slow clocks: an hour more in what was issued is no longer lifetime. */
const toleranceMs = 3_600_000;

export const lifetimeMax: Rule = {
  id: 'lifetime-max',
  title: 'Lifetime',
  citation: 'CA/Browser Forum BR 6.3.2 (ballot SC-081v3: 200, 100, 47 days)',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['max'],
    properties: {
      max: {
        description: 'Longest lifetime: 47d, 90d, 12h.',
        type: 'string',
        pattern: '^[1-9][0-9]{0,5}(s|m|h|d)$',
      },
      issuedFrom: {
        description:
          'Certificates whose validity began before this day (YYYY-MM-DD, UTC) are left alone, as standards with steps do.',
        type: 'string',
        pattern: '^20[0-9]{2}-[01][0-9]-[0-3][0-9]$',
      },
      ...trustSetting,
    },
  },
  explanation:
    'A short life limits how long a stolen key or a wrong name does harm, and makes renewal a habit instead of an event.',
  judge: (subject, settings) => {
    const { certificate, facts, stage } = subject;
    if (!concerns(settings, subject)) return notApplicable;
    const text = typeof settings['max'] === 'string' ? settings['max'] : '';
    // The schema has checked it; should it not have, nothing is allowed rather than everything.
    const max = parseDuration(text) ?? 0;
    const from =
      typeof settings['issuedFrom'] === 'string'
        ? Date.parse(`${settings['issuedFrom']}T00:00:00Z`)
        : Number.NEGATIVE_INFINITY;
    if (stage !== 'request' && facts !== null && facts.notBefore < from) return notApplicable;
    // BR 6.3.2 knows no tolerance: of a public certificate each second beyond a day is another day.
    const tolerance = stage === 'request' || settings['trust'] === 'public' ? 0 : toleranceMs;
    const lifetime =
      stage === 'request' ? certificate.lifetimeMs : facts === null ? null : facts.notAfter - facts.notBefore;
    // Where the declaration leaves the lifetime to the issuer, the issued certificate is judged instead.
    if (lifetime === null) return notApplicable;
    if (lifetime <= max + tolerance) return pass;
    return fail(
      `the lifetime of ${certificate.id} is ${durationText(lifetime)}; at most ${text} is allowed`,
      `Set lifetime: ${text} in ${certificate.source.file}, or choose an issuer that issues shorter ones.`,
    );
  },
};
