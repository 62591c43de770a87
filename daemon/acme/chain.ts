/** The certificate of a valid order (RFC 8555 section 7.4.2): fetched, read, the preferred chain among those offered, compared with the key it was asked for. */
import { limits } from '../limits.ts';
import { commonNames } from '../x509/distinguished-name.ts';
import { readCertificateFields } from '../x509/certificate.ts';
import { readCsr } from '../x509/csr.ts';
import { certificateFacts } from '../x509/facts.ts';
import { MalformedInput } from '../x509/malformed.ts';
import { pemToDer } from '../x509/pem.ts';
import { protocol } from './client.ts';
import type { OrderTools } from './order-tools.ts';
import { AcmeRefusal, failureOf, isGone } from './problem.ts';

/**
 * DER, leaf first, without a root at the end: servers need not send it. null when the CA keeps the certificate no more. IO, safe to repeat.
 * Without the preferred chain among those offered it takes the CA's own and says so in the log.
 * @throws OperationError `acme-protocol` for what is no chain, and as every request
 */
export async function downloadChain(
  tools: OrderTools,
  url: string | null,
  signal: AbortSignal,
): Promise<readonly Uint8Array[] | null> {
  const { client, issuer, log, preferredChain } = tools;
  if (url === null) throw protocol(issuer, 'a valid order without a certificate');
  const answer = await client.ask(url, null, 'fetching the certificate', signal).catch((error: unknown) => {
    if (!(error instanceof AcmeRefusal)) throw error;
    if (isGone(error.problem)) return null;
    throw failureOf(error.problem, 'fetching the certificate', issuer);
  });
  if (answer === null) return null;
  const first = readChain(tools, answer.body);
  if (preferredChain === null || leadsTo(first, preferredChain)) return first;
  const others = answer.links.filter(({ rel }) => rel === 'alternate');
  for (const other of others.slice(0, limits.acme.alternatesMax)) {
    const chain = readChain(
      tools,
      (await client.post(other.url, null, 'fetching another chain', signal)).body,
    );
    if (leadsTo(chain, preferredChain)) return chain;
  }
  log.warn(
    { issuer, preferredChain },
    `issuer ${issuer} offers no chain to ${preferredChain}; its own is used`,
  );
  return first;
}

/** Is the leaf for the key of this CSR? Pure. @throws MalformedInput when the CSR, which is ours, cannot be read */
export function certifies({ issuer }: OrderTools, chain: readonly Uint8Array[], csr: Uint8Array): boolean {
  const [leaf] = chain;
  if (leaf === undefined) throw protocol(issuer, 'an answer without a certificate');
  return certificateFacts(leaf).spki === readCsr(csr).spki;
}

function readChain({ issuer }: OrderTools, pem: string): readonly Uint8Array[] {
  try {
    const chain = pemToDer(pem).slice(0, limits.x509.chainMax + 1);
    if (chain.length === 0) throw new MalformedInput('it holds none');
    // Reads every one: what is no certificate is refused here, and not where nobody expects it.
    const facts = chain.map((der) => certificateFacts(der));
    return chain.filter((_, index) => index === 0 || facts[index]?.selfSigned !== true);
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    throw protocol(issuer, `a certificate that cannot be read (${error.message})`);
  }
}

/** The issuer of the last certificate has this common name: the whole of it, `X1` is not `X10`. A name that cannot be read is none. */
function leadsTo(chain: readonly Uint8Array[], name: string): boolean {
  const last = chain.at(-1);
  try {
    return last !== undefined && commonNames(readCertificateFields(last).issuer).includes(name);
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return false;
  }
}
