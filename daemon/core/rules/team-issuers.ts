/** Rule: a team that lists issuers uses no other. */
import { fail, pass, type Rule } from './rule.ts';

export const teamIssuers: Rule = {
  id: 'team-issuers',
  title: "Issuer is the team's to use",
  citation: 'NIST SP 1800-16 Volume B, section 5 (approved CAs); internal',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'Issuers cost money, have limits that all share, and decide who trusts a certificate. A team whose own document lists issuers (issuers) may use those and no others.',
  judge: ({ certificate, team }) => {
    if (team === null || team.issuers.length === 0 || team.issuers.includes(certificate.issuer)) return pass;
    return fail(
      `team ${team.name} may not use issuer ${certificate.issuer}; it may use ${team.issuers.join(', ')}`,
      `Use one of them in ${certificate.source.file}, or ask for a change of ${team.source.file}.`,
    );
  },
};
