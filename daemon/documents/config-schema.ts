/**
 * JSON Schema of the daemon's configuration file: every key, what it means and an example. Data only; `config-file.ts` reads
 * files with it and `docs/configuration.md` is checked against it. Nothing of the watched repository is configured here.
 */
import { declaredUses, ownUses } from '../core/secret-binding.ts';
import { limits } from '../limits.ts';
import type { JsonSchema } from '../ports/plugin.ts';

const secretReference = {
  description: 'The name of a secret; where its value is, is said under `secrets`.',
  type: 'object',
  additionalProperties: false,
  required: ['secret'],
  properties: {
    secret: {
      description: 'The name.',
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
      examples: ['git-token'],
    },
  },
} as const;

const path = (description: string, example: string) => ({
  description,
  type: 'string',
  minLength: 1,
  maxLength: 4096,
  examples: [example],
});

const text = (description: string, pattern: string, example: string) => ({
  description,
  type: 'string',
  pattern,
  examples: [example],
});

const duration = (description: string, example: string) =>
  text(description, '^[1-9][0-9]{0,5}(ms|s|m|h|d)$', example);

const count = (description: string, example: number) => ({
  description,
  type: 'integer',
  minimum: 1,
  maximum: limits.config.concurrencyMax,
  examples: [example],
});

const section = (description: string, properties: Readonly<Record<string, unknown>>) => ({
  description,
  type: 'object',
  // `http:` with every line under it commented out is a section without keys, not a mistake.
  nullable: true,
  additionalProperties: false,
  properties,
});

/** One line without controls and without the characters that git's identity lines reserve. */
const identityPattern = '^[^\\u0000-\\u001f\\u007f<>]{1,100}$';

const hosts = (description: string, example: string) => ({
  description,
  type: 'array',
  maxItems: limits.config.secretHostsMax,
  items: text('One of them.', '^[^\\s]{1,300}$', example),
});

const binding = {
  description:
    'Where the value of the secret is (exactly one of file, env, credential, age, agent), what it is for and to whom it may be sent.',
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    file: path('A file that only renewd can read.', '/etc/renewd/git-token'),
    env: text('An environment variable.', '^[A-Za-z_][A-Za-z0-9_]{0,127}$', 'GIT_TOKEN'),
    credential: text(
      'A systemd credential (LoadCredential=).',
      '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
      'git-token',
    ),
    age: path('A file encrypted with age to the custody identity.', '/etc/renewd/git-token.age'),
    agent: { description: 'The SSH agent at SSH_AUTH_SOCK.', const: true },
    for: {
      description:
        'What it is for. Only endpoints and issuers may be named by a declaration; the others are named in this file.',
      type: 'string',
      enum: [...ownUses, ...declaredUses],
      examples: ['endpoints'],
    },
    hosts: hosts(
      'Hosts that it may be sent to: a name, *.domain, an address, a range, each with :port or :* where it is not 22 (endpoints) or 443 (issuers).',
      '*.web.example.internal',
    ),
    through: hosts(
      'Further hosts that a connection to them may pass: jump hosts.',
      'bastion.example.internal',
    ),
    names: {
      description:
        'Names of the Endpoints or Issuers that may use it; every one whose host fits when absent.',
      type: 'array',
      minItems: 1,
      maxItems: limits.config.secretHostsMax,
      items: text('One of them.', '^[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?$', 'web-01'),
    },
  },
} as const;

