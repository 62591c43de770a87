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
    networks: {
      description:
        'Networks over which certificates may be looked at here (serves), beside the own addresses of the host. Loopback, link-local and metadata addresses only where they stand here themselves.',
      type: 'array',
      maxItems: 200,
      items: { type: 'string', maxLength: 50, examples: ['10.20.0.0/16'] },
    },
    profiles: {
      description:
        'What may be installed for here, by profile, and what its owner sets for each. Every profile with its own defaults when absent.',
      type: 'object',
      maxProperties: 50,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          parameters: {
            description:
              'Values for the parameters of the profile that are set by the endpoint: programs, configuration files, services.',
            type: 'object',
            maxProperties: 50,
            additionalProperties: { type: 'string', maxLength: 1000, examples: ['/etc/nginx/nginx.conf'] },
          },
          paths: {
            description:
              'Where certificate files may stand, at or below: for the team of this endpoint, and for every other team in the directory of its name below it. The paths of the profile when absent.',
            type: 'array',
            maxItems: 100,
            items: {
              anyOf: [
                { type: 'string', maxLength: 500, examples: ['/etc/nginx/tls'] },
                {
                  type: 'object',
                  additionalProperties: false,
                  required: ['path', 'teams'],
                  properties: {
                    path: { type: 'string', maxLength: 500 },
                    teams: {
                      description: 'For these teams and no other.',
                      type: 'array',
                      minItems: 1,
                      maxItems: 200,
                      items: { type: 'string', maxLength: 100, pattern: '^[a-z0-9]+([.-][a-z0-9]+)*$' },
                    },
                  },
                },
              ],
            },
          },
        },
      },
    },
    directory: path('Where keys and certificates are kept; /var/lib/renewd when absent.', '/var/lib/renewd'),
  },
} as const;
