/** Issuer `acme`: any CA that speaks RFC 8555. The account key is in custody before the account exists; the order is resumed, never repeated blind. */
import { createAcmeClient, type AcmeClient } from '../acme/client.ts';
import { newAccountKey, readAccountKey, type AccountKey } from '../acme/jws.ts';
import { runOrder } from '../acme/order.ts';
import { createTransport } from '../acme/transport.ts';
import { OperationError } from '../ports/failure.ts';
import type { Issuer } from '../ports/issuer.ts';
import type { Plugin, Tools } from '../ports/plugin.ts';
import type { TrustedRoots } from '../ports/trusted-roots.ts';
import { certificateFacts } from '../x509/facts.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';
import { readTrustedRoots } from '../x509/roots.ts';
import { acmeSchema } from './acme/schema.ts';
import { directoryDestination } from './acme/secrets.ts';

export const acme: Plugin<Issuer> = { kind: 'acme', schema: acmeSchema, create };

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
  /** What the account was refused with may be corrected: key, binding and addresses are read again at the next try, as after what nobody foresaw. */
  const anew = (error: unknown): never => {
    if (!(error instanceof OperationError) || error.scope === 'issuer') opened = null;
    throw error;
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
      ).catch(anew),
    trustAnchors: () => rootsOf(name, config),
    check: async (signal) => {
      // A look opens no account: a binding may be good for one only, and a copy of the data directory would take the key away with it.
      const known = await (await openClient(name, config, tools, 'look')).knowsAccount(signal).catch(anew);
      const account = known ? 'knows our account' : 'has no account of ours yet: the first issuance opens it';
      return `the ACME server ${URL.parse(config.directory)?.host ?? config.directory} answers and ${account}`;
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
        { scope: 'issuer', disposition: 'stall', endsWhen: ['declaration'], cause },
      ),
    );
  }
}

/** Roots for the ACME server's own HTTPS. @throws OperationError when they are damaged */
function trustOf(name: string, { trust }: AcmeConfig): TrustedRoots | null {
  try {
    return trust === undefined ? null : readTrustedRoots(trust);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    throw new OperationError(
      'unsupported',
      `the certificates that issuer ${name} trusts for HTTPS cannot be read (${why}): correct trust in its declaration`,
      { scope: 'issuer', disposition: 'stall', endsWhen: ['declaration'], cause },
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
      `issuer ${name}: what custody holds as ${keyName} is no P-256 key. Put the right one back, or move ${keyName}.age of the custody directory aside to have a new account opened.`,
      { scope: 'issuer', disposition: 'stall', endsWhen: ['data-directory'], cause },
    );
  }
}

async function openClient(
  name: string,
  config: AcmeConfig,
  { custody, secret, now }: Tools,
  purpose: 'look' | 'issue' = 'issue',
): Promise<AcmeClient> {
  if (!URL.canParse(config.directory)) {
    throw new OperationError(
      'unsupported',
      `the directory of issuer ${name} is not an address: correct directory in its declaration`,
      { scope: 'issuer', disposition: 'stall', endsWhen: ['declaration'] },
    );
  }
  const keyName = `acme/${name}/account`;
  let keyPem = await custody.read(keyName);
  if (keyPem === null) {
    keyPem = newAccountKey();
    if (purpose === 'issue') await custody.write(keyName, keyPem);
  }
  const { eab } = config;
  return createAcmeClient({
    issuer: name,
    directoryUrl: config.directory,
    contacts: config.contacts ?? [],
    eab:
      eab === undefined
        ? null
        : {
            kid: eab.kid,
            hmacKey: (await secret(eab.hmac.secret, name, directoryDestination(config.directory))).reveal(),
          },
    key: openKey(name, keyName, keyPem),
    transport: createTransport({ issuer: name, trust: trustOf(name, config), now }),
  });
}
