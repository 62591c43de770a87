/** From checked plain values to what governs changes and requests: ChangeControl, Offer, Program. */
import { parseDuration } from '../core/duration.ts';
import type { Certificate, ChangeControl, Declared, KeyAlgorithm, Offer, Program } from '../core/model.ts';
import type { CheckedDocument, Place } from './convert.ts';
import { toSelector } from './convert-policy.ts';
import { list, map, text, texts, textMap, textOrNull } from './plain.ts';

type Spec = CheckedDocument['spec'];

/** Two weeks: a holiday passes, a forgotten request does not come to life. */
const approvalsLapseDefaultMs = 14 * 86_400_000;

/** A ChangeControl. Complains about an approval rule that nothing would ever need. */
export function toChangeControl(declared: Declared, spec: Spec, place: Place): ChangeControl {
  const breakGlass = map(spec['breakGlass']);
  return {
    ...declared,
    kind: 'ChangeControl',
    signatures: spec['signatures'] === 'required' ? 'required' : 'optional',
    paths: list(spec['paths']).map((each, index) => ({
      paths: texts(map(each)['paths']),
      signers: texts(map(each)['signers']),
      source: place.at(['spec', 'paths', index]),
    })),
    approvals: list(spec['approvals']).map((each, index) => {
      const rule = map(each);
      const wanted = map(rule['certificates']);
      if (rule['paths'] === undefined && rule['certificates'] === undefined) {
        place.complain('says neither which paths nor which certificates need it', [
          'spec',
          'approvals',
          index,
        ]);
      }
      return {
        name: text(rule['name']),
        paths: texts(rule['paths']),
        certificates:
          rule['certificates'] === undefined
            ? null
            : { selector: toSelector(wanted['selector']), wildcard: wanted['wildcard'] === true },
        count: Number(rule['count']),
        from: texts(rule['from']),
        forgeMerge: rule['forgeMerge'] === true,
        source: place.at(['spec', 'approvals', index]),
      };
    }),
    reservedLabels: list(spec['reservedLabels']).map((each, index) => ({
      name: text(map(each)['name']),
      signers: texts(map(each)['signers']),
      source: place.at(['spec', 'reservedLabels', index]),
    })),
    approvalsLapseMs: parseDuration(text(spec['approvalsLapse'])) ?? approvalsLapseDefaultMs,
    forges: texts(spec['forges']),
    breakGlass:
      spec['breakGlass'] === undefined
        ? null
        : {
            signers: texts(breakGlass['signers']),
            reviewWithinMs: parseDuration(text(breakGlass['reviewWithin'])) ?? 0,
          },
  };
}

/** An Offer. */
export function toOffer(declared: Declared, spec: Spec): Offer {
  return {
    ...declared,
    kind: 'Offer',
    title: text(spec['title']),
    description: text(spec['description']),
    issuer: text(spec['issuer']),
    profile: textOrNull(spec['profile']),
    keyAlgorithm: textOrNull(map(spec['key'])['algorithm']) as KeyAlgorithm | null,
    lifetime: textOrNull(spec['lifetime']),
    usages: spec['usages'] === undefined ? null : (texts(spec['usages']) as Certificate['usages']),
    certificateLabels: textMap(spec['labels']),
    teams: texts(spec['teams']),
    leadTime: textOrNull(spec['leadTime']),
  };
}

/** Hours of work a certificate costs a year by hand, where nobody has counted: the figure vendors and NIST workshops use. */
const hoursByHandDefault = 4;

/** A Program. */
export function toProgram(declared: Declared, spec: Spec): Program {
  const targets = map(spec['targets']);
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return {
    ...declared,
    kind: 'Program',
    title: text(spec['title']),
    sponsor: text(spec['sponsor']),
    owner: text(spec['owner']),
    charter: text(spec['charter']),
    supportContact: text(spec['supportContact']),
    hoursByHand: number(spec['hoursByHand']) ?? hoursByHandDefault,
    targets: {
      leadTimeMs: targets['leadTime'] === undefined ? null : parseDuration(text(targets['leadTime'])),
      handsOffShare: number(targets['handsOff']),
      level: number(targets['level']),
    },
    evidence: list(spec['evidence']).map((each) => ({
      step: Number(map(each)['step']),
      note: text(map(each)['note']),
      link: textOrNull(map(each)['link']),
    })),
  };
}
