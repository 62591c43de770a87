/** What the declaration of an ACME issuer may say. Data only. */
import type { JsonSchema } from '../../ports/plugin.ts';

const pem = (description: string): JsonSchema => ({
  description,
  type: 'string',
  maxLength: 200_000,
  pattern: '^\\s*-----BEGIN CERTIFICATE-----',
});

/** Schema of `spec` of kind Issuer with `type: acme`. */
export const acmeSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'directory', 'termsOfServiceAgreed', 'challenge'],
  properties: {
    type: { const: 'acme' },
    directory: {
      description:
        'URL of the ACME directory: https (RFC 8555 section 6.1), http only to this machine itself.',
      type: 'string',
      maxLength: 500,
      pattern: '^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])[:/])[^\\s]+$',
      examples: ['https://acme.example.com/directory'],
    },
    contacts: {
      description: 'E-mail addresses the CA may write to.',
      type: 'array',
      maxItems: 5,
      items: {
        type: 'string',
        maxLength: 254,
        pattern: '^[^\\s@]+@[^\\s@]+$',
        examples: ['pki@example.com'],
      },
    },
    termsOfServiceAgreed: { description: "You have read and agree to the CA's terms.", const: true },
    eab: {
      description: 'External account binding, as the CA gave it.',
      type: 'object',
      additionalProperties: false,
      required: ['kid', 'hmac'],
      properties: {
        kid: { type: 'string', minLength: 1, maxLength: 500 },
        hmac: {
          type: 'object',
          additionalProperties: false,
          required: ['secret'],
          properties: {
            secret: {
              description: 'Name of the secret that holds the HMAC key.',
              type: 'string',
              pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
              examples: ['eab-hmac'],
            },
          },
        },
      },
    },
    trust: pem("CA certificates to trust for the ACME server's own HTTPS, instead of the system's."),
    roots: pem('Roots that clients of what it issues trust, for validation; the public roots when absent.'),
    profile: { description: 'ACME certificate profile to ask for.', type: 'string', maxLength: 100 },
    preferredChain: {
      description: 'Common name of the issuer at the end of the wanted chain.',
      type: 'string',
      maxLength: 200,
    },
    challenge: {
      description: 'How control of names is shown.',
      type: 'object',
      additionalProperties: false,
      required: ['type'],
      // Written as if-not-else: an object literal with `then` would look like a promise to some.
      if: { not: { properties: { type: { const: 'webroot' } } } },
      else: { required: ['path'] },
      properties: {
        type: {
          description:
            'webroot: a file written over SSH for the web server to show. standalone: renewd answers itself.',
          enum: ['webroot', 'standalone'],
        },
        path: {
          description: 'webroot: the directory the web server shows.',
          type: 'string',
          maxLength: 500,
          pattern: '^/[^\\s]+$',
          examples: ['/var/www/html'],
        },
        listen: {
          description: 'standalone: where to listen; 0.0.0.0:80 when absent.',
          type: 'string',
          maxLength: 100,
          // Ports from 1 to 65535: node:net throws at others.
          pattern:
            '^[^\\s]+:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})$',
          examples: ['0.0.0.0:80'],
        },
      },
    },
  },
};
