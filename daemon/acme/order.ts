/**
 * One order from request to chain (RFC 8555 section 7.4), resumable at any point: the intent is on disk before the order exists, its address as soon as
 * it does, and everything else is asked of the CA.
 */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { IssueContext, IssueOutcome, IssueRequest, Json } from '../ports/issuer.ts';
import { certificateFacts } from '../x509/facts.ts';
import { pemToDer } from '../x509/pem.ts';
import { authorize } from './authorization.ts';
import { json, protocol } from './client.ts';
import { pause, type OrderTools } from './order-tools.ts';
import { AcmeRefusal, problemFields } from './problem.ts';

interface Order {
  readonly url: string;
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | null;
  readonly error: unknown;
  readonly identifiers: string;
  readonly retryAt: number | null;
}

/** Issues, or goes on issuing. IO. @throws OperationError `acme-*`, `rate-limited`, `unsupported` */
export async function runOrder(
  tools: OrderTools,
  request: IssueRequest,
  context: IssueContext,
): Promise<IssueOutcome> {
  let order = await openOrder(tools, request, context);
  const giveBackAt = tools.now() + limits.acme.processingWaitMs;
  for (;;) {
    switch (order.status) {
      case 'pending':
        for (const url of order.authorizations) await authorize(tools, url, context);
        order = await waitWhile(tools, order, 'pending', context.signal);
        break;
      case 'ready': {
        const payload = { csr: Buffer.from(request.csr).toString('base64url') };
        const answer = await tools.client.post(
          order.finalize,
          payload,
          `finalizing the order for ${request.certificate}`,
          context.signal,
        );
        order = readOrder(tools, order.url, answer.body, answer.retryAt);
        break;
      }
      case 'processing':
        if (tools.now() >= giveBackAt) {
          const retryAt = order.retryAt ?? tools.now() + 5 * limits.acme.pollPauseMs;
          return { state: 'pending', handle: { order: order.url }, retryAt };
        }
        await pause(limits.acme.pollPauseMs, context.signal);
        order = await lookAt(tools, order.url, context.signal);
        break;
      case 'valid':
        return { state: 'issued', chain: await download(tools, order, context.signal) };
      default:
        throw invalid(tools, order, request);
    }
  }
}

function invalid({ issuer }: OrderTools, order: Order, request: IssueRequest): OperationError {
  const { type, detail } = problemFields(order.error, 'it gives no reason');
  return new OperationError(
    'acme-order-invalid',
    `issuer ${issuer} ended the order for ${request.certificate}: ${type === '' ? '' : `${type}: `}${detail}`,
    {
      disposition: 'retry',
    },
  );
}

