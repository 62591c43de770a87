/** ACME when the CA is in trouble, wiped, shared or hostile: never a second order by mistake, never stuck for ever, never a crash, never its words unbounded. */
import assert from 'node:assert/strict';
import { after, beforeEach, afterEach, describe, test } from 'node:test';
import { certificateId } from '../../daemon/acme/replaces.ts';
import { acme } from '../../daemon/issuers/acme.ts';
import { limits } from '../../daemon/limits.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import type { IssueOutcome, IssueRequest, Issuer, Json } from '../../daemon/ports/issuer.ts';
import type { Tools } from '../../daemon/ports/plugin.ts';
import type { Solver } from '../../daemon/ports/solver.ts';
import { createSecret } from '../../daemon/secrets.ts';
import { readCsr } from '../../daemon/x509/csr.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { problem, startFakeCa, type FakeCa } from './fake-ca.ts';

const workshop = openWorkshop();
after(() => {
  workshop.close();
});

const shown: string[] = [];
const solver: Solver = {
  types: ['http-01'],
  present: ({ token }) => Promise.resolve(void shown.push(token)),
  cleanUp: ({ token }) => Promise.resolve(void shown.splice(shown.indexOf(token), 1)),
};

let ca: FakeCa;
let kept: Map<string, string>;
let warnings: string[];
beforeEach(async () => {
  ca = await startFakeCa(workshop);
  kept = new Map();
  warnings = [];
  shown.length = 0;
});
afterEach(() => ca.close());

function open(config: Record<string, unknown> = {}): Issuer {
  const tools: Tools = {
    now: Date.now,
    secret: () => Promise.resolve(createSecret('')),
    agentSocket: () => Promise.reject(new Error('no agent')),

    published: () => Promise.resolve({ text: null, unsure: null }),
    directory: () => Promise.resolve(workshop.directory),
    custody: {
      read: (name) => Promise.resolve(kept.get(name) ?? null),
      write: (name, pem) => Promise.resolve(void kept.set(name, pem)),
    },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_, message) => void warnings.push(message),
      error: () => undefined,
    },
  };
  return acme.create(
    'fake',
    {
      type: 'acme',
      directory: ca.directoryUrl,
      termsOfServiceAgreed: true,
      challenge: { type: 'standalone' },
      ...config,
    },
    tools,
  );
}

/** One call, and the last handle that it wrote down. */
async function call(
  issuer: Issuer,
  asked: IssueRequest,
  handle: Json | null = null,
  signal: AbortSignal = AbortSignal.timeout(30_000),
): Promise<{ readonly outcome: IssueOutcome | OperationError; readonly handle: Json | null }> {
  let last = handle;
  const outcome = await issuer
    .issue(asked, { signal, handle, solver, checkpoint: (next) => Promise.resolve(void (last = next)) })
    .catch((error: unknown) => {
      if (error instanceof OperationError) return error;
      throw error;
    });
  return { outcome, handle: last };
}

