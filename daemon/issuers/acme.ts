/** Issuer `acme`: any CA that speaks RFC 8555. The account key is in custody before the account exists; the order is resumed, never repeated blind. */
import { createAcmeClient, type AcmeClient } from '../acme/client.ts';
import { newAccountKey, readAccountKey, type AccountKey } from '../acme/jws.ts';
import { runOrder } from '../acme/order.ts';
import { createTransport } from '../acme/transport.ts';
import { OperationError } from '../ports/failure.ts';
import type { Issuer } from '../ports/issuer.ts';
import type { JsonSchema, Plugin, Tools } from '../ports/plugin.ts';
import { certificateFacts } from '../x509/facts.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';

const pem = (description: string): JsonSchema => ({
  description,
  type: 'string',
  maxLength: 200_000,
  pattern: '^\\s*-----BEGIN CERTIFICATE-----',
});

const schema: JsonSchema = {
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

export const acme: Plugin<Issuer> = { kind: 'acme', schema, create };

interface AcmeConfig {
  readonly directory: string;
  readonly contacts?: readonly string[];
  readonly eab?: { readonly kid: string; readonly hmac: { readonly secret: string } };
  readonly trust?: string;
  readonly roots?: string;
  readonly profile?: string;
  readonly preferredChain?: string;
}

function create(name: string, written: Readonly<Record<string, unknown>>, tools: Tools): Issuer {
  const config = written as unknown as AcmeConfig;
  let opened: Promise<AcmeClient> | null = null;
  const open = (): Promise<AcmeClient> => {
    opened ??= openClient(name, config, tools).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    issue: async (request, context) =>
      runOrder(
        {
          issuer: name,
          client: await open(),
          now: tools.now,
          log: tools.log,
          profile: config.profile ?? null,
          preferredChain: config.preferredChain ?? null,
        },
        request,
        context,
      ),
    trustAnchors: () => rootsOf(name, config),
    check: async (signal) => {
      await (await open()).newOrderUrl(signal);
      return `the ACME server ${new URL(config.directory).host} answers and knows our account`;
    },
  };
}

/** The declared roots, one PEM text each. @throws OperationError (as a rejection) when they are damaged: a declaration must not end the daemon */
function rootsOf(name: string, { roots }: AcmeConfig): Promise<readonly string[] | null> {
  if (roots === undefined) return Promise.resolve(null);
  try {
    const anchors = pemToDer(roots);
    for (const der of anchors) certificateFacts(der);
    return Promise.resolve(anchors.map((der) => derToPem(der)));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    return Promise.reject(
      new OperationError(
        'unsupported',
        `the roots of issuer ${name} cannot be read (${why}): correct roots in its declaration`,
        { disposition: 'stall', cause },
      ),
    );
  }
}

/** @throws OperationError `acme-account`: the key is not replaced, because the account and its orders hang on it */
function openKey(name: string, keyName: string, keyPem: string): AccountKey {
  try {
    return readAccountKey(keyPem);
  } catch (cause) {
    throw new OperationError(
      'acme-account',
      `issuer ${name}: what custody holds as ${keyName} is no P-256 key. Put the right one back, or take it away to have a new account made.`,
      { disposition: 'stall', cause },
    );
  }
}

async function openClient(
  name: string,
  config: AcmeConfig,
  { custody, secret, now }: Tools,
): Promise<AcmeClient> {
  if (!URL.canParse(config.directory)) {
    throw new OperationError(
      'unsupported',
      `the directory of issuer ${name} is not an address: correct directory in its declaration`,
      { disposition: 'stall' },
    );
  }
  const keyName = `acme/${name}/account`;
  let keyPem = await custody.read(keyName);
  if (keyPem === null) {
    keyPem = newAccountKey();
    await custody.write(keyName, keyPem);
  }
  const { eab } = config;
  return createAcmeClient({
    issuer: name,
    directoryUrl: config.directory,
    contacts: config.contacts ?? [],
    eab: eab === undefined ? null : { kid: eab.kid, hmacKey: (await secret(eab.hmac.secret)).reveal() },
    key: openKey(name, keyName, keyPem),
    transport: createTransport({ issuer: name, trust: config.trust ?? null, now }),
  });
}
