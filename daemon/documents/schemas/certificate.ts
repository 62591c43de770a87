/** Schema of kind Certificate. */
import { limits } from '../../limits.ts';
import { dnsNames, duration, envelope, line, linePattern, name } from './parts.ts';

const address = {
  description: 'host:port at which a client must see the certificate.',
  type: 'string',
  maxLength: 300,
  pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[^\\s:/]+):[0-9]{1,5}$',
  examples: ['shop.example.com:443'],
} as const;

const installation = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'profile'],
  properties: {
    endpoint: name('Name of an Endpoint.'),
    profile: name('How that kind of server takes certificates: nginx, files, or a Profile of your own.'),
    parameters: {
      description:
        'Values for those parameters of the profile that are set by certificates: where files stand.',
      type: 'object',
      maxProperties: 50,
      additionalProperties: {
        type: 'string',
        maxLength: 1000,
        pattern: linePattern,
        examples: ['/etc/nginx/tls/shop.crt'],
      },
    },
    placement: {
      description:
        'link or copy; as the profile says when absent. copy is for servers that cannot see the store, such as those in containers.',
      enum: ['link', 'copy'],
    },
    serves: {
      description: 'Where clients must see it. Without any, nothing is proved.',
      type: 'array',
      maxItems: 100,
      items: {
        anyOf: [
          address,
          {
            type: 'object',
            additionalProperties: false,
            required: ['address', 'serverName'],
            properties: {
              address,
              serverName: {
                description: 'The name the client asks for, when it is not the host of the address.',
                type: 'string',
                minLength: 1,
                maxLength: 253,
              },
            },
          },
        ],
      },
    },
  },
} as const;

export const certificateSchema = envelope(
  'Certificate',
  'A certificate that is wanted, and where it is installed.',
  {
    team: 'required',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['issuer', 'installations'],
      properties: {
        dnsNames: dnsNames(
          'DNS names, the first one first. Lower case; a wildcard as the whole first label.',
          'shop.example.com',
        ),
        ipAddresses: {
          description: 'IP addresses, for issuers that allow them.',
          type: 'array',
          maxItems: limits.documents.namesPerCertificateMax,
          uniqueItems: true,
          items: { type: 'string', minLength: 2, maxLength: 45 },
        },
        issuer: name('Name of an Issuer.'),
        key: {
          type: 'object',
          additionalProperties: false,
          required: ['algorithm'],
          properties: {
            algorithm: {
              description: 'Made on the endpoint; ecdsa-p256 when absent.',
              enum: ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'],
            },
          },
        },
        usages: {
          description: 'Extended key usages; serverAuth when absent.',
          type: 'array',
          minItems: 1,
          uniqueItems: true,
          // With a type, uniqueness is checked by a table; without, by comparing every two (0.6 s of 60 KB, measured).
          items: { type: 'string', enum: ['serverAuth', 'clientAuth'] },
        },
        lifetime: duration('Wanted lifetime; left to the issuer when absent.', '47d'),
        renewAt: {
          description:
            'Renew when this part of the lifetime has passed: 2/3 or 0.66. By default two thirds, half for lifetimes under ten days.',
          anyOf: [
            { type: 'string', pattern: '^[1-9][0-9]?/[1-9][0-9]?$', examples: ['2/3'] },
            { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
          ],
        },
        reissue: {
          description:
            'Replaces what was issued before an instant, with a new key: a key was copied, a CA asks for it. Written by: renewd renew.',
          type: 'object',
          additionalProperties: false,
          required: ['before', 'because'],
          properties: {
            before: {
              description:
                'What was issued before it is replaced; in the future, when that instant comes. RFC 3339, UTC.',
              type: 'string',
              pattern:
                '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$',
              examples: ['2026-11-28T11:05:00Z'],
            },
            because: line('Why, for whoever reads the log.', 'the key was copied to a laptop'),
          },
        },
        drift: {
          description:
            'When the endpoint is not as installed: mend it, only report it, or never touch this certificate at all.',
          enum: ['enforce', 'report', 'observe'],
        },
        state: {
          description: 'retired stops renewal and keeps what is installed.',
          enum: ['present', 'retired'],
        },
        released: {
          description:
            'Endpoints it has left for good: what still stands there is no longer watched. Without this an endpoint that is no longer declared is watched until it serves something else, at most until the certificate expires.',
          type: 'array',
          maxItems: limits.documents.installationsMax,
          uniqueItems: true,
          items: name('Name of an Endpoint, also of one that is no longer declared.'),
        },
        installations: {
          description: 'Where it is installed. Each endpoint gets a key and a certificate of its own.',
          type: 'array',
          minItems: 1,
          maxItems: limits.documents.installationsMax,
          items: installation,
        },
      },
    },
  },
);