function assertFailed(outcome: IssueOutcome | OperationError, code: string, message = /./): OperationError {
  assert.ok(outcome instanceof OperationError, 'it should have failed');
  assert.equal(outcome.code, code, outcome.message);
  assert.match(outcome.message, message);
  assert.doesNotMatch(outcome.message, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.ok(outcome.message.length < 5000, 'bounded');
  return outcome;
}

function leafOf(outcome: IssueOutcome | OperationError): Uint8Array {
  if (outcome instanceof OperationError) throw outcome;
  assert.equal(outcome.state, 'issued');
  const [leaf] = outcome.state === 'issued' ? outcome.chain : [];
  assert.ok(leaf !== undefined);
  return leaf;
}

const shop = (id = 'one'): IssueRequest => request(workshop, 'shop.example.com', id);

test('the fake CA issues: signatures, nonces and addresses are what RFC 8555 wants', async () => {
  const asked = shop();
  const leaf = leafOf((await call(open(), asked)).outcome);
  assert.equal(certificateFacts(leaf).spki, readCsr(asked.csr).spki);
  assert.deepEqual(shown, [], 'the answer is taken down');
  assert.equal(ca.count('nonce'), 1, 'the nonce of each answer is used for the next request');
});

describe('an order is never made twice by mistake', () => {
  for (const [name, answer, code] of [
    ['busy', problem(429, 'rateLimited', 'slow down'), 'rate-limited'],
    ['in trouble', { status: 503, body: 'maintenance' }, 'acme-server'],
    ['refusing every nonce', problem(400, 'badNonce', 'no'), 'acme-protocol'],
  ] as const) {
    test(`the CA is ${name} when the order is looked at again: it is kept`, async () => {
      const asked = shop();
      ca.override = ({ what }) => (what === 'authz' ? problem(500, 'serverInternal', 'oops') : null);
      const first = await call(open(), asked);
      assertFailed(first.outcome, 'acme-server', /oops/);
      ca.override = ({ what }) => (what === 'order' ? answer : null);
      const second = await call(open(), asked, first.handle);
      assertFailed(second.outcome, code);
      ca.override = () => null;
      leafOf((await call(open(), asked, second.handle)).outcome);
      assert.equal(ca.count('new-order'), 1);
    });
  }

  test('the answer to newOrder is lost: the order is found in the list, also when the list cannot be read at first', async () => {
    const asked = shop();
    ca.deliver = ({ what }, answer) => (what === 'new-order' ? { status: 502, body: 'bad gateway' } : answer);
    const first = await call(open(), asked);
    assertFailed(first.outcome, 'acme-server', /502/);
    assert.deepEqual(first.handle, { order: null });
    ca.override = ({ what }) => (what === 'orders' ? { status: 503 } : null);
    const second = await call(open(), asked, first.handle);
    assertFailed(second.outcome, 'acme-server');
    ca.override = () => null;
    leafOf((await call(open(), asked, second.handle)).outcome);
    assert.equal(ca.count('new-order'), 1);
  });

  test('the answer to newOrder is lost, and the list of orders is as long as an answer may be: it is looked through, from its end', async () => {
    const asked = shop();
    ca.deliver = ({ what }, answer) => (what === 'new-order' ? { status: 502, body: 'bad gateway' } : answer);
    const first = await call(open(), asked);
    // More than an engine takes as arguments of one call.
    const many = Array.from({ length: 200_000 }, () => '');
    ca.deliver = ({ what }, answer) => {
      if (what !== 'orders') return answer;
      const { orders } = answer.body as { readonly orders: readonly string[] };
      return { body: { orders: [...many, ...orders] } };
    };
    leafOf((await call(open(), asked, first.handle)).outcome);
    assert.equal(ca.count('new-order'), 1);
  });

  test('the answer to finalize is lost: the order is asked, not finalized again', async () => {
    const asked = shop();
    ca.deliver = ({ what }, answer) => (what === 'finalize' ? { status: 502, body: 'bad gateway' } : answer);
    const first = await call(open(), asked);
    assertFailed(first.outcome, 'acme-server', /502/);
    leafOf((await call(open(), asked, first.handle)).outcome);
    assert.equal(ca.count('finalize'), 1);
    assert.equal(ca.count('new-order'), 1);
  });
});

describe('nothing is stuck for ever', () => {
  test('the issuer moved to another server: the old order is left, a new one is made there', async () => {
    const asked = shop();
    leafOf((await call(open(), asked, { order: 'https://old.example.com/order/1' })).outcome);
    assert.equal(ca.count('new-order'), 1);
  });

  test('an order in a state RFC 8555 does not know is left for a new one', async () => {
    const asked = shop();
    ca.override = ({ what }) => (what === 'authz' ? { status: 500 } : null);
    const { handle } = await call(open(), asked);
    const [order] = ca.orders;
    assert.ok(order !== undefined);
    order.status = 'expired';
    ca.override = () => null;
    leafOf((await call(open(), asked, handle)).outcome);
    assert.equal(ca.orders.length, 2);
  });

  test('the CA forgot the account: it is opened again at the next try, without a restart', async () => {
    const issuer = open();
    leafOf((await call(issuer, shop())).outcome);
    ca.forgetAccounts();
    const failed = assertFailed((await call(issuer, shop('two'))).outcome, 'acme-account');
    assert.equal(failed.disposition, 'retry');
    leafOf((await call(issuer, shop('two'))).outcome);
  });

  for (const when of ['while it is open', 'before it is opened again'] as const)
    test(`the account is deactivated ${when}: everything of the issuer waits, the message says the way out, and that is one`, async () => {
      let issuer = open();
      leafOf((await call(issuer, shop())).outcome);
      ca.deactivateAccounts();
      if (when === 'before it is opened again') issuer = open();
      for (let tries = 0; tries < 2; tries++) {
        const failed = assertFailed(
          (await call(issuer, shop('two'))).outcome,
          'acme-account',
          /deactivated\. .*final \(RFC 8555 section 7\.3\.6\): move acme\/fake\/account\.age of the custody directory aside, and the next try opens a new account/,
        );
        assert.equal(failed.scope, 'issuer');
        assert.ok(failed.endsWhen.includes('data-directory'));
      }
      const old = kept.get('acme/fake/account');
      kept.delete('acme/fake/account');
      leafOf((await call(issuer, shop('two'))).outcome);
      assert.notEqual(kept.get('acme/fake/account'), old);
    });

  test('an order that the CA refuses to this account alone is no trouble of the account', async () => {
    const issuer = open();
    leafOf((await call(issuer, shop())).outcome);
    ca.override = ({ what }) => (what === 'new-order' ? problem(403, 'unauthorized', 'not this name') : null);
    assert.equal(
      assertFailed((await call(issuer, shop('two'))).outcome, 'acme-rejected').scope,
      'installation',
    );
  });

  test('two installations of the same names share an order at a CA that shares: each gets its own key certified', async () => {
    ca.sharesOrders = true;
    const issuer = open();
    const [one, two] = [shop('one'), shop('two')];
    // The second joins the order while it is open, then finds it finalized for the first.
    ca.override = ({ what }) => (what === 'finalize' ? { status: 503 } : null);
    const second = await call(issuer, two);
    assertFailed(second.outcome, 'acme-server');
    ca.override = () => null;
    assert.equal(certificateFacts(leafOf((await call(issuer, one)).outcome)).spki, readCsr(one.csr).spki);
    assert.equal(
      certificateFacts(leafOf((await call(issuer, two, second.handle)).outcome)).spki,
      readCsr(two.csr).spki,
    );
  });

  test('two installations that share an order at the same time both end with a certificate', async () => {
    ca.sharesOrders = true;
    const issuer = open();
    const asked = [shop('one'), shop('two')];
    const called = await Promise.all(asked.map((each) => call(issuer, each)));
    for (const [index, { outcome }] of called.entries()) {
      const csr = asked[index]?.csr ?? new Uint8Array();
      assert.equal(certificateFacts(leafOf(outcome)).spki, readCsr(csr).spki);
    }
    assert.equal(ca.orders.length, 2);
  });

  test('the certificate of a valid order is gone: a new one is ordered', async () => {
    const asked = shop();
    const first = await call(open(), asked);
    leafOf(first.outcome);
    ca.override = ({ what, path }) =>
      what === 'certificate' && path.endsWith('/0') ? problem(404, 'malformed', 'pruned') : null;
    leafOf((await call(open(), asked, first.handle)).outcome);
    assert.equal(ca.orders.length, 2);
  });

  test('a CA that certifies another key each time is told so, after one more order', async () => {
    const stranger = workshop.leaf(ca.root, 'shop.example.com').pem;
    ca.override = ({ what }) => (what === 'certificate' ? { body: stranger } : null);
    assertFailed((await call(open(), shop())).outcome, 'acme-protocol', /another key/);
    assert.ok(ca.count('new-order') <= 2);
  });

  test('a Retry-After of decades is looked at again within a day', async () => {
    ca.override = ({ what }) =>
      what === 'new-order'
        ? { ...problem(429, 'rateLimited', 'x'), headers: { 'retry-after': '999999999' } }
        : null;
    const failed = assertFailed((await call(open(), shop())).outcome, 'rate-limited');
    assert.ok((failed.retryAt ?? 0) <= Date.now() + limits.backoff.retryAfterMaxMs);
  });
});

describe('a CA in trouble is waited for as long as it says', () => {
  test('when it is asked for a nonce', async () => {
    ca.override = ({ what }) =>
      what === 'nonce' ? { status: 503, headers: { 'retry-after': '600' } } : null;
    const failed = assertFailed((await call(open(), shop())).outcome, 'rate-limited');
    assert.ok((failed.retryAt ?? 0) > Date.now() + 500_000);
  });

  test('when it says why', async () => {
    ca.override = ({ what }) =>
      what === 'new-order'
        ? { ...problem(503, 'serverInternal', 'maintenance'), headers: { 'retry-after': '600' } }
        : null;
    const failed = assertFailed((await call(open(), shop())).outcome, 'acme-server');
    assert.ok((failed.retryAt ?? 0) > Date.now() + 500_000);
  });
});

describe('a hostile CA', () => {
  const order = (changes: object): object => ({
    status: 'pending',
    identifiers: [{ type: 'dns', value: 'shop.example.com' }],
    authorizations: [`${ca.base}/authz/0.0`],
    finalize: `${ca.base}/finalize/0`,
    ...changes,
  });

  test('an order at another server is refused and never written down', async () => {
    ca.override = ({ what }) =>
      what === 'new-order'
        ? { status: 201, headers: { location: 'https://evil.example.com/order' }, body: order({}) }
        : null;
    const { outcome, handle } = await call(open(), shop());
    assertFailed(outcome, 'acme-protocol', /another server/);
    assert.deepEqual(handle, { order: null });
  });

  test('a redirect of a signed request is no success', async () => {
    ca.override = ({ what }) =>
      what === 'new-order' ? { status: 307, headers: { location: 'https://evil.example.com/order' } } : null;
    const { outcome, handle } = await call(open(), shop());
    assertFailed(outcome, 'acme-rejected', /307/);
    assert.deepEqual(handle, { order: null });
  });

  for (const place of ['authorizations', 'finalize', 'certificate'] as const) {
    test(`an address on another server for ${place} gets no request`, async () => {
      const evil = 'https://evil.example.com/x';
      const lie =
        place === 'authorizations'
          ? { authorizations: [evil] }
          : place === 'finalize'
            ? { status: 'ready', finalize: evil }
            : { status: 'valid', certificate: evil };
      ca.override = ({ what }) =>
        what === 'order' || what === 'new-order'
          ? { headers: { location: `${ca.base}/order/0` }, body: order(lie) }
          : null;
      assertFailed((await call(open(), shop())).outcome, 'acme-protocol', /another server/);
    });
  }

  test('an order that is ready again after each finalize ends with a message, not with a flood', async () => {
    ca.override = ({ what }) =>
      ['order', 'new-order', 'finalize'].includes(what)
        ? { headers: { location: `${ca.base}/order/0` }, body: order({ status: 'ready' }) }
        : null;
    assertFailed((await call(open(), shop())).outcome, 'acme-protocol', /ready/);
    assert.ok(ca.count('finalize') <= 2, `${String(ca.count('finalize'))} finalize requests`);
  });

  for (const [name, body] of [
    [
      'bytes that are no certificate',
      `-----BEGIN CERTIFICATE-----\n${Buffer.from('hello').toString('base64')}\n-----END CERTIFICATE-----\n`,
    ],
    ['a block without an end', '-----BEGIN CERTIFICATE-----\nAAAA'],
    ['HTML', '<html>'],
    ['nothing', ''],
  ] as const) {
    test(`${name} for a certificate is a failure, not a crash`, async () => {
      ca.override = ({ what }) => (what === 'certificate' ? { body } : null);
      assertFailed((await call(open({ preferredChain: 'Any' }), shop())).outcome, 'acme-protocol');
    });
  }

  for (const [name, body] of [
    ['a list', []],
    ['null', null],
    ['text', 'hello'],
    ['nothing in it', {}],
    ['types that are not', { status: 1, identifiers: 'x', authorizations: {}, finalize: [] }],
    ['nulls inside', { status: 'pending', identifiers: [null], authorizations: [null, 3], finalize: 'x' }],
  ] as const) {
    test(`${name} for an order is a failure, not a crash`, async () => {
      ca.override = ({ what }) =>
        what === 'new-order' || what === 'order'
          ? { headers: { location: `${ca.base}/order/0` }, body: JSON.stringify(body) }
          : null;
      const { outcome } = await call(open(), shop(), null, AbortSignal.timeout(1500));
      assert.ok(outcome instanceof OperationError, 'it fails');
    });
  }

  for (const [name, body] of [
    [
      'null challenges',
      { status: 'pending', identifier: { type: 'dns', value: 'shop.example.com' }, challenges: [null, 1] },
    ],
    [
      'a token that is a path',
      {
        status: 'pending',
        identifier: { value: 'shop.example.com' },
        challenges: [{ type: 'http-01', url: 'x', token: '../../etc/passwd', status: 'pending' }],
      },
    ],
    [
      'a name with control characters',
      {
        status: 'invalid',
        identifier: { value: 'a\u001b[2J\u202eb' },
        challenges: [{ type: 'http-01', url: 'x', token: 'abc', status: 'invalid' }],
      },
    ],
    [
      'a name without end',
      {
        status: 'invalid',
        identifier: { value: 'a'.repeat(100_000) },
        challenges: [{ type: 'http-01', url: 'x', token: 'abc', status: 'invalid' }],
      },
    ],
  ] as const) {
    test(`${name} in an authorization: refused, nothing is put up`, async () => {
      ca.override = ({ what }) => (what === 'authz' ? { body } : null);
      const put: string[] = [];
      const watching: Solver = { ...solver, present: ({ token }) => Promise.resolve(void put.push(token)) };
      const outcome = await open()
        .issue(shop(), {
          signal: AbortSignal.timeout(10_000),
          handle: null,
          solver: watching,
          checkpoint: () => Promise.resolve(),
        })
        .catch((error: unknown) => error);
      assert.ok(outcome instanceof OperationError, String(outcome));
      assert.doesNotMatch(outcome.message, /[\p{Cc}\p{Cf}]/u);
      assert.ok(outcome.message.length < 2000);
      assert.deepEqual(put, []);
    });
  }

  for (const type of ['constructor', '__proto__', 'toString']) {
    test(`a problem of type ${type} is an ordinary refusal`, async () => {
      ca.override = ({ what }) => (what === 'new-order' ? problem(400, type, 'x') : null);
      const failed = assertFailed((await call(open(), shop())).outcome, 'acme-rejected');
      assert.equal(failed.disposition, 'retry');
    });
  }

  test('its words are one bounded line without control or direction characters', async () => {
    const words = `a\u001b[31m\u202e\u2028b${'x'.repeat(5000)}`;
    ca.override = ({ what }) =>
      what === 'new-order'
        ? problem(400, words, words, {
            subproblems: Array.from({ length: 20 }, () => ({ identifier: { value: words }, detail: words })),
          })
        : null;
    const failed = assertFailed((await call(open(), shop())).outcome, 'acme-rejected');
    assert.ok(failed.message.length < 4500, `${String(failed.message.length)} characters`);
  });

  test('what it says of single names reaches the reader', async () => {
    ca.override = ({ what }) =>
      what === 'new-order' || what === 'order'
        ? {
            headers: { location: `${ca.base}/order/0` },
            body: order({
              status: 'invalid',
              error: {
                type: 'urn:ietf:params:acme:error:compound',
                detail: 'several',
                subproblems: [
                  {
                    type: 'x',
                    detail: 'CAA forbids',
                    identifier: { type: 'dns', value: 'shop.example.com' },
                  },
                ],
              },
            }),
          }
        : null;
    assertFailed(
      (await call(open(), shop())).outcome,
      'acme-order-invalid',
      /shop\.example\.com: CAA forbids/,
    );
  });
});

test('a look opens no account and keeps no key: a binding may be good for one account only', async () => {
  ca.override = ({ payload }) =>
    payload?.['onlyReturnExisting'] === true ? problem(400, 'accountDoesNotExist', 'who?') : null;
  assert.match(await open().check(AbortSignal.timeout(10_000)), /has no account of ours yet/);
  assert.deepEqual([...kept.keys()], []);
  const asked = ca.requests.filter((each) => each.what === 'account');
  assert.ok(asked.length > 0);
  assert.ok(asked.every((each) => each.payload?.['onlyReturnExisting'] === true));
});

describe('a declaration that cannot work is said, not crashed on', () => {
  test('a directory that is no URL', async () => {
    await assert.rejects(open({ directory: 'https://[' }).check(AbortSignal.timeout(5000)), OperationError);
  });
  test('trust that is no certificate', async () => {
    const trust = '-----BEGIN CERTIFICATE-----\nhello\n-----END CERTIFICATE-----\n';
    await assert.rejects(
      open({ directory: 'https://127.0.0.1:1/dir', trust }).check(AbortSignal.timeout(5000)),
      OperationError,
    );
  });
  test('roots that are no certificate', async () => {
    const roots = '-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n';
    await assert.rejects(open({ roots }).trustAnchors(AbortSignal.timeout(5000)), OperationError);
  });
  test('an account key in custody that is none', async () => {
    kept.set('acme/fake/account', 'hello');
    await assert.rejects(open().check(AbortSignal.timeout(5000)), {
      name: 'OperationError',
      code: 'acme-account',
    });
  });
});

describe('the preferred chain', () => {
  test('is taken by its whole name, and its absence is said', async () => {
    const other = workshop.ca('Fake Root X10');
    const asked = shop();
    ca.override = ({ what, path }) => {
      if (what !== 'certificate') return null;
      const leaf = ca.orders[0]?.chain?.split('-----END CERTIFICATE-----\n')[0] ?? '';
      const between = workshop.ca('Between', { issuer: path.endsWith('alternate') ? other : ca.root });
      return {
        headers: { link: `<${ca.base}/certificate/0/alternate>;rel="alternate"` },
        body: `${leaf}-----END CERTIFICATE-----\n${between.pem}`,
      };
    };
    const last = async (preferredChain: string): Promise<string> => {
      const { outcome } = await call(open({ preferredChain }), asked, { order: `${ca.base}/order/0` });
      if (outcome instanceof OperationError || outcome.state !== 'issued')
        throw new Error('not issued', { cause: outcome });
      return certificateFacts(outcome.chain.at(-1) ?? new Uint8Array()).issuer;
    };
    assert.equal(await last('Fake Root X10'), 'CN=Fake Root X10');
    assert.deepEqual(warnings, []);
    assert.equal(await last('Fake Root'), 'CN=Fake Root');
    assert.equal(await last('Fake Root X1'), 'CN=Fake Root');
    assert.match(warnings.join(), /Fake Root X1/);
  });
});

describe('which certificate an order replaces (RFC 9773)', () => {
  const before = workshop.ca('Before', {
    extensions: ['basicConstraints=critical,CA:TRUE', 'subjectKeyIdentifier=hash'],
  });
  const old = workshop.leaf(before, 'shop.example.com', {
    extensions: ['subjectAltName=DNS:shop.example.com', 'authorityKeyIdentifier=keyid:always'],
  }).der;
  const renewal = (): IssueRequest => ({ ...shop(), replaces: old });
  const told = (): unknown[] =>
    ca.requests
      .filter(({ what }) => what === 'new-order')
      .map(({ payload }) => payload?.['replaces'] ?? null);

  test('is told to a CA that has renewalInfo, and to no other', async () => {
    leafOf((await call(open(), renewal())).outcome);
    assert.deepEqual(told(), [null]);
    ca.directory = { renewalInfo: `${ca.base}/renewal` };
    leafOf((await call(open(), renewal())).outcome);
    assert.deepEqual(told(), [null, certificateId(old)]);
  });

  for (const [status, type] of [
    [409, 'alreadyReplaced'],
    [400, 'malformed'],
    [403, 'unauthorized'],
    [404, 'malformed'],
  ] as const) {
    test(`is left out when the CA refuses it (${String(status)} ${type}): there is one order in the end`, async () => {
      ca.directory = { renewalInfo: `${ca.base}/renewal` };
      ca.override = ({ what, payload }) =>
        what === 'new-order' && payload?.['replaces'] !== undefined
          ? problem(status, type, 'not that one')
          : null;
      leafOf((await call(open(), renewal())).outcome);
      assert.deepEqual(told(), [certificateId(old), null]);
      assert.equal(ca.orders.length, 1);
    });
  }

  test('does not hide a rate limit: nothing is asked twice', async () => {
    ca.directory = { renewalInfo: `${ca.base}/renewal` };
    ca.override = ({ what }) => (what === 'new-order' ? problem(429, 'rateLimited', 'slow down') : null);
    assertFailed((await call(open(), renewal())).outcome, 'rate-limited');
    assert.equal(ca.count('new-order'), 1);
  });
});

describe('what was not asked for is never answered', () => {
  const authorizations: readonly [string, object][] = [
    ['another name', { identifier: { type: 'dns', value: 'pay.example.com' } }],
    ['another kind of identifier', { identifier: { type: 'ip', value: 'shop.example.com' } }],
    ['a wildcard', { wildcard: true }],
    [
      'another name that is valid already',
      { identifier: { type: 'dns', value: 'pay.example.com' }, status: 'valid' },
    ],
  ];
  for (const [name, change] of authorizations) {
    test(`an authorization for ${name}`, async () => {
      ca.deliver = ({ what }, answer) =>
        what === 'authz' ? { ...answer, body: { ...(answer.body as object), ...change } } : answer;
      assertFailed(
        (await call(open(), shop())).outcome,
        'acme-protocol',
        /was not asked for; nothing was answered/,
      );
      assert.deepEqual(shown, []);
      assert.equal(ca.count('challenge'), 0);
    });
  }

  const orders: readonly [string, (identifiers: readonly object[]) => readonly object[]][] = [
    ['other names', () => [{ type: 'dns', value: 'pay.example.com' }]],
    ['more names', (asked) => [...asked, { type: 'dns', value: 'pay.example.com' }]],
    ['fewer names', () => []],
    ['a wildcard', () => [{ type: 'dns', value: '*.shop.example.com' }]],
  ];
  for (const [name, change] of orders) {
    test(`an order for ${name}`, async () => {
      ca.deliver = ({ what }, answer) => {
        const body = answer.body as { identifiers?: readonly object[] } | undefined;
        return body?.identifiers === undefined || what === 'authz'
          ? answer
          : { ...answer, body: { ...body, identifiers: change(body.identifiers) } };
      };
      assertFailed((await call(open(), shop())).outcome, 'acme-protocol', /not what was asked for/);
      assert.equal(ca.count('authz') + ca.count('finalize'), 0);
    });
  }

  for (const token of ['../../../etc/cron.d/x', 'a/b', 'a b', '', 'a+b', 'a\n', 'x'.repeat(201)]) {
    test(`a token ${JSON.stringify(token).slice(0, 30)}`, async () => {
      ca.deliver = ({ what }, answer) => {
        const body = answer.body as { challenges?: readonly object[] };
        return what === 'authz'
          ? {
              ...answer,
              body: { ...body, challenges: (body.challenges ?? []).map((each) => ({ ...each, token })) },
            }
          : answer;
      };
      assertFailed((await call(open(), shop())).outcome, 'acme-protocol', /base64url/);
      assert.deepEqual(shown, []);
    });
  }

  for (const field of ['finalize', 'certificate', 'authorizations', 'url'] as const) {
    for (const address of [
      'https://elsewhere.example/x',
      'http://me:pw@HOST/x',
      '/relative',
      'file:///etc/passwd',
    ]) {
      test(`${field} at ${address}`, async () => {
        const away = address.replace('HOST', new URL(ca.base).host);
        ca.deliver = ({ what }, answer) => {
          const body = answer.body as Record<string, unknown> | undefined;
          if (field === 'url' && what === 'authz')
            return {
              ...answer,
              body: {
                ...body,
                challenges: ((body ?? {})['challenges'] as object[]).map((each) => ({ ...each, url: away })),
              },
            };
          return field !== 'url' && body?.[field] !== undefined
            ? { ...answer, body: { ...body, [field]: field === 'authorizations' ? [away] : away } }
            : answer;
        };
        assertFailed((await call(open(), shop())).outcome, 'acme-protocol', /on another server/);
      });
    }
  }
});

test('an order of before for other names than are planned now is left alone, and a new one is made', async () => {
  const issuer = open();
  const { handle } = await call(issuer, shop());
  const before = ca.orders.length;
  leafOf((await call(issuer, request(workshop, 'pay.example.com', 'one'), handle)).outcome);
  assert.equal(ca.orders.length, before + 1);
});
