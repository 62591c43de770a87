/**
 * One order from request to chain (RFC 8555 section 7.4), resumable at any point: the intent is on disk before the order exists, its address as soon as
 * it does, and everything else is asked of the CA.
 */
import { sameSet } from '../core/same.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { IssueContext, IssueOutcome, IssueRequest, Json } from '../ports/issuer.ts';
import { authorize } from './authorization.ts';
import { identifierText, isIdentifier, type Identifier } from './identifiers.ts';
import { certifies, downloadChain } from './chain.ts';
import { json, protocol } from './client.ts';
import { pause, untilNextLook, type OrderTools } from './order-tools.ts';
import { certificateId, refusesReplaces } from './replaces.ts';
import { AcmeRefusal, failureOf, isGone, plain, problemFields, problemText } from './problem.ts';

interface Order {
  readonly url: string;
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | null;
  readonly error: unknown;
  readonly identifiers: readonly string[];
  readonly retryAt: number | null;
}

/** Issues, or goes on issuing. IO. @throws OperationError `acme-*`, `rate-limited`, `unsupported` */
export async function runOrder(
  tools: OrderTools,
  request: IssueRequest,
  context: IssueContext,
): Promise<IssueOutcome> {
  const first = await openOrder(tools, request, context);
  const outcome = await complete(tools, first, request, context);
  if (outcome !== null) return outcome;
  // A CA may answer newOrder with the open order for the same names (Boulder does): another installation of this certificate finalized it with its own key.
  const second = await complete(tools, await makeOrder(tools, request, context), request, context);
  if (second !== null) return second;
  throw protocol(tools.issuer, `it certified another key than the one asked for ${request.certificate}`);
}

/** From whatever state the order is in to its end. null when it is valid, but not for this request: its certificate is gone or for another key. */
async function complete(
  tools: OrderTools,
  first: Order,
  request: IssueRequest,
  context: IssueContext,
): Promise<IssueOutcome | null> {
  let order = first;
  let finalized = false;
  const giveBackAt = tools.now() + limits.acme.processingWaitMs;
  for (;;) {
    if (!isForPlan(order, request)) {
      throw protocol(
        tools.issuer,
        `an order for ${order.identifiers.join(' ') || 'nothing'}, which is not what was asked for`,
      );
    }
    if (finalized && (order.status === 'pending' || order.status === 'ready')) {
      throw protocol(tools.issuer, `an order that is ${order.status} again after it was finalized`);
    }
    switch (order.status) {
      case 'pending':
        for (const url of order.authorizations) await authorize(tools, url, identifiersOf(request), context);
        order = await waitWhile(tools, order, 'pending', context.signal);
        break;
      case 'ready':
        order = await finalize(tools, order, request, context.signal);
        finalized = true;
        break;
      case 'processing':
        if (Math.max(tools.now(), order.retryAt ?? 0) >= giveBackAt) {
          const retryAt = order.retryAt ?? tools.now() + 5 * limits.acme.pollPauseMs;
          return { state: 'pending', handle: { order: order.url }, retryAt };
        }
        await pause(untilNextLook(order.retryAt, tools.now()), context.signal);
        order = await lookAt(tools, order.url, context.signal);
        break;
      case 'valid': {
        const chain = await downloadChain(tools, order.certificate, context.signal);
        return chain !== null && certifies(tools, chain, request.csr) ? { state: 'issued', chain } : null;
      }
      default:
        throw invalid(tools, order, request);
    }
  }
}

async function finalize(
  tools: OrderTools,
  order: Order,
  request: IssueRequest,
  signal: AbortSignal,
): Promise<Order> {
  const payload = { csr: Buffer.from(request.csr).toString('base64url') };
  const what = `finalizing the order for ${request.certificate}`;
  try {
    const answer = await tools.client.ask(order.finalize, payload, what, signal);
    return readOrder(tools, order.url, answer.body, answer.retryAt);
  } catch (error) {
    if (!(error instanceof AcmeRefusal)) throw error;
    // Section 7.4: somebody was faster, where a CA shares an order. What it has become says how to go on.
    if (error.problem.type === 'orderNotReady') return lookAt(tools, order.url, signal);
    throw failureOf(error.problem, what, tools.issuer);
  }
}

function invalid({ issuer }: OrderTools, order: Order, request: IssueRequest): OperationError {
  const words = problemText(problemFields(order.error, 'it gives no reason'));
  return new OperationError(
    'acme-order-invalid',
    `issuer ${issuer} ended the order for ${request.certificate}: ${words}`,
    {
      disposition: 'retry',
    },
  );
}

