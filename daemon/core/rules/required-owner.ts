/** Rule: somebody owns it and can be told. */
import { fail, pass, type Rule } from './rule.ts';

export const requiredOwner: Rule = {
  id: 'required-owner',
  title: 'Has an owner who can be reached',
  citation: 'NIST SP 1800-16 Volume B, section 5 (ownership and notification)',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'When something goes wrong, somebody must be told and somebody must decide. A certificate without an owner is the one that causes the outage.',
  judge: ({ certificate, team }) => {
    if (team === null) {
      return fail(
        `${certificate.id} belongs to team ${certificate.team}, which is not declared`,
        `Declare the team in inventory/teams/${certificate.team}.yaml with owners and contacts.`,
      );
    }
    if (team.owners.length === 0) {
      return fail(`team ${team.name} has no owner`, `Name at least one under owners in ${team.source.file}.`);
    }
    if (team.contacts.length === 0) {
      return fail(
        `team ${team.name} has no contact`,
        `Give at least one under contacts in ${team.source.file}: an address that somebody reads.`,
      );
    }
    return pass;
  },
};
