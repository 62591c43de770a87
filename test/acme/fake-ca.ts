/**
 * An ACME server for what pebble never does: trouble at a chosen request, lies, orders shared as Boulder shares them. It checks every signature, URL and nonce (RFC 8555
 * section 6) and refuses what a strict CA refuses. No DNS, no validation: answering a challenge makes it valid.
 */
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { derToPem } from '../../daemon/x509/pem.ts';
import type { MadeBySsl, Workshop } from '../fixtures/openssl.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Asked {
  /** `directory`, `nonce`, `account`, `new-order`, `order`, `authz`, `challenge`, `finalize`, `certificate`, ... */
  readonly what: string;
  readonly path: string;
  /** null for POST-as-GET and unsigned requests. */
  readonly payload: Readonly<Record<string, unknown>> | null;
  /** How many requests of this kind came, this one included. */
  readonly count: number;
}

export interface FakeOrder {
  status: string;
  readonly identifiers: readonly { readonly type: string; readonly value: string }[];
  chain: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface FakeCa {
  readonly base: string;
  readonly directoryUrl: string;
  readonly root: MadeBySsl;
  readonly orders: FakeOrder[];
  readonly requests: Asked[];
  readonly count: (what: string) => number;
  /** Asked before each answer; null leaves the answer to the CA. */
  override: (asked: Asked) => Answer | null;
  /** What reaches the client of the CA's own answer: the effect has happened. */
  deliver: (asked: Asked, answer: Answer) => Answer;
  /** More fields of the directory. */
  directory: Readonly<Record<string, unknown>>;
  /** Boulder answers a new order for the same names with the one that is open. */
  sharesOrders: boolean;
  /** Forgets its accounts, as a staging CA that was wiped. */
  readonly forgetAccounts: () => void;
  /** All accounts of now are deactivated, for ever (RFC 8555 section 7.3.6). */
  readonly deactivateAccounts: () => void;
  readonly close: () => Promise<void>;
}

export const problem = (status: number, type: string, detail: string, more: object = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: `urn:ietf:params:acme:error:${type}`, detail, ...more },
});

