/**
 * Issuer `ca`: an embedded private CA. A root that signs one intermediate, an intermediate with name constraints that signs leaves, a log line before each leaves, a CRL.
 * It refuses names outside its constraints whatever policy says.
 */
import { counted } from '../core/count.ts';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import { cidrFault } from '../core/ip-range.ts';
import { limitFaults } from '../core/issuer-limits.ts';
import type { IssuerLimits } from '../core/model.ts';
import { issuanceDifferences, issuancePath } from '../core/issuance.ts';
import type { IssuanceRecord } from '../core/record-format.ts';
import { timestamp } from '../core/timestamp.ts';
import { sameSet } from '../core/same.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type {
  IssueContext,
  IssueOutcome,
  IssueRequest,
  IssuanceMemory,
  Issuer,
  Publisher,
} from '../ports/issuer.ts';
import type { Plugin, Tools } from '../ports/plugin.ts';
import { firstOf } from '../said-text.ts';
import { readCsr, type CsrFacts } from '../x509/csr.ts';
import { certificateFacts } from '../x509/facts.ts';
import { checkIssued } from '../x509/issued.ts';
import { MalformedInput } from '../x509/malformed.ts';
import { readAddressRange } from '../x509/name-constraints-write.ts';
import { keyDefect } from '../x509/key-test.ts';
import { isStrongKey } from '../x509/path-rules.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';
import { isCertifiableName } from '../x509/server-name.ts';
import { isSignedBy } from '../x509/signed-by.ts';
import { signLeaf } from '../x509/sign.ts';
import {
  intermediateIsDue,
  newSerial,
  openAuthorities,
  readIfThere,
  writeWhole,
  type Authorities,
  type AuthorityPlan,
} from './ca/authority.ts';
import { freshCrl } from './ca/kept-crl.ts';
import { caLimits, defaultLifetimeMs } from './ca/limits.ts';
import { caSchema } from './ca/schema.ts';
import { openIssuanceLog, type IssuanceLog } from './ca/issuance-log.ts';
import { alone } from './ca/log-lock.ts';

const day = 86_400_000;
const logName = 'issued.jsonl';

interface CaConfig extends AuthorityPlan {
  readonly limits: IssuerLimits;
  readonly crlUrl: string | null;
}

export const ca: Plugin<Issuer & Publisher & IssuanceMemory> = { kind: 'ca', schema: caSchema, create };

interface State {
  readonly config: CaConfig;
  /** What was published of the log, by path: a line never changes, and each turn asks for all. */
  readonly texts: Map<string, string>;
  readonly tools: Tools;
  /** Opened at first use, once; a failure is tried again by the next call. */
  readonly open: () => Promise<{
    readonly authorities: Authorities;
    readonly log: IssuanceLog;
    readonly directory: string;
  }>;
}

function create(
  name: string,
  written: Readonly<Record<string, unknown>>,
  tools: Tools,
): Issuer & Publisher & IssuanceMemory {
  const config = readConfig(name, written);
  let opened: ReturnType<State['open']> | null = null;
  const state: State = {
    config,
    texts: new Map(),
    tools,
    open: async () => {
      const current = opened;
      if (current !== null) {
        const { root, intermediate } = (await current).authorities;
        const certificates = { root: root.certificate, intermediate: intermediate.certificate };
        if (opened === current && intermediateIsDue(config, certificates, tools.now())) opened = null;
      }
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
      const endOf = ({ certificate }: { readonly certificate: Uint8Array }): string =>
        timestamp(certificateFacts(certificate).notAfter);
      return `the embedded CA can sign; its intermediate is valid until ${endOf(authorities.intermediate)}, its root until ${endOf(authorities.root)}; ${counted((await log.lines()).length, 'certificate')} issued`;
    },
    renewsIntermediates: true,
    hasIssued: (certificate) => hasIssued(state, certificate),
    publications: () => publications(state),
    takeBack: (texts, signal) => takeBack(state, texts, signal),
  };
}

/** The whole certificate is compared: a serial number says nothing about who signed. */
async function hasIssued(state: State, certificate: Uint8Array): Promise<boolean> {
  const { log } = await state.open();
  const pem = derToPem(certificate).trim();
  return (await log.lines()).some((line) => line.record.pem.trim() === pem);
}

function readConfig(name: string, written: Readonly<Record<string, unknown>>): CaConfig {
  const ms = (key: string, otherwise: number): number =>
    (typeof written[key] === 'string' ? parseDuration(written[key]) : null) ?? otherwise;
  const list = (key: string): string[] => (Array.isArray(written[key]) ? (written[key] as string[]) : []);
  const declared = caLimits(written);
  return {
    name,
    organization: typeof written['organization'] === 'string' ? written['organization'] : name,
    rootLifetimeMs: ms('rootLifetime', 3650 * day),
    intermediateLifetimeMs: ms('intermediateLifetime', 1825 * day),
    lifetimeMs: declared.lifetimeMaxMs ?? defaultLifetimeMs,
    limits: declared,
    permittedDnsNames: list('permittedDnsNames'),
    permittedIpRanges: list('permittedIpRanges').map((text) => {
      const range = readAddressRange(text);
      if (range !== null) return range;
      throw new OperationError('ca-constraint', `issuer ${name}: ${JSON.stringify(text)} ${cidrFault}`, {
        scope: 'issuer',
        disposition: 'stall',
        endsWhen: ['declaration'],
      });
    }),
    crlUrl: typeof written['crlUrl'] === 'string' ? written['crlUrl'] : null,
  };
}

