/** Reads what the endpoint's script says. Every line comes from a machine we do not trust: bounded, checked, never interpreted. Pure. */
import { createHash } from 'node:crypto';
import type { StoreObservation } from '../../core/model.ts';
import { limits } from '../../limits.ts';
import { OperationError } from '../../ports/failure.ts';
import { firstOf, saidText } from '../../said-text.ts';
import { readCertificateFields } from '../../x509/certificate.ts';
import { certificateFacts } from '../../x509/facts.ts';
import { MalformedInput } from '../../x509/malformed.ts';
import { pemToDer } from '../../x509/pem.ts';

const generationPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** The answer to `inspect`; `newest` is the version of the script that this renewd brings. @throws OperationError `ssh-command-failed` when it is not one */
export function readInspection(text: string, where: string, newest = 0): StoreObservation {
  const lines = text.split('\n');
  const version = readVersion(lines[0] ?? '');
  if (version === null) {
    const [first = ''] = saidText(text).split('\n', 1);
    throw new OperationError(
      'ssh-command-failed',
      `${where} answered something else than renewd's script: ${JSON.stringify(firstOf(first, limits.target.answerShownMaxChars))}. Look at what its shell prints at log-in.`,
      {
        disposition: 'retry',
      },
    );
  }
  const { generationsShownMax, brokenLinksShownMax } = limits.target;
  const generations: string[] = [];
  const brokenLinks: string[] = [];
  const pems = new Map<string, string>();
  let current: string | null = null;
  let previous: string | null = null;
  let keyMatches: boolean | null = null;
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const space = line.indexOf(' ');
    const word = space < 0 ? line : line.slice(0, space);
    const rest = space < 0 ? '' : line.slice(space + 1);
    if (word === 'current') current = generationPattern.test(rest) ? rest : null;
    else if (word === 'previous') previous = generationPattern.test(rest) ? rest : null;
    else if (
      word === 'generation' &&
      generationPattern.test(rest) &&
      generations.length < generationsShownMax
    )
      generations.push(rest);
    else if (word === 'key') keyMatches = rest === 'yes';
    else if (word === 'broken' && brokenLinks.length < brokenLinksShownMax) brokenLinks.push(rest);
    else if (word === 'leaf') {
      const end = lines.indexOf('end', index);
      if (end < 0) break;
      if (pems.size < generationsShownMax || rest === current)
        pems.set(rest, lines.slice(index + 1, end).join('\n'));
      index = end;
    }
  }
  // What the others are is never asked: one verification an answer, however many certificates it has.
  const shown = current === null ? undefined : pems.get(current);
  return {
    current: current !== null && generations.includes(current) ? current : null,
    previous: previous !== null && generations.includes(previous) ? previous : null,
    // `adopted` is what stood there before renewd: older than everything.
    generations: generations.sort((left, right) =>
      left === 'adopted' ? -1 : right === 'adopted' ? 1 : left < right ? -1 : 1,
    ),
    leaf: shown === undefined ? null : leafFacts(shown),
    leaves: Object.fromEntries(
      [...pems].flatMap(([name, pem]) => {
        const fingerprint = fingerprintOf(pem);
        return fingerprint === null ? [] : [[name, fingerprint]];
      }),
    ),
    keyMatches,
    brokenLinks,
    ...(version < newest ? { outdatedHelper: { installed: version, current: newest } } : {}),
  };
}

/** The version a script says it is; null when it says something else. */
export function readVersion(text: string): number | null {
  const digits = /^renewd-endpoint ([1-9][0-9]{0,5})\n?$/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** What the script signs for a challenge, letter by letter as it stands there. Pure. */
export function proofStatement(store: string, generation: string, challenge: string): string {
  return `renewd: an endpoint proves that it has the key of a certificate; this is good for nothing else.\nstore ${store}\ngeneration ${generation}\nchallenge ${challenge}\n`;
}

/** The answer to `prove`: chain (DER, every one a certificate that can be read) and signature. @throws OperationError `ssh-command-failed` when it is not one */
export function readProof(
  text: string,
  where: string,
): { readonly chain: readonly Uint8Array[]; readonly signature: Uint8Array } {
  const [first = '', ...rest] = text.split('\n');
  const at = rest.indexOf('signature');
  const end = rest.indexOf('end', at);
  const base64 = rest.slice(at + 1, end).join('');
  try {
    if (readVersion(first) !== null && at >= 0 && end > at && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
      const chain = pemToDer(rest.slice(0, at).join('\n'));
      // Each is read here as what it claims to be: what comes out of this file is certificates, not blocks.
      if (chain.length <= limits.x509.chainMax && chain.every((der) => certificateFacts(der).spki !== ''))
        return { chain, signature: Buffer.from(base64, 'base64') };
    }
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
  }
  throw new OperationError(
    'ssh-command-failed',
    `${where} answered a challenge with something else than a proof`,
    {
      disposition: 'retry',
    },
  );
}

/** Of what can be read as a certificate, without verifying anything; null for what is none. */
function fingerprintOf(pem: string): string | null {
  try {
    const [der] = pemToDer(pem);
    if (der === undefined) return null;
    readCertificateFields(der);
    return createHash('sha256').update(der).digest('hex');
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return null;
  }
}

/** null for what is no certificate: an endpoint may hold anything. */
function leafFacts(pem: string): ReturnType<typeof certificateFacts> | null {
  try {
    const [der] = pemToDer(pem);
    return der === undefined ? null : certificateFacts(der);
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return null;
  }
}

/** The configuration of `openssl req` that asks for exactly these names. Names were checked when they were declared; checked again here because they become lines. Pure. */
export function csrConfiguration(dnsNames: readonly string[], ipAddresses: readonly string[]): string {
  const bad = [
    ...dnsNames.filter((name) => !/^[a-z0-9*._-]+$/.test(name)),
    ...ipAddresses.filter((each) => !/^[0-9a-f.:]+$/.test(each)),
  ][0];
  if (bad !== undefined) {
    throw new OperationError('unsupported', `${JSON.stringify(bad)} is no name a CSR can be made for`, {
      disposition: 'stall',
      endsWhen: ['declaration'],
    });
  }
  return [
    '[req]',
    'prompt = no',
    'utf8 = yes',
    'distinguished_name = dn',
    'req_extensions = ext',
    '[dn]',
    ...(dnsNames[0] !== undefined && dnsNames[0].length <= 64 ? [`CN = ${dnsNames[0]}`] : []),
    '[ext]',
    'subjectAltName = @names',
    '[names]',
    ...dnsNames.map((name, index) => `DNS.${String(index + 1)} = ${name}`),
    ...ipAddresses.map((address, index) => `IP.${String(index + 1)} = ${address}`),
    '',
  ].join('\n');
}