function identifiersOf({ subject }: IssueRequest): { readonly type: 'dns' | 'ip'; readonly value: string }[] {
  return [
    ...subject.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...subject.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
}

function sorted(identifiers: readonly { readonly type: string; readonly value: string }[]): string {
  return identifiers
    .map(({ type, value }) => `${type}:${value}`)
    .sort()
    .join(' ');
}

/** The order of the handle while it lives; else one that a crash left without an address; else a new one. */
async function openOrder(tools: OrderTools, request: IssueRequest, context: IssueContext): Promise<Order> {
  const { client } = tools;
  const known = handleOrder(context.handle);
  if (known !== null) {
    const order = await lookAtOrNull(tools, known, context.signal);
    // A dead order cannot be mended; the next try makes a new one.
    if (order !== null && order.status !== 'invalid') return order;
  }
  const identifiers = identifiersOf(request);
  if (known === null && context.handle !== null) {
    const lost = await findLost(tools, sorted(identifiers), context.signal);
    if (lost !== null) {
      await context.checkpoint({ order: lost.url });
      return lost;
    }
  }
  await context.checkpoint({ order: null });
  const payload = { identifiers, ...(tools.profile === null ? {} : { profile: tools.profile }) };
  const url = await client.newOrderUrl(context.signal);
  const answer = await client.post(url, payload, `ordering ${request.certificate}`, context.signal);
  const location = answer.headers['location'];
  if (location === undefined) throw protocol(tools.issuer, 'it made an order without an address');
  await context.checkpoint({ order: location });
  return readOrder(tools, location, answer.body, answer.retryAt);
}

function handleOrder(handle: Json | null): string | null {
  const order = typeof handle === 'object' && handle !== null && 'order' in handle ? handle.order : null;
  return typeof order === 'string' ? order : null;
}

/** An order that was made but whose address never reached the disk: one of the account's that nobody finalized, for the same names. */
async function findLost(tools: OrderTools, identifiers: string, signal: AbortSignal): Promise<Order | null> {
  const newest = (await listOrders(tools, await tools.client.ordersUrl(signal), signal)).slice(
    -limits.acme.listedOrdersMax,
  );
  for (const url of newest.reverse()) {
    const order = await lookAtOrNull(tools, url, signal);
    if (
      order !== null &&
      order.identifiers === identifiers &&
      (order.status === 'pending' || order.status === 'ready')
    )
      return order;
  }
  return null;
}

/** Addresses of the account's orders, page by page. Empty where the CA does not list them. */
async function listOrders(
  { client, issuer }: OrderTools,
  first: string | null,
  signal: AbortSignal,
): Promise<string[]> {
  const urls: string[] = [];
  let page = first;
  for (let pages = 0; page !== null && pages < limits.acme.listedPagesMax; pages++) {
    try {
      const answer = await client.ask(page, null, 'listing orders', signal);
      const orders = json(answer.body, issuer, 'the list of orders')['orders'];
      urls.push(
        ...(Array.isArray(orders) ? (orders as unknown[]) : []).filter((each) => typeof each === 'string'),
      );
      page = answer.links.find(({ rel }) => rel === 'next')?.url ?? null;
    } catch (error) {
      // Few CAs list orders; without the list a new order is all that is left, and CAs answer it with the one that is open.
      if (error instanceof AcmeRefusal) return urls;
      throw error;
    }
  }
  return urls;
}

async function lookAt(tools: OrderTools, url: string, signal: AbortSignal): Promise<Order> {
  const answer = await tools.client.post(url, null, 'looking at an order', signal);
  return readOrder(tools, url, answer.body, answer.retryAt);
}

/** null when the CA no longer knows it. */
async function lookAtOrNull(tools: OrderTools, url: string, signal: AbortSignal): Promise<Order | null> {
  try {
    const answer = await tools.client.ask(url, null, 'looking at an order', signal);
    return readOrder(tools, url, answer.body, answer.retryAt);
  } catch (error) {
    if (
      error instanceof AcmeRefusal &&
      error.problem.status >= 400 &&
      error.problem.status < 500 &&
      error.problem.status !== 429
    )
      return null;
    if (error instanceof AcmeRefusal) {
      throw new OperationError(
        'acme-server',
        `issuer ${tools.issuer} could not show an order: ${error.problem.detail}`,
        { disposition: 'retry' },
      );
    }
    throw error;
  }
}

async function waitWhile(
  tools: OrderTools,
  order: Order,
  status: string,
  signal: AbortSignal,
): Promise<Order> {
  let current = await lookAt(tools, order.url, signal);
  while (current.status === status) {
    await pause(limits.acme.pollPauseMs, signal);
    current = await lookAt(tools, order.url, signal);
  }
  return current;
}

function readOrder({ issuer }: OrderTools, url: string, body: string, retryAt: number | null): Order {
  const value = json(body, issuer, 'an order');
  const { status, finalize, certificate, error, authorizations, identifiers } = value;
  if (typeof status !== 'string' || typeof finalize !== 'string' || !Array.isArray(authorizations)) {
    throw protocol(issuer, 'an order without status, finalize or authorizations');
  }
  const named = Array.isArray(identifiers) ? (identifiers as { type: string; value: string }[]) : [];
  return {
    url,
    status,
    finalize,
    error,
    retryAt,
    identifiers: sorted(named),
    certificate: typeof certificate === 'string' ? certificate : null,
    authorizations: authorizations
      .filter((each) => typeof each === 'string')
      .slice(0, limits.documents.namesPerCertificateMax * 2),
  };
}

async function download(
  tools: OrderTools,
  order: Order,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  if (order.certificate === null) throw protocol(tools.issuer, 'a valid order without a certificate');
  const answer = await tools.client.post(order.certificate, null, 'fetching the certificate', signal);
  const first = readChain(tools, answer.body);
  if (tools.preferredChain === null || leadsTo(first, tools.preferredChain)) return first;
  const others = answer.links.filter(({ rel }) => rel === 'alternate');
  for (const { url } of others.slice(0, limits.acme.alternatesMax)) {
    const other = readChain(
      tools,
      (await tools.client.post(url, null, 'fetching another chain', signal)).body,
    );
    if (leadsTo(other, tools.preferredChain)) return other;
  }
  return first;
}

/** DER, leaf first; a root at the end is left out: servers need not send it. */
function readChain({ issuer }: OrderTools, pem: string): readonly Uint8Array[] {
  let chain: Uint8Array[];
  try {
    chain = pemToDer(pem);
  } catch (cause) {
    throw protocol(issuer, `a certificate that is no PEM (${cause instanceof Error ? cause.message : ''})`);
  }
  if (chain.length === 0) throw protocol(issuer, 'an answer without a certificate');
  return chain.filter((der, index) => index === 0 || !isSelfSigned(der));
}

function isSelfSigned(der: Uint8Array): boolean {
  try {
    return certificateFacts(der).selfSigned;
  } catch {
    return false;
  }
}

function leadsTo(chain: readonly Uint8Array[], name: string): boolean {
  const last = chain.at(-1);
  return last !== undefined && certificateFacts(last).issuer.includes(`CN=${name}`);
}
