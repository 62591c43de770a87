/** Reads what the endpoint's script says. Every line comes from a machine we do not trust: bounded, checked, never interpreted. Pure. */
import type { StoreObservation } from '../../core/model.ts';
import { OperationError } from '../../ports/failure.ts';
import { certificateFacts } from '../../x509/facts.ts';
import { pemToDer } from '../../x509/pem.ts';

const generationPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** The answer to `inspect`. @throws OperationError `ssh-command-failed` when it is not one */
export function readInspection(text: string, where: string): StoreObservation {
  const lines = text.split('\n');
  const version = /^renewd-endpoint ([1-9][0-9]{0,5})$/.exec(lines[0] ?? '')?.[1];
  if (version === undefined) {
    throw new OperationError(
      'ssh-command-failed',
      `${where} answered something else than renewd's script: ${JSON.stringify((lines[0] ?? '').slice(0, 80))}. Look at what its shell prints at log-in.`,
      {
        disposition: 'retry',
      },
    );
  }
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
    else if (word === 'generation' && generationPattern.test(rest)) generations.push(rest);
    else if (word === 'key') keyMatches = rest === 'yes';
    else if (word === 'broken') brokenLinks.push(rest);
    else if (word === 'leaf') {
      const end = lines.indexOf('end', index);
      if (end < 0) break;
      pems.set(rest, lines.slice(index + 1, end).join('\n'));
      index = end;
    }
  }
  const facts = new Map([...pems].map(([name, pem]) => [name, leafFacts(pem)]));
  return {
    current: current !== null && generations.includes(current) ? current : null,
    previous: previous !== null && generations.includes(previous) ? previous : null,
    // `adopted` is what stood there before renewd: older than everything.
    generations: generations.sort((left, right) =>
      left === 'adopted' ? -1 : right === 'adopted' ? 1 : left < right ? -1 : 1,
    ),
    leaf: current === null ? null : (facts.get(current) ?? null),
    leaves: Object.fromEntries(
      [...facts].flatMap(([name, leaf]) => (leaf === null ? [] : [[name, leaf.fingerprint]])),
    ),
    keyMatches,
    brokenLinks,
  };
}

/** null for what is no certificate: an endpoint may hold anything. */
function leafFacts(pem: string): ReturnType<typeof certificateFacts> | null {
  try {
    const [der] = pemToDer(pem);
    return der === undefined ? null : certificateFacts(der);
  } catch {
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
