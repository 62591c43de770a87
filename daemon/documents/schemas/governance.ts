/** Schemas of what governs changes and requests: ChangeControl, Offer, Program. */
import { limits } from '../../limits.ts';
import type { JsonSchema } from '../../ports/plugin.ts';
import { duration, envelope, labels, line, name, selector } from './parts.ts';

const signers = (description: string): JsonSchema => ({
  description: `${description} A principal of policies/allowed_signers or policies/openpgp/, team:<name> for the signers of a Team, owner for the team the file belongs to, forge for any of forges.`,
  type: 'array',
  minItems: 1,
  maxItems: 100,
  items: line('Who.', 'team:pki'),
});

const paths = (description: string): JsonSchema => ({
  description: `${description} * is any text within one folder name, ** any folders, {team} the name of a team.`,
  type: 'array',
  minItems: 1,
  maxItems: 100,
  items: {
    type: 'string',
    minLength: 1,
    maxLength: limits.governance.pathPatternMaxChars,
    pattern: '^[A-Za-z0-9._*{}@+/-]+$',
    examples: ['inventory/certificates/{team}/**'],
  },
});

export const changeControlSchema = envelope(
  'ChangeControl',
  'Who may change what, and who must approve it (docs/changes.md).',
  {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['signatures'],
      properties: {
        signatures: {
          description: 'required: every new commit must be signed by somebody the repository knows.',
          enum: ['required', 'optional'],
        },
        paths: {
          description: 'Who may change which files. Of several that match, the last counts.',
          type: 'array',
          maxItems: 200,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['paths', 'signers'],
            properties: { paths: paths('Files.'), signers: signers('Who may change them.') },
          },
        },
        approvals: {
          description: 'What others must approve.',
          type: 'array',
          maxItems: 50,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['name', 'count', 'from'],
            properties: {
              name: name('What this approval is called.'),
              paths: paths('Files that need it; any when absent.'),
              certificates: {
                description: 'Certificates that need it when they are requested or changed.',
                type: 'object',
                additionalProperties: false,
                properties: {
                  selector: selector('Which certificates.'),
                  wildcard: { description: 'Only those that ask for a wildcard.', type: 'boolean' },
                },
              },
              count: {
                description: 'How many people. Who made the change does not count.',
                type: 'integer',
                minimum: 1,
                maximum: 10,
              },
              from: signers('Who may approve.'),
              forgeMerge: {
                description:
                  'A merge signed by a forge counts as all of them: the forge asked for reviews itself.',
                type: 'boolean',
              },
            },
          },
        },
        reservedLabels: {
          description:
            'Labels of certificates, endpoints and teams that only some may set, change or take away. Only such a label of a certificate tells certificates apart where that loosens anything.',
          type: 'array',
          maxItems: 50,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['name', 'signers'],
            properties: {
              name: {
                description: 'Name of the label.',
                type: 'string',
                minLength: 1,
                maxLength: 63,
                examples: ['env'],
              },
              signers: signers('Who may set it.'),
            },
          },
        },
        approvalsLapse: duration(
          'How long after the daemon first saw a request it may still be approved, and how long an approval counts from when it was signed; 14d when absent.',
          '14d',
        ),
        forges: {
          description: 'Principals with which forges sign merges.',
          type: 'array',
          maxItems: 20,
          items: line('A principal.', 'noreply@forge.example.com'),
        },
        breakGlass: {
          description: 'Who may act at once without approval, and how soon it must be reviewed.',
          type: 'object',
          additionalProperties: false,
          required: ['signers', 'reviewWithin'],
          properties: {
            signers: signers('Who holds an emergency key.'),
            reviewWithin: duration('How soon somebody else must review it.', '2d'),
          },
        },
      },
    },
  },
);

export const offerSchema = envelope('Offer', 'What a requester can choose from: renewd request.', {
  team: 'none',
  spec: {
    type: 'object',
    additionalProperties: false,
    required: ['title', 'description', 'issuer'],
    properties: {
      title: line('What people look for.', 'Public web site'),
      description: line('For whom it is, without jargon.', 'A site that customers open in a browser'),
      issuer: name('Name of an Issuer.'),
      profile: name('The usual profile of its servers; asked when absent.'),
      key: {
        type: 'object',
        additionalProperties: false,
        required: ['algorithm'],
        properties: {
          algorithm: {
            description: 'ecdsa-p256 when absent.',
            enum: ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'],
          },
        },
      },
      lifetime: duration('Lifetime; left to the issuer when absent.', '47d'),
      usages: {
        description: 'Extended key usages; serverAuth when absent.',
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', enum: ['serverAuth', 'clientAuth'] },
      },
      labels,
      teams: {
        description: 'Teams that may choose it; all when absent.',
        type: 'array',
        maxItems: 1000,
        items: name('Name of a Team.'),
      },
      leadTime: line('How long it usually takes.', 'about five minutes after the merge'),
    },
  },
});

export const programSchema = envelope(
  'Program',
  'The certificate service as a programme: who leads it and what it aims at.',
  {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['title', 'sponsor', 'owner'],
      properties: {
        title: line('What it is called.', 'Certificates as a service'),
        sponsor: line('The executive who backs it.', 'CISO'),
        owner: line('Who runs it.', 'PKI team'),
        charter: line('Where its charter stands.', 'https://wiki.example.com/pki/charter'),
        supportContact: line('Whom users ask.', 'pki@example.com'),
        hoursByHand: {
          description: 'Hours of work a certificate costs a year when it is done by hand; 4 when absent.',
          type: 'number',
          exclusiveMinimum: 0,
          maximum: 1000,
        },
        targets: {
          type: 'object',
          additionalProperties: false,
          properties: {
            leadTime: duration('From request to served.', '1h'),
            handsOff: {
              description: 'Part of renewals without a human hand.',
              type: 'number',
              minimum: 0,
              maximum: 1,
            },
            level: {
              description: 'Maturity level every team is to reach.',
              type: 'integer',
              minimum: 1,
              maximum: 5,
            },
          },
        },
        evidence: {
          description: 'Evidence for steps that software cannot see.',
          type: 'array',
          maxItems: 100,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['step', 'note'],
            properties: {
              step: { description: 'Which of the eight steps.', type: 'integer', minimum: 1, maximum: 8 },
              note: line('What was done.', 'Charter signed on 2026-02-03'),
              link: {
                description: 'Where it can be read.',
                type: 'string',
                maxLength: 2000,
                pattern: '^https?://[^\\s]+$',
              },
            },
          },
        },
      },
    },
  },
);
