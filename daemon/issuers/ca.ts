/**
 * Issuer `ca`: an embedded private CA. A root that signs one intermediate, an intermediate with name constraints that signs leaves, a log line before each leaves, a CRL.
 * It refuses names outside its constraints whatever policy says.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import type { IssuanceRecord } from '../core/record-format.ts';
import { timestamp } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { IssueContext, IssueOutcome, IssueRequest, Issuer, Publisher } from '../ports/issuer.ts';
import type { JsonSchema, Plugin, Tools } from '../ports/plugin.ts';
import { readCsr } from '../x509/csr.ts';
import { certificateFacts } from '../x509/facts.ts';
import { ipAddressBytes } from '../x509/ip-address.ts';
import { inAddressRange, readAddressRange } from '../x509/name-constraints-write.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';
import { signCrl, signLeaf } from '../x509/sign.ts';
import {
  newSerial,
  openAuthorities,
  writeWhole,
  type Authorities,
  type AuthorityPlan,
} from './ca/authority.ts';
import { openIssuanceLog, type IssuanceLog } from './ca/issuance-log.ts';

const day = 86_400_000;

const schema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'organization', 'permittedDnsNames'],
  properties: {
    type: { const: 'ca' },
    organization: {
      description: 'Stands in the names of root and intermediate.',
      type: 'string',
      minLength: 1,
      maxLength: 50,
      examples: ['Example Trading'],
    },
    permittedDnsNames: {
      description:
        'Domains it may issue for, each with everything below it: a critical constraint in the intermediate.',
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: {
        type: 'string',
        maxLength: 253,
        pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)*$',
        examples: ['example.internal'],
      },
    },
    permittedIpRanges: {
      description: 'IP ranges it may issue for; none when absent.',
      type: 'array',
      maxItems: 100,
      items: { type: 'string', maxLength: 50, examples: ['10.0.0.0/8'] },
    },
    lifetime: duration(
      'Lifetime of what it issues, and the longest that may be asked for; 90d when absent.',
      '47d',
    ),
    rootLifetime: duration('Lifetime of the root; 3650d when absent.', '3650d'),
    intermediateLifetime: duration('Lifetime of the intermediate; 1825d when absent.', '1825d'),
    crlUrl: {
      description: 'Where clients fetch the CRL; stands in what it issues.',
      type: 'string',
      maxLength: 500,
      pattern: '^http://[^\\s]+$',
    },
  },
};

function duration(description: string, example: string): JsonSchema {
  return { description, type: 'string', pattern: '^[1-9][0-9]{0,5}[smhd]$', examples: [example] };
}

interface CaConfig extends AuthorityPlan {
  readonly lifetimeMs: number;
  readonly crlUrl: string | null;
}

export const ca: Plugin<Issuer & Publisher> = { kind: 'ca', schema, create };

interface State {
  readonly config: CaConfig;
  readonly tools: Tools;
  /** Opened at first use, once; a failure is tried again by the next call. */
  readonly open: () => Promise<{
    readonly authorities: Authorities;
    readonly log: IssuanceLog;
    readonly directory: string;
  }>;
}

function create(name: string, written: Readonly<Record<string, unknown>>, tools: Tools): Issuer & Publisher {
  const config = readConfig(name, written);
  let opened: ReturnType<State['open']> | null = null;
  const state: State = {
    config,
    tools,
    open: () => {
      opened ??= openAll(config, tools).catch((error: unknown) => {
        opened = null;
        throw error;
      });
      return opened;
    },
  };
  return {
    issue: (request, context) => issue(state, request, context),
    trustAnchors: async () => [derToPem((await state.open()).authorities.root.certificate)],
    check: async () => {
      const { authorities, log } = await state.open();
      const { notAfter } = certificateFacts(authorities.intermediate.certificate);
      return `the embedded CA can sign; its intermediate is valid until ${timestamp(notAfter)}; ${String(log.lines().length)} certificates issued`;
    },
    publications: () => publications(state),
  };
}

function readConfig(name: string, written: Readonly<Record<string, unknown>>): CaConfig {
  const ms = (key: string, otherwise: number): number =>
    (typeof written[key] === 'string' ? parseDuration(written[key]) : null) ?? otherwise;
  const list = (key: string): string[] => (Array.isArray(written[key]) ? (written[key] as string[]) : []);
  return {
    name,
    organization: typeof written['organization'] === 'string' ? written['organization'] : name,
    rootLifetimeMs: ms('rootLifetime', 3650 * day),
    intermediateLifetimeMs: ms('intermediateLifetime', 1825 * day),
    lifetimeMs: ms('lifetime', 90 * day),
    permittedDnsNames: list('permittedDnsNames'),
    permittedIpRanges: list('permittedIpRanges').map((text) => {
      const range = readAddressRange(text);
      if (range !== null) return range;
      throw new OperationError(
        'ca-constraint',
        `issuer ${name}: ${JSON.stringify(text)} is not an IP range such as 10.0.0.0/8`,
        {
          disposition: 'stall',
        },
      );
    }),
    crlUrl: typeof written['crlUrl'] === 'string' ? written['crlUrl'] : null,
  };
}

async function openAll(config: CaConfig, tools: Tools): ReturnType<State['open']> {
  const authorities = await openAuthorities(config, tools);
  const directory = await tools.directory(config.name);
  return { authorities, directory, log: await openIssuanceLog(join(directory, 'issued.jsonl')) };
}

