/** Schema of an Endpoint of type `ssh`. Data only. */

const secret = {
  type: 'object',
  additionalProperties: false,
  required: ['secret'],
  properties: {
    secret: {
      description: 'Name of a secret of the daemon.',
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
      examples: ['deploy-key'],
    },
  },
} as const;

const path = (description: string, example: string) =>
  ({
    description,
    type: 'string',
    maxLength: 500,
    pattern: '^/([A-Za-z0-9_+-][A-Za-z0-9._+-]*/)*[A-Za-z0-9_+-][A-Za-z0-9._+-]*$',
    examples: [example],
  }) as const;

export const sshSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'host', 'user', 'hostKeys', 'auth'],
  properties: {
    type: { const: 'ssh' },
    host: {
      description: 'Name or address as the daemon reaches it.',
      type: 'string',
      minLength: 1,
      maxLength: 253,
      pattern: '^[A-Za-z0-9:._-]+$',
      examples: ['web-01.example.com'],
    },
    port: { description: '22 when absent.', type: 'integer', minimum: 1, maximum: 65535 },
    user: {
      description: 'User to log in as.',
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}$',
      examples: ['deploy'],
    },
    hostKeys: {
      description:
        'Its host key, pinned: a line as ssh-keyscan prints it without the name, or a fingerprint as ssh-keygen -lf prints it.',
      type: 'array',
      minItems: 1,
      maxItems: 10,
      items: {
        type: 'string',
        maxLength: 2000,
        pattern:
          '^(SHA256:[A-Za-z0-9+/]{43}=?|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( .*)?)$',
        examples: ['ssh-ed25519 AAAAC3Nz...'],
      },
    },
    auth: {
      description: 'How to log in: exactly one of key, password, agent.',
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: { key: secret, password: secret, agent: { const: true } },
    },
    jump: { description: 'Name of the Endpoint to go through.', type: 'string', maxLength: 100 },
    privilege: {
      description:
        'direct: the user does it. helper: one root-owned script with an allow-list, through sudo.',
      type: 'object',
      additionalProperties: false,
      required: ['mode'],
      properties: {
        mode: { enum: ['direct', 'helper'] },
        path: path('Where the script is installed.', '/usr/local/sbin/renewd-endpoint'),
      },
    },
    directory: path('Where keys and certificates are kept; /var/lib/renewd when absent.', '/var/lib/renewd'),
  },
} as const;
