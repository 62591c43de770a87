/** Schema of kind Profile: how one kind of server takes certificates, as data. */
import { duration, envelope, line } from './parts.ts';

const command = (description: string, example: readonly string[]) => ({
  description: `${description} Each is a list of words; a word is a template over the parameters and stays one word.`,
  type: 'array',
  maxItems: 10,
  items: {
    type: 'array',
    minItems: 1,
    maxItems: 50,
    items: { type: 'string', maxLength: 1000 },
    examples: [example],
  },
});

export const profileSchema = envelope(
  'Profile',
  'How one kind of server takes certificates: files, links, test, reload.',
  {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['files'],
      properties: {
        description: line('What it is for.', 'nginx with its certificate files'),
        parameters: {
          description: 'What an endpoint or a certificate may or must give.',
          type: 'object',
          maxProperties: 50,
          propertyNames: {
            description: 'a parameter is a lower-case letter, then letters and digits (at most 40)',
            pattern: '^[a-z][A-Za-z0-9]{0,39}$',
          },
          additionalProperties: {
            type: 'object',
            additionalProperties: false,
            properties: {
              description: line('What it means.', 'ssl_certificate of the server block'),
              setBy: {
                description:
                  'Who may set it: endpoint (default), or certificate, for where files stand. One set by certificates is never part of a command.',
                enum: ['endpoint', 'certificate'],
              },
              default: {
                description: 'Taken when nobody sets it; without one somebody must.',
                type: 'string',
                maxLength: 1000,
              },
              pattern: {
                description:
                  'Regular expression the whole value must match: characters, lists, groups, | and repetitions. Looking ahead or behind and back-references are not available.',
                type: 'string',
                maxLength: 500,
              },
            },
          },
        },
        files: {
          description: 'What a generation holds.',
          type: 'array',
          minItems: 1,
          maxItems: 20,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['name', 'content'],
            properties: {
              name: {
                description: 'File name.',
                type: 'string',
                pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
              },
              content: {
                description: 'What is in it.',
                enum: ['key', 'certificate', 'chain', 'fullchain', 'combined'],
              },
              mode: {
                description:
                  'Octal. Without mode and owner a file is as the one whose place it took; where there was none, 0600 with a key in it and 0644 without. A file with a key: 0400 or 0600, and 0440 or 0640 where owner names the group that may read it.',
                enum: ['0400', '0440', '0444', '0600', '0640', '0644'],
              },
              owner: {
                description: 'user or user:group.',
                type: 'string',
                pattern: '^[a-z_][a-z0-9_-]{0,31}(:[a-z_][a-z0-9_-]{0,31})?$',
              },
            },
          },
        },
        paths: {
          description:
            'Directories in which certificate files of this kind of server stand. An endpoint may say others (spec.profiles).',
          type: 'array',
          maxItems: 50,
          items: { type: 'string', maxLength: 500, examples: ['/etc/nginx/tls'] },
        },
        links: {
          description:
            'Paths outside the store that become links to its current files. What stood there is kept.',
          type: 'array',
          maxItems: 20,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['path', 'file'],
            properties: {
              path: {
                description:
                  'Absolute path: text, {{parameter}} and {{#if parameter}}...{{/if}}; an empty result means no link.',
                type: 'string',
                maxLength: 1000,
              },
              file: { description: 'One of the files.', type: 'string', maxLength: 100 },
            },
          },
        },
        placement: {
          description:
            'link (default): the paths are links into the store, and one rename switches all of them. copy: they hold copies, for servers that cannot see the store.',
          enum: ['link', 'copy'],
        },
        test: command('Commands that say whether the server accepts its configuration.', ['nginx', '-t']),
        reload: command('Commands that make the server take the new files.', ['nginx', '-s', 'reload']),
        settle: duration(
          'Longest time from the reload to the first handshake that must show the new certificate.',
          '10s',
        ),
      },
    },
  },
);