function identifiersOf({ subject }: IssueRequest): Identifier[] {
  return [
    ...subject.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...subject.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
}

function sorted(identifiers: readonly Identifier[]): string[] {
  return identifiers.map(identifierText).sort();
}

/** RFC 8555 section 7.1.3: an order is for exactly the identifiers that were asked for. An order for others is not gone on with. */
function isForPlan(order: Order, request: IssueRequest): boolean {
  return sameSet(order.identifiers, sorted(identifiersOf(request)));
}

/** The order of the handle while it lives; else one that a crash left without an address; else a new one. */
async function openOrder(tools: OrderTools, request: IssueRequest, context: IssueContext): Promise<Order> {
  const known = handleOrder(context.handle);
  // An address at another server is of the time before this issuer moved: nothing can be gone on with there.
  if (known !== null && tools.client.isOurs(known)) {
    const order = await lookAtOrNull(tools, known, context.signal);
    // A dead order, or one for other names than are planned now, cannot be mended: a new one is made.
    if (order !== null && liveStates.includes(order.status) && isForPlan(order, request)) return order;
  }
  if (known === null && context.handle !== null) {
    const lost = await findLost(tools, sorted(identifiersOf(request)), context.signal);
    if (lost !== null) {
      await context.checkpoint({ order: lost.url });
      return lost;
    }
  }
  return makeOrder(tools, request, context);
}

/** RFC 8555 section 7.1.6, without `invalid`. */
const liveStates: readonly string[] = ['pending', 'ready', 'processing', 'valid'];

async function makeOrder(tools: OrderTools, request: IssueRequest, context: IssueContext): Promise<Order> {
  const { client } = tools;
  await context.checkpoint({ order: null });
  const payload = {
    identifiers: identifiersOf(request),
    ...(tools.profile === null ? {} : { profile: tools.profile }),
  };
  const url = await client.newOrderUrl(context.signal);
  const what = `ordering ${request.certificate}`;
  const replaces = await replacedBy(tools, request, context.signal);
  const answer =
    (replaces === null
      ? null
      : await client.ask(url, { ...payload, replaces }, what, context.signal).catch((error: unknown) => {
          if (!(error instanceof AcmeRefusal)) throw error;
          // It may be another CA's, another account's, or replaced already: no reason not to order.
          if (refusesReplaces(error.problem)) return null;
          throw failureOf(error.problem, what, tools.issuer);
        })) ?? (await client.post(url, payload, what, context.signal));
  const location = answer.headers['location'];
  if (location === undefined) throw protocol(tools.issuer, 'it made an order without an address');
  // Looked at before it is written down: an address that is never asked would be stuck for ever.
  if (!client.isOurs(location)) {
    throw protocol(tools.issuer, `it names an address on another server: ${plain(location)}`);
  }
  await context.checkpoint({ order: location });
  return readOrder(tools, location, answer.body, answer.retryAt);
}

/** What to tell the CA that the new certificate replaces: renewals told so do not count against its rate limits. null when it would not understand. */
async function replacedBy(
  { client }: OrderTools,
  { replaces }: IssueRequest,
  signal: AbortSignal,
): Promise<string | null> {
  return replaces !== null && (await client.knowsReplaces(signal)) ? certificateId(replaces) : null;
}

function handleOrder(handle: Json | null): string | null {
  const order = typeof handle === 'object' && handle !== null && 'order' in handle ? handle.order : null;
  return typeof order === 'string' ? order : null;
}

/** An order that was made but whose address never reached the disk: one of the account's that nobody finalized, for the same names. */
async function findLost(
  tools: OrderTools,
  identifiers: readonly string[],
  signal: AbortSignal,
): Promise<Order | null> {
  const newest = await listOrders(tools, await tools.client.ordersUrl(signal), signal);
  for (const url of newest.reverse()) {
    const order = await lookAtOrNull(tools, url, signal);
    if (
      order !== null &&
      sameSet(order.identifiers, identifiers) &&
      (order.status === 'pending' || order.status === 'ready')
    )
      return order;
  }
  return null;
}

/** The last addresses of the account's orders, page by page, at most `limits.acme.listedOrdersMax`. Empty where the CA does not list them. */
async function listOrders(
  { client, issuer }: OrderTools,
  first: string | null,
  signal: AbortSignal,
): Promise<string[]> {
  let urls: readonly string[] = [];
  let page = first;
  for (let pages = 0; page !== null && pages < limits.acme.listedPagesMax; pages++) {
    try {
      const answer = await client.ask(page, null, 'listing orders', signal);
      const orders = json(answer.body, issuer, 'the list of orders')['orders'];
      const named = (Array.isArray(orders) ? (orders as unknown[]) : []).filter(
        (each) => typeof each === 'string',
      );
      urls = [...urls, ...named].slice(-limits.acme.listedOrdersMax);
      page = answer.links.find(({ rel }) => rel === 'next')?.url ?? null;
    } catch (error) {
      // Few CAs list orders; without the list a new order is all that is left, and CAs answer it with the one that is open.
      if (error instanceof AcmeRefusal && isGone(error.problem)) break;
      if (error instanceof AcmeRefusal) throw failureOf(error.problem, 'listing orders', issuer);
      throw error;
    }
  }
  return [...urls];
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
    if (error instanceof AcmeRefusal && isGone(error.problem)) return null;
    if (error instanceof AcmeRefusal) throw failureOf(error.problem, 'looking at an order', tools.issuer);
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
    await pause(untilNextLook(current.retryAt, tools.now()), signal);
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
  const named = (Array.isArray(identifiers) ? (identifiers as unknown[]) : []).filter(isIdentifier);
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
