/** Schema of kind Team. */
import { dnsNames, envelope, line, name } from './parts.ts';

export const teamSchema = envelope(
  'Team',
  'Who owns certificates, how they are told, and which names they may request.',
  {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      properties: {
        displayName: line('The name people use; the name of the resource when absent.', 'Web platform'),
        owners: {
          description: 'People who decide, in words your organisation uses.',
          type: 'array',
          maxItems: 50,
          items: line('A person or a role.', 'ada'),
        },
        contacts: {
          description: 'Where somebody reads: an address or a page.',
          type: 'array',
          maxItems: 20,
          items: {
            type: 'object',
            additionalProperties: false,
            minProperties: 1,
            maxProperties: 1,
            properties: {
              email: {
                description: 'An e-mail address.',
                type: 'string',
                maxLength: 254,
                pattern: '^[^\\s@]+@[^\\s@]+$',
                examples: ['web@example.com'],
              },
              url: {
                description: 'A page or a chat channel.',
                type: 'string',
                maxLength: 2000,
                pattern: '^https?://[^\\s]+$',
                examples: ['https://chat.example.com/web'],
              },
            },
          },
        },
        dnsNames: dnsNames(
          'Names the team may request: an exact name, or *.example.com for every name below it.',
          '*.shop.example.com',
        ),
        endpoints: {
          description:
            'Endpoints of others, or of nobody, on which the team may install: a name, or web-* for all that begin so. Its own endpoints (metadata.team) need no mention.',
          type: 'array',
          maxItems: 1000,
          items: {
            type: 'string',
            maxLength: 101,
            pattern: '^[a-z0-9]+([.-][a-z0-9]+)*[.-]?\\*?$|^\\*$',
            examples: ['web-*'],
          },
        },
        signers: {
          description:
            'Who signs and approves for the team: principals of policies/allowed_signers or policies/openpgp/.',
          type: 'array',
          maxItems: 200,
          items: line('A principal.', 'ada@example.com'),
        },
        networks: {
          description:
            'Networks over which its certificates may be looked at (serves), beside the own addresses of each endpoint.',
          type: 'array',
          maxItems: 200,
          items: { type: 'string', maxLength: 50, examples: ['10.20.0.0/16'] },
        },
        handles: {
          description: 'Names of the team on the forge, for CODEOWNERS: @example/web, or an address.',
          type: 'array',
          maxItems: 50,
          items: { type: 'string', maxLength: 200, pattern: '^[^\\s#]+$', examples: ['@example/web'] },
        },
        issuers: {
          description: 'Issuers the team may use; all that policy allows when absent.',
          type: 'array',
          maxItems: 100,
          items: name('Name of an Issuer.'),
        },
      },
    },
  },
);