export const configSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Configuration of renewd',
  type: 'object',
  nullable: true,
  additionalProperties: false,
  properties: {
    repo: text(
      'The watched repository: https://, ssh://, user@host:path, or a path on this machine.',
      '^[^\\u0000-\\u0020\\u007f]{1,2048}$',
      'https://git.example/pki/estate.git',
    ),
    branch: text('The branch that people write: intent.', '^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$', 'main'),
    data: path('Where the journal, the mirror and keys in custody are kept.', '/var/lib/renewd'),
    git: section('How the Git server is spoken to.', {
      username: text('User name that goes with the token.', '^[^\\u0000-\\u0020:@]{1,100}$', 'renewd'),
      token: secretReference,
      caFile: path(
        "PEM certificates of CAs to trust for the Git server, instead of the system's.",
        '/etc/renewd/git-ca.pem',
      ),
      ssh: section('For ssh:// and user@host:path.', {
        key: secretReference,
        knownHostsFile: path('Host keys in the form of OpenSSH.', '/etc/renewd/known_hosts'),
        hostKeys: {
          description: 'Host keys that are accepted, each as in a .pub file.',
          type: 'array',
          maxItems: 16,
          items: text(
            'One key.',
            '^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+( .*)?$',
            'ssh-ed25519 AAAAC3Nza...',
          ),
        },
        agent: { description: 'Use the agent at SSH_AUTH_SOCK.', type: 'boolean', examples: [false] },
      }),
    }),
    state: section('Where renewd writes what it found.', {
      branch: text(
        'An orphan branch of its own, or the branch of intent: then everything is under `status/`.',
        '^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$',
        'renewd/state',
      ),
    }),
    signing: section('Who signs the commits of the state branch.', {
      key: secretReference,
      name: text('Committer name.', identityPattern, 'renewd'),
      email: text('Committer address.', '^[^\\u0000-\\u0020\\u007f<>]{1,200}$', 'renewd@pki.example'),
    }),
    custody: section('How keys that the daemon must hold are encrypted at rest.', {
      identity: secretReference,
    }),
    secrets: {
      description: 'Values for the names of secrets that this file and the declarations use.',
      type: 'object',
      nullable: true,
      propertyNames: { pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' },
      additionalProperties: binding,
    },
    http: section('Health, metrics and the webhook receiver.', {
      listen: text(
        'host:port, or none.',
        '^(none|[A-Za-z0-9.-]+:[0-9]{1,5}|\\[[0-9a-fA-F:.]+\\]:[0-9]{1,5})$',
        '127.0.0.1:9753',
      ),
      webhook: section('Makes a turn sooner when the forge says that something was pushed.', {
        secret: secretReference,
      }),
    }),
    turn: section('How often and how widely renewd looks.', {
      pollInterval: duration('Time between two looks at the repository.', '1m'),
      observeInterval: duration('Time between two looks at an installation in good order.', '6h'),
      observeAgainInterval: duration('Time between two looks at one with an open finding.', '10m'),
      concurrentEndpoints: count('Endpoints changed at the same time.', 16),
      concurrentObservations: count('Observations at the same time.', 64),
    }),
    site: section('The static compliance site.', {
      build: {
        description: 'Build it after every turn that changed something.',
        type: 'boolean',
        examples: [true],
      },
      outDir: path('Where the pages are written.', '/var/lib/renewd/site'),
      base: text('Path under which a web server shows it.', '^/([A-Za-z0-9._~-]+/)*$', '/certificates/'),
      redaction: {
        description:
          'How much it tells: public (counts and policy, no names), internal (no people, log-ins and file texts), full.',
        type: 'string',
        enum: ['public', 'internal', 'full'],
        examples: ['full'],
      },
      forge: {
        ...section('Where people see the repository in a browser, for links.', {
          kind: {
            description: 'Which forge it is.',
            type: 'string',
            enum: ['github', 'gitea', 'forgejo', 'gitlab'],
            examples: ['github'],
          },
          url: text(
            'Address of the repository, without credentials.',
            '^https://[^@\\s/]+(/[^@\\s?#]*)?$',
            'https://git.example/pki/estate',
          ),
        }),
        nullable: false,
        required: ['kind', 'url'],
      },
    }),
    trust: section('Where judging begins.', {
      commit: {
        description:
          'The first commit that counts, in full: later ones are judged one by one. Without it the newest commit at the first start is taken on trust.',
        type: 'string',
        pattern: '^[0-9a-f]{40}$',
        examples: ['1f0b7d1c9a5e4c6f8b2a3d4e5f60718293a4b5c6'],
      },
    }),
    drift: section('What is done about drift where a certificate does not say.', {
      default: {
        description: 'Mend it, only report it, or never touch.',
        type: 'string',
        enum: ['enforce', 'report', 'observe'],
        examples: ['enforce'],
      },
    }),
    log: section('What is written to standard error.', {
      level: {
        description: 'Least level that is written.',
        type: 'string',
        enum: ['debug', 'info', 'warn', 'error'],
        examples: ['info'],
      },
      format: {
        description: 'Plain lines, JSON lines, or plain on a terminal and JSON elsewhere.',
        type: 'string',
        enum: ['auto', 'plain', 'json'],
        examples: ['auto'],
      },
    }),
  },
};