async function openAll(config: CaConfig, tools: Tools): ReturnType<State['open']> {
  const authorities = await openAuthorities(config, tools);
  const directory = await tools.directory(config.name);
  return { authorities, directory, log: await openIssuanceLog(join(directory, logName)) };
}

async function issue(state: State, request: IssueRequest, context: IssueContext): Promise<IssueOutcome> {
  const { directory } = await state.open();
  // One at a time, also beside another process: equal ids get one certificate, and the log says which.
  return alone(join(directory, logName), context.signal, () => issueAlone(state, request, context));
}

async function issueAlone(state: State, request: IssueRequest, context: IssueContext): Promise<IssueOutcome> {
  const { authorities, log } = await state.open();
  if (context.signal.aborted) {
    throw new OperationError('ca-unavailable', `issuing for ${request.certificate} was called off`, {
      disposition: 'retry',
    });
  }
  const csr = checkedCsr(request);
  const digest = createHash('sha256').update(request.csr).digest('hex');
  const before = await earlierAnswer(state, request, authorities);
  if (before !== null) return { state: 'issued', chain: before };
  checkNames(state.config, request);
  const validity = validityOf(state, request, authorities);
  // Never that of an interrupted attempt: the log may be an older one, put back, that no longer knows what was signed with it
  // (RFC 5280 section 4.1.2.2: unique).
  const serial = newSerial();
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

/** The first certificate issued for this id that is still its answer, with the intermediate of today; null when there is none and a new one is needed. */
async function earlierAnswer(
  state: State,
  request: IssueRequest,
  { root, intermediate }: Authorities,
): Promise<readonly Uint8Array[] | null> {
  const { log } = await state.open();
  for (const { record } of await log.find(request.id)) {
    const issued = certificateIn(record.pem);
    if (issued === null) continue;
    const chain = [issued, intermediate.certificate];
    if (isAnswer(state, chain, request, root.certificate)) return chain;
  }
  return null;
}

/** null for an entry that was changed and holds no certificate any more: it answers nothing. */
function certificateIn(pem: string): Uint8Array | null {
  try {
    const [der] = pemToDer(pem);
    if (der === undefined) return null;
    certificateFacts(der);
    return der;
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return null;
  }
}

/** @throws OperationError `csr-rejected`: the shell compares it with the plan too, but a CA trusts nobody */
function checkedCsr({ csr: der, certificate }: IssueRequest): CsrFacts {
  const rejected = (reason: string, cause?: unknown): OperationError =>
    new OperationError('csr-rejected', `the CSR for ${certificate} ${reason}; nothing was signed`, {
      disposition: 'stall',
      endsWhen: ['declaration'],
      cause,
    });
  let csr: CsrFacts;
  try {
    csr = readCsr(der);
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    throw rejected(`cannot be read: ${error.message}`, error);
  }
  if (!csr.provesPossession) throw rejected('does not prove possession of its key');
  if (csr.excess !== null) throw rejected(csr.excess);
  if (!isStrongKey(csr.keyAlgorithm, csr.keyBits)) throw rejected(`has a weak key (${csr.keyAlgorithm})`);
  const defect = keyDefect(csr.publicKey);
  if (defect !== null) throw rejected(`has a key that is none: the key ${defect}`);
  return csr;
}

/**
 * Is what was issued for this request's id still the answer to it? Same key, names and usages, not longer than is asked for now, and below the
 * intermediate as it is now, which may permit less than the one that signed it.
 */
function isAnswer(
  { config, tools }: State,
  chain: readonly Uint8Array[],
  { csr, subject }: IssueRequest,
  root: Uint8Array,
): boolean {
  const [leaf] = chain;
  if (leaf === undefined) return false;
  const lifetimeMs = Math.min(subject.lifetimeMs ?? config.lifetimeMs, config.lifetimeMs);
  const question = {
    chain,
    csr,
    subject: { ...subject, lifetimeMs },
    trustAnchors: [root],
    now: tools.now(),
  };
  return sameSet(certificateFacts(leaf).usages, subject.usages) && checkIssued(question).length === 0;
}

function refused(message: string): OperationError {
  return new OperationError('ca-constraint', message, { disposition: 'stall', endsWhen: ['declaration'] });
}

function checkNames(config: CaConfig, { subject }: IssueRequest): void {
  const { name } = config;
  if (subject.dnsNames.length + subject.ipAddresses.length === 0) {
    throw refused(`issuer ${name} was asked for a certificate without any name`);
  }
  const odd = subject.dnsNames.find((each) => !isCertifiableName(each));
  if (odd !== undefined) throw refused(`issuer ${name}: ${JSON.stringify(odd)} is not a DNS name`);
  const [fault] = limitFaults(name, config.limits, { ...subject, lifetimeMs: null });
  if (fault !== undefined) throw refused(`${fault.message}.`);
}

function validityOf(
  { config, tools }: State,
  { subject }: IssueRequest,
  { intermediate }: Authorities,
): { readonly notBefore: number; readonly notAfter: number } {
  const now = tools.now();
  // Longer than it gives is a mistake that check names; a renewal in time is better than none.
  const wanted = Math.min(subject.lifetimeMs ?? config.lifetimeMs, config.lifetimeMs);
  const { notBefore: begin, notAfter: end } = certificateFacts(intermediate.certificate);
  if (end <= now) {
    throw new OperationError(
      'ca-unavailable',
      `the intermediate of issuer ${config.name} expired at ${timestamp(end)}, and its root cannot certify it for longer. Declare a new issuer, distribute its root, then replace.`,
      {
        scope: 'issuer',
        disposition: 'stall',
        endsWhen: ['declaration'],
      },
    );
  }
  // X.509 counts whole seconds; the backdate is part of the lifetime, so that nothing lives longer than was asked for.
  const backdateMs = Math.min(limits.ca.backdateMs, wanted * limits.ca.backdateMaxShare);
  const notBefore = Math.max(Math.floor((now - backdateMs) / 1000) * 1000, begin);
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
  const { authorities, log, directory } = await state.open();
  const { name } = state.config;
  const path = join(directory, 'crl.json');
  const file = { read: () => readIfThere(path), write: (text: string) => writeWhole(path, text) };
  const crl = await freshCrl(file, authorities.intermediate, state.tools.now());
  if (crl.isNew) state.tools.log.info({ issuer: name }, 'signed a CRL');
  const files = new Map<string, string>([
    [`issuers/${name}/root.pem`, derToPem(authorities.root.certificate)],
    [`issuers/${name}/intermediate.pem`, derToPem(authorities.intermediate.certificate)],
    [`issuers/${name}/crl.pem`, crl.pem],
  ]);
  for (const { record } of await log.lines()) {
    const path = issuancePath(name, record.serial);
    const known = path === null ? undefined : state.texts.get(path);
    const wrong = known === undefined ? lineProblem(record, name, authorities) : null;
    if (path === null || wrong !== null || files.has(path)) {
      throw new OperationError(
        'ca-unavailable',
        `the issuance log of issuer ${name} is not what was issued: serial ${JSON.stringify(firstOf(record.serial, 60))} ${wrong ?? 'stands there twice'}. Nothing of it is published. Restore issued.jsonl from a backup, or from issuance/ of the state branch, and find out who changed it.`,
        { scope: 'issuer', disposition: 'stall', endsWhen: ['data-directory'] },
      );
    }
    const text = known ?? entryText(record);
    state.texts.set(path, text);
    files.set(path, text);
  }
  return files;
}

/** A log that was restored from an older backup lacks what was issued since: the published entry has it, and the signature of this CA says that it is ours. */
async function takeBack(state: State, texts: readonly string[], signal: AbortSignal): Promise<number> {
  const { authorities, log, directory } = await state.open();
  return alone(join(directory, logName), signal, async () => {
    let taken = 0;
    for (const text of texts) {
      const record = recordIn(text);
      if (record === null || lineProblem(record, state.config.name, authorities) !== null) continue;
      if (await log.hasSerial(record.serial)) continue;
      await log.append({ request: `published ${record.serial}`, csr: '', record });
      taken++;
    }
    return taken;
  });
}

/** An entry as it is published: the same bytes each time. */
function entryText(record: IssuanceRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** The record of a published text; null where it is over the bound, or would be published as another text: that would contradict the records for good. */
function recordIn(text: string): IssuanceRecord | null {
  if (Buffer.byteLength(text) > limits.ca.entryMaxBytes) return null;
  try {
    const record = JSON.parse(text) as IssuanceRecord;
    if (entryText(record) !== text) return null;
    // A line that cannot be read again would stop the CA.
    const whole = typeof record.pem === 'string' && issuancePath(record.issuer, record.serial) !== null;
    return whole ? record : null;
  } catch {
    return null;
  }
}

/** Why a line of the log is not believed; null when it says what its certificate says, and the certificate is one of this CA. */
function lineProblem(record: IssuanceRecord, name: string, { intermediate }: Authorities): string | null {
  try {
    const [der, ...more] = pemToDer(record.pem);
    if (der === undefined || more.length > 0) return 'holds not exactly one certificate';
    if (record.issuer !== name) return 'names another issuer';
    const differences = issuanceDifferences(record, certificateFacts(der));
    if (differences.length > 0) return `does not fit its certificate: ${differences.join('; ')}`;
    return isSignedBy(der, intermediate.certificate) ? null : 'was not signed by the intermediate of this CA';
  } catch (error) {
    // A line of the wrong shape, or a certificate that cannot be read.
    if (error instanceof MalformedInput || error instanceof TypeError) return 'cannot be read';
    throw error;
  }
}