async function issue(state: State, request: IssueRequest, context: IssueContext): Promise<IssueOutcome> {
  const { authorities, log } = await state.open();
  const csr = readCsr(request.csr);
  const digest = createHash('sha256').update(request.csr).digest('hex');
  const before = log.find(request.id);
  if (before !== null && before.record.spki === csr.spki) {
    const [leaf] = pemToDer(before.record.pem);
    if (leaf !== undefined) return { state: 'issued', chain: [leaf, authorities.intermediate.certificate] };
  }
  if (!csr.provesPossession)
    throw refused(`the CSR for ${request.certificate} does not prove possession of its key`);
  checkNames(state.config, request);
  const validity = validityOf(state, request, authorities);
  const serial = serialOf(context.handle) ?? newSerial();
  await context.checkpoint({ serial });
  const [first = null] = request.subject.dnsNames;
  const leaf = await signLeaf(authorities.intermediate, {
    publicKey: csr.publicKey,
    keyAlgorithm: csr.keyAlgorithm,
    commonName: first !== null && first.length <= limits.ca.commonNameMaxChars ? first : null,
    dnsNames: request.subject.dnsNames,
    ipAddresses: request.subject.ipAddresses,
    usages: request.subject.usages,
    serial,
    validity,
    crlUrl: state.config.crlUrl,
  });
  await log.append({ request: request.id, csr: digest, record: recordOf(state, request, leaf) });
  return { state: 'issued', chain: [leaf, authorities.intermediate.certificate] };
}

function serialOf(handle: unknown): string | null {
  const serial = typeof handle === 'object' && handle !== null && 'serial' in handle ? handle.serial : null;
  return typeof serial === 'string' ? serial : null;
}

function refused(message: string): OperationError {
  return new OperationError('ca-constraint', message, { disposition: 'stall' });
}

function checkNames(
  { name, permittedDnsNames, permittedIpRanges }: CaConfig,
  { subject }: IssueRequest,
): void {
  const outside = subject.dnsNames.find((each) => {
    const plain = each.replace(/^\*\./, '');
    return !permittedDnsNames.some((domain) => plain === domain || plain.endsWith(`.${domain}`));
  });
  if (outside !== undefined) {
    throw refused(
      `issuer ${name} may only issue for ${permittedDnsNames.join(', ')}, not for ${outside}. Choose another issuer for this name.`,
    );
  }
  const address = subject.ipAddresses.find((each) => {
    const bytes = ipAddressBytes(each);
    return bytes === null || !permittedIpRanges.some((range) => inAddressRange(bytes, range));
  });
  if (address !== undefined) {
    throw refused(
      `issuer ${name} may not issue for IP address ${address}; its permittedIpRanges do not hold it.`,
    );
  }
}

function validityOf(
  { config, tools }: State,
  { subject, certificate }: IssueRequest,
  { intermediate }: Authorities,
): { readonly notBefore: number; readonly notAfter: number } {
  const now = tools.now();
  const wanted = subject.lifetimeMs ?? config.lifetimeMs;
  if (wanted > config.lifetimeMs) {
    throw refused(
      `${certificate} asks for ${String(wanted / day)} days; issuer ${config.name} gives at most ${String(config.lifetimeMs / day)}`,
    );
  }
  const end = certificateFacts(intermediate.certificate).notAfter;
  if (end <= now) {
    throw new OperationError(
      'ca-unavailable',
      `the intermediate of issuer ${config.name} expired at ${timestamp(end)}`,
      {
        disposition: 'stall',
      },
    );
  }
  // X.509 counts whole seconds; the backdate is part of the lifetime, so that nothing lives longer than was asked for.
  const notBefore = Math.floor((now - limits.ca.backdateMs) / 1000) * 1000;
  return { notBefore, notAfter: Math.min(notBefore + wanted, end) };
}

function recordOf({ config, tools }: State, request: IssueRequest, leaf: Uint8Array): IssuanceRecord {
  const facts = certificateFacts(leaf);
  return {
    apiVersion: 'renewd/v1',
    kind: 'IssuanceRecord',
    issuer: config.name,
    serial: facts.serial,
    fingerprint: facts.fingerprint,
    certificate: request.certificate,
    dnsNames: facts.dnsNames,
    ipAddresses: facts.ipAddresses,
    spki: facts.spki,
    notBefore: timestamp(facts.notBefore),
    notAfter: timestamp(facts.notAfter),
    issuedAt: timestamp(tools.now()),
    pem: derToPem(leaf),
  };
}

async function publications(state: State): Promise<ReadonlyMap<string, string>> {
  const { authorities, log } = await state.open();
  const { name } = state.config;
  const files = new Map<string, string>([
    [`issuers/${name}/root.pem`, derToPem(authorities.root.certificate)],
    [`issuers/${name}/intermediate.pem`, derToPem(authorities.intermediate.certificate)],
    [`issuers/${name}/crl.pem`, await freshCrl(state, authorities)],
  ]);
  for (const { record } of log.lines()) {
    files.set(`issuance/${name}/${record.serial}.json`, `${JSON.stringify(record, null, 2)}\n`);
  }
  return files;
}

/** The CRL on disk while more than half of its time is left, else a new one. */
async function freshCrl({ config, tools, open }: State, authorities: Authorities): Promise<string> {
  const { directory } = await open();
  const path = join(directory, 'crl.json');
  const now = tools.now();
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null) {
    const kept = JSON.parse(text) as { readonly signedAt: number; readonly pem: string };
    if (now >= kept.signedAt && now < kept.signedAt + limits.ca.crlLifetimeMs / 2) return kept.pem;
  }
  const pem = await signCrl(authorities.intermediate, {
    thisUpdate: now - limits.ca.backdateMs,
    nextUpdate: now + limits.ca.crlLifetimeMs,
    // Seconds grow with each CRL, across restarts too.
    number: BigInt(Math.floor(now / 1000)),
    revoked: [],
  });
  await writeWhole(path, JSON.stringify({ signedAt: now, pem }));
  tools.log.info({ issuer: config.name }, 'signed a CRL');
  return pem;
}
