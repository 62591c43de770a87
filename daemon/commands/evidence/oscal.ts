/** The evidence of a period as OSCAL assessment results (NIST, model 1.0.6): each rule in force is a finding, satisfied or not, with an observation for everything that breaks it. */
import { counted } from '../../core/count.ts';
import { createHash } from 'node:crypto';
import type { FindingRecord } from '../../core/record-format.ts';
import { version } from '../../version.ts';
import type { EvidencePack, RuleInForce } from './pack.ts';

const oscalVersion = '1.0.6';

/** A name-based UUID (RFC 9562, version 5) in a space of our own: the same facts give the same ids. */
function uuidOf(...parts: readonly string[]): string {
  const hash = createHash('sha1')
    .update(['renewd', ...parts].join('\n'))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** OSCAL tokens begin with a letter or underscore and hold letters, digits, `.`, `-` and `_`. */
function tokenOf(text: string): string {
  return `rule-${text.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;
}

/** One line that is not empty: OSCAL's strings must not be. */
function lineOf(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim() || 'none';
}

/** The document as JSON text. The same pack gives the same bytes. Pure. */
export function oscalResults(pack: EvidencePack): string {
  const { period, from, until, certificates, rules, findings } = pack;
  const broken = findings.filter((each) => each.rule !== null && each.code !== 'policy-upcoming');
  const document = {
    'assessment-results': {
      uuid: uuidOf('results', period, pack.commits.recordsAfter ?? ''),
      metadata: {
        title: `TLS certificates, ${period}`,
        'last-modified': until,
        version: pack.commits.recordsAfter ?? 'none',
        'oscal-version': oscalVersion,
      },
      'import-ap': {
        href: `#${uuidOf('plan')}`,
        remarks: 'The policies of the repository at the commit named in the result.',
      },
      results: [
        {
          uuid: uuidOf('result', period, pack.commits.recordsAfter ?? ''),
          title: `Policy of certificates, ${period}`,
          description: `renewd ${version} judged ${counted(certificates.length, 'certificate')} by ${counted(rules.length, 'rule')}; declarations ${pack.commits.declarations ?? 'none'}, records ${pack.commits.recordsAfter ?? 'none'}.`,
          start: from,
          end: until,
          'reviewed-controls': { 'control-selections': [{ 'include-all': {} }] },
          ...(broken.length === 0 ? {} : { observations: broken.map((each) => observationOf(each, until)) }),
          ...(rules.length === 0 ? {} : { findings: rules.map((each) => findingOf(each, broken)) }),
        },
      ],
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function observationOf(finding: FindingRecord, until: string): object {
  return {
    uuid: uuidOf('observation', finding.id),
    title: lineOf(`${finding.code} ${finding.certificate ?? 'repository'}`),
    description: lineOf(finding.message),
    methods: ['TEST'],
    collected: until,
    remarks: lineOf(finding.remedy),
  };
}

function findingOf(rule: RuleInForce, broken: readonly FindingRecord[]): object {
  const own = broken.filter((each) => each.rule?.id === rule.rule && each.rule.policy === rule.policy);
  // An exception is not the same as keeping to the rule: a waived rule is not satisfied, and the reason says who answers for it.
  const satisfied = own.length === 0;
  return {
    uuid: uuidOf('finding', rule.policy, rule.rule, rule.at),
    title: lineOf(rule.title),
    description: lineOf(`${rule.citation}; set by policy ${rule.policy} in ${rule.at}, ${rule.action}`),
    target: {
      type: 'objective-id',
      'target-id': tokenOf(`${rule.policy}-${rule.rule}`),
      status: { state: satisfied ? 'satisfied' : 'not-satisfied' },
    },
    ...(satisfied
      ? {}
      : {
          'related-observations': own.map((each) => ({ 'observation-uuid': uuidOf('observation', each.id) })),
        }),
  };
}
