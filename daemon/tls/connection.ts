/** From a host name to connected TCP sockets, as clients come to it: each of its addresses is one that somebody gets. Knows nothing of TLS; every failure is a word and a sentence. */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Address, Handshake } from '../core/model.ts';
import { refuseAddress, type Reach } from '../core/reach.ts';

export type Failure = NonNullable<Handshake['failure']>;

/** A host name to its addresses. Rejects with the error codes of `node:dns`. */
export type Resolver = (host: string) => Promise<readonly LookupAddress[]>;

/** What every program on this machine asks: the hosts file, then DNS. */
export const systemResolver: Resolver = (host) => lookup(host, { all: true });

/** The addresses of a host, each of them judged: none is left out without a word. */
export interface JudgedAddresses {
  /** By their text: resolvers turn the order round, and what is said of them must not change with it. */
  readonly permitted: readonly LookupAddress[];
  /** Those that may not be connected to, each with the reason. */
  readonly refused: readonly { readonly address: string; readonly failure: Failure }[];
}

/**
 * Every address of a host, with whether `reach` permits it, or why there is none. Those connected to are the very ones that were judged: no name is looked up again. IO:
 * DNS, over when `deadline` is.
 */
export async function addressesToTry(
  { host }: Address,
  reach: Reach,
  resolver: Resolver,
  deadline: AbortSignal,
  timeoutMs: number,
): Promise<JudgedAddresses | Failure> {
  const addresses = await addressesOf(host, resolver, deadline, timeoutMs);
  if ('result' in addresses) return addresses;
  const judged = judgeAddresses(host, addresses, [], reach);
  if (judged.refused.length === 0 || reach.host === null) return judged;
  // Who asks for the endpoint itself is answered by the addresses found just now.
  const found =
    host === reach.host ? addresses : await addressesOf(reach.host, resolver, deadline, timeoutMs);
  if ('result' in found) return judged;
  const own = found.map((each) => each.address);
  return judgeAddresses(host, addresses, own, reach);
}

function byText({ address: left }: LookupAddress, { address: right }: LookupAddress): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function judgeAddresses(
  host: string,
  addresses: readonly LookupAddress[],
  own: readonly string[],
  reach: Reach,
): JudgedAddresses {
  const permitted: LookupAddress[] = [];
  const refused: { address: string; failure: Failure }[] = [];
  for (const each of [...addresses].sort(byText)) {
    const { address } = each;
    const why = refuseAddress(address, own, reach);
    if (why === null) {
      permitted.push(each);
      continue;
    }
    const shown = address === host ? address : `${host} leads to ${address}, which`;
    refused.push({ address, failure: { result: 'address-refused', detail: `${shown} ${why}` } });
  }
  return { permitted, refused };
}

async function addressesOf(
  host: string,
  resolver: Resolver,
  deadline: AbortSignal,
  timeoutMs: number,
): Promise<readonly LookupAddress[] | Failure> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    const found = await beforeAbort(resolver(host), deadline);
    return found.length > 0 ? found : { result: 'name-unresolved', detail: `${host} has no address in DNS` };
  } catch (error) {
    if (deadline.aborted)
      return { result: 'name-unresolved', detail: `no answer for ${host} within ${seconds(timeoutMs)}` };
    return { result: 'name-unresolved', detail: resolutionReason(host, error) };
  }
}

/** RFC 8499 tells "there is no such name" from "nobody could say": the next step is another one. */
function resolutionReason(host: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  if (code === 'ENOTFOUND' || code === 'ENODATA') return `${host} has no address in DNS`;
  if (code === 'EAI_AGAIN') return `DNS did not answer for ${host}: try again, or check the resolver`;
  return `${host} could not be resolved (${code})`;
}

/** The outcome of `work`, or a rejection as soon as `signal` is aborted; a lookup of the system itself cannot be ended. */
function beforeAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new Error('aborted'));
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** A connected socket to this address, or why there is none. IO: TCP, over when `deadline` is. The caller destroys the socket. */
export function openSocket(
  address: LookupAddress,
  port: number,
  deadline: AbortSignal,
  timeoutMs: number,
): Promise<Socket | Failure> {
  return new Promise((resolve) => {
    const socket = connectTcp({
      host: 'resolved before',
      port,
      noDelay: true,
      autoSelectFamily: true,
      lookup: (_host, _options, found) => {
        found(null, [address]);
      },
    });
    const give = (detail: string): void => {
      deadline.removeEventListener('abort', onDeadline);
      socket.destroy();
      resolve({ result: 'connection-failed', detail });
    };
    const onDeadline = (): void => {
      give(`no connection within ${seconds(timeoutMs)}`);
    };
    deadline.addEventListener('abort', onDeadline, { once: true });
    if (deadline.aborted) onDeadline();
    socket.once('connect', () => {
      deadline.removeEventListener('abort', onDeadline);
      resolve(socket);
    });
    // Stays for the life of the socket: a late error has nobody else to tell.
    socket.on('error', (error) => {
      give(connectionReason(error));
    });
  });
}

/** Node may give an AggregateError with the code of the first try and no message. */
function connectionReason(error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'the connection was refused: nothing listens there';
    case 'ECONNRESET':
      return 'the server ended the connection';
    case 'ETIMEDOUT':
      return 'nothing answers there';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the host';
    default:
      return error.message.split('\n')[0] || (error.code ?? 'the connection failed');
  }
}

/** A number of milliseconds in the words of a message. Pure. */
export function seconds(timeoutMs: number): string {
  return `${String(timeoutMs / 1000)} s`;
}