/** Starts one on loopback. */
export async function startFakeCa(workshop: Workshop): Promise<FakeCa> {
  const root = workshop.ca('Fake Root');
  const nonces = new Set<string>();
  const accounts = new Map<string, JsonWebKey>();
  const deactivated = new Set<string | undefined>();
  const counts = new Map<string, number>();
  const authorizations = new Map<string, string>();
  let made = 0;
  const newNonce = (): string => {
    const nonce = `nonce-${String(made++)}`;
    nonces.add(nonce);
    return nonce;
  };

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const path = request.url ?? '';
      const what = path.split('/')[1] ?? '';
      const count = (counts.get(what) ?? 0) + 1;
      counts.set(what, count);
      const envelope = text === '' ? null : readEnvelope(text);
      const asked: Asked = { what, path, payload: envelope?.payload ?? null, count };
      fake.requests.push(asked);
      const {
        status = 200,
        headers = {},
        body = '',
      } = fake.override(asked) ?? fake.deliver(asked, refuse(path, envelope) ?? answer(asked, envelope));
      response.writeHead(status, { 'replay-nonce': newNonce(), ...headers });
      response.end(
        request.method === 'HEAD' ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

  /** RFC 8555 sections 6.2 to 6.5: what a strict server refuses in any signed request. */
  function refuse(path: string, envelope: Envelope | null): Answer | null {
    if (envelope === null) return null;
    const { head } = envelope;
    if (head.url !== base + path) return problem(403, 'unauthorized', `signed for ${String(head.url)}`);
    if (!nonces.delete(head.nonce ?? '')) return problem(400, 'badNonce', 'unknown nonce');
    const key = head.jwk ?? accounts.get(head.kid ?? '');
    if (key === undefined) return problem(400, 'accountDoesNotExist', 'unknown account');
    if (deactivated.has(key.x)) return problem(401, 'unauthorized', 'the account is deactivated');
    return envelope.verifies(key) ? null : problem(400, 'malformed', 'the signature does not verify');
  }

  function orderBody(index: number): unknown {
    const order = fake.orders[index];
    if (order === undefined) return null;
    const states = order.identifiers.map((_, at) => authorizations.get(`${String(index)}.${String(at)}`));
    if (order.status === 'pending' && states.every((state) => state === 'valid')) order.status = 'ready';
    return {
      status: order.status,
      identifiers: order.identifiers,
      authorizations: order.identifiers.map((_, at) => `${base}/authz/${String(index)}.${String(at)}`),
      finalize: `${base}/finalize/${String(index)}`,
      ...(order.chain === null ? {} : { certificate: `${base}/certificate/${String(index)}` }),
    };
  }

  function answer({ what, path, payload }: Asked, envelope: Envelope | null): Answer {
    const id = path.split('/')[2] ?? '';
    const index = Number(id.split('.')[0]);
    const order = fake.orders[index];
    switch (what) {
      case 'directory':
        return {
          body: {
            newNonce: `${base}/nonce`,
            newAccount: `${base}/account`,
            newOrder: `${base}/new-order`,
            ...fake.directory,
          },
        };
      case 'nonce':
        return {};
      case 'account': {
        const kid = `${base}/acct/${String(made)}`;
        const known = [...accounts].find(([, jwk]) => jwk.x === envelope?.head.jwk?.x)?.[0];
        accounts.set(known ?? kid, envelope?.head.jwk ?? {});
        return {
          status: 201,
          headers: { location: known ?? kid },
          body: { status: 'valid', orders: `${base}/orders` },
        };
      }
      case 'orders':
        return { body: { orders: fake.orders.map((_, at) => `${base}/order/${String(at)}`) } };
      case 'new-order': {
        const identifiers = (payload?.['identifiers'] ?? []) as FakeOrder['identifiers'];
        const open = fake.sharesOrders
          ? fake.orders.findIndex(
              (each) =>
                ['pending', 'ready'].includes(each.status) &&
                JSON.stringify(each.identifiers) === JSON.stringify(identifiers),
            )
          : -1;
        const at =
          open === -1
            ? fake.orders.push({ status: 'pending', identifiers, chain: null, payload: payload ?? {} }) - 1
            : open;
        return { status: 201, headers: { location: `${base}/order/${String(at)}` }, body: orderBody(at) };
      }
      case 'order':
        return order === undefined ? problem(404, 'malformed', 'no such order') : { body: orderBody(index) };
      case 'authz': {
        const status = authorizations.get(id) ?? 'pending';
        const challenges = [
          { type: 'http-01', url: `${base}/challenge/${id}`, token: `token-${id.replace('.', '-')}`, status },
        ];
        return { body: { status, identifier: order?.identifiers[Number(id.split('.')[1])], challenges } };
      }
      case 'challenge':
        authorizations.set(id, 'valid');
        return { body: { status: 'processing' } };
      case 'finalize': {
        orderBody(index);
        if (order?.status !== 'ready')
          return problem(403, 'orderNotReady', `it is ${order?.status ?? 'unknown'}`);
        const csr = Buffer.from(typeof payload?.['csr'] === 'string' ? payload['csr'] : '', 'base64url');
        const names = order.identifiers.map(({ type, value }) => `${type.toUpperCase()}:${value}`);
        const leaf = workshop.signCsr(root, csr, [
          `subjectAltName=${names.join(',')}`,
          'extendedKeyUsage=serverAuth',
        ]);
        order.chain = derToPem(leaf) + root.pem;
        order.status = 'valid';
        return { body: orderBody(index) };
      }
      case 'certificate':
        return { body: order?.chain ?? '' };
      default:
        return problem(404, 'malformed', `nothing is at ${path}`);
    }
  }

  const fake: FakeCa = {
    base,
    directoryUrl: `${base}/directory`,
    root,
    orders: [],
    requests: [],
    count: (what) => counts.get(what) ?? 0,
    override: () => null,
    deliver: (_, own) => own,
    directory: {},
    sharesOrders: false,
    forgetAccounts: () => {
      accounts.clear();
    },
    deactivateAccounts: () => {
      for (const { x } of accounts.values()) deactivated.add(x);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return fake;
}

interface Envelope {
  readonly head: {
    readonly url?: string;
    readonly nonce?: string;
    readonly kid?: string;
    readonly jwk?: JsonWebKey;
  };
  readonly payload: Readonly<Record<string, unknown>> | null;
  readonly verifies: (key: JsonWebKey) => boolean;
}

function readEnvelope(text: string): Envelope {
  const { protected: head = '', payload = '', signature = '' } = JSON.parse(text) as Record<string, string>;
  const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return {
    head: decode(head) as Envelope['head'],
    payload: payload === '' ? null : (decode(payload) as Readonly<Record<string, unknown>>),
    verifies: (key) =>
      verify(
        'sha256',
        Buffer.from(`${head}.${payload}`),
        { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
  };
}
