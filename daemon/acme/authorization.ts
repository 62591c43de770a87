/** Shows control of one name (RFC 8555 sections 7.5 and 8.3): puts the answer up, tells the CA, waits for its verdict, takes the answer down whatever happens. */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { IssueContext } from '../ports/issuer.ts';
import type { Challenge } from '../ports/solver.ts';
import { json, protocol } from './client.ts';
import { isIdentifier, isPlanned, type Identifier } from './identifiers.ts';
import { pause, untilNextLook, type OrderTools } from './order-tools.ts';
import { problemFields, problemText } from './problem.ts';

interface Authorization {
  readonly status: string;
  readonly name: string;
  readonly wildcard: boolean;
  readonly challenge: {
    readonly url: string;
    readonly token: string;
    readonly status: string;
    readonly error: unknown;
  } | null;
  readonly retryAt: number | null;
}

/**
 * Makes the authorization valid. IO. Nothing is done when it is valid already, and nothing for a name that is not `planned`: whoever answers for it would
 * show a stranger's request to be theirs. @throws OperationError `acme-challenge-failed`, `unsupported`, `acme-*`
 */
export async function authorize(
  tools: OrderTools,
  url: string,
  planned: readonly Identifier[],
  context: IssueContext,
): Promise<void> {
  const { client, issuer } = tools;
  const { solver, signal } = context;
  const first = await lookAt(tools, url, planned, signal);
  if (first.status === 'valid') return;
  if (first.wildcard) {
    throw new OperationError(
      'unsupported',
      `issuer ${issuer}: a wildcard (*.${first.name}) needs dns-01, which is not there yet; list the names instead`,
      {
        disposition: 'stall',
        endsWhen: ['declaration'],
      },
    );
  }
  if (solver === null || first.challenge === null) {
    const why =
      solver === null
        ? 'its declaration says no way to show control of a name (challenge)'
        : 'the CA offers no http-01';
    throw new OperationError('unsupported', `issuer ${issuer} cannot check ${first.name}: ${why}`, {
      disposition: 'stall',
      endsWhen: ['declaration'],
    });
  }
  if (first.status !== 'pending') throw verdict(tools, first);
  const { token } = first.challenge;
  // Section 8.1. It becomes the name of a file in a web root.
  if (!/^[A-Za-z0-9_-]{1,200}$/.test(token)) throw protocol(issuer, 'a token that is not base64url');
  const challenge: Challenge = {
    type: 'http-01',
    dnsName: first.name,
    token,
    keyAuthorization: `${token}.${client.key.thumbprint}`,
  };
  try {
    await solver.present(challenge, signal);
    if (first.challenge.status === 'pending') {
      await client.post(first.challenge.url, {}, `answering the challenge for ${first.name}`, signal);
    }
    let current = await lookAt(tools, url, planned, signal);
    while (current.status === 'pending' && current.challenge?.status !== 'invalid') {
      await pause(untilNextLook(current.retryAt, tools.now()), signal);
      current = await lookAt(tools, url, planned, signal);
    }
    if (current.status !== 'valid') throw verdict(tools, current);
  } finally {
    // With a signal of its own: a call that was given up must not leave its answer behind.
    await solver
      .cleanUp(challenge, AbortSignal.timeout(limits.acme.requestTimeoutMs))
      .catch((error: unknown) => {
        if (!(error instanceof OperationError)) throw error;
      });
  }
}

function verdict({ issuer }: OrderTools, { name, challenge, status }: Authorization): OperationError {
  const words = problemText(problemFields(challenge?.error, `the authorization is ${status}`));
  const host = name.includes(':') ? `[${name}]` : name;
  return new OperationError(
    'acme-challenge-failed',
    `issuer ${issuer} could not check ${name}: ${words}. It asks http://${host}/.well-known/acme-challenge/: check that this reaches the server that answers.`,
    { disposition: 'retry' },
  );
}

async function lookAt(
  { client, issuer }: OrderTools,
  url: string,
  planned: readonly Identifier[],
  signal: AbortSignal,
): Promise<Authorization> {
  const answer = await client.post(url, null, 'looking at an authorization', signal);
  const value = json(answer.body, issuer, 'an authorization');
  const { status, identifier, wildcard, challenges } = value;
  if (typeof status !== 'string' || !isIdentifier(identifier) || !Array.isArray(challenges)) {
    throw protocol(issuer, 'an authorization without status, identifier or challenges');
  }
  const name = identifier.value;
  if (!isPlanned(identifier, wildcard === true, planned)) {
    const shown = `${wildcard === true ? '*.' : ''}${name}`;
    throw protocol(issuer, `an authorization for ${shown}, which was not asked for; nothing was answered`);
  }
  // It ends up in an address and on screens: a DNS name or an IP address, nothing else.
  if (!/^[a-z0-9.:_-]{1,253}$/i.test(name)) throw protocol(issuer, 'an authorization for what is no name');
  const http = (challenges as readonly (Readonly<Record<string, unknown>> | null)[]).find(
    (each) => each?.['type'] === 'http-01',
  );
  const challenge =
    http == null || typeof http['url'] !== 'string' || typeof http['token'] !== 'string'
      ? null
      : { url: http['url'], token: http['token'], status: String(http['status']), error: http['error'] };
  return { status, name, wildcard: wildcard === true, challenge, retryAt: answer.retryAt };
}
