/** A process that only lives to be killed: opens an embedded CA in a directory and issues, one line of output for each thing that was shown to the outside. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCustody } from '../../daemon/custody/custody.ts';
import { ca } from '../../daemon/issuers/ca.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { pemToDer } from '../../daemon/x509/pem.ts';

const [home = '', csrPath = '', count = '0', id = null] = process.argv.slice(2);
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const signal = AbortSignal.timeout(60_000);
const issuer = ca.create(
  'internal',
  { type: 'ca', organization: 'Example', permittedDnsNames: ['example.com'] },
  {
    now: Date.now,
    secret: () => Promise.reject(new Error('no secrets')),
    agentSocket: () => Promise.reject(new Error('no agent')),

    published: () => Promise.resolve({ text: null, unsure: null }),
    directory: async (name) => {
      const path = join(home, 'issuers', name);
      await mkdir(path, { recursive: true });
      return path;
    },
    custody: await openCustody({ directory: join(home, 'custody'), identity: null, log }),
    log,
  },
);

const say = (word: string, der: Uint8Array | undefined): void => {
  console.log(`${word} ${certificateFacts(der ?? new Uint8Array()).fingerprint}`);
};
say('root', pemToDer((await issuer.trustAnchors(signal))?.[0] ?? '')[0]);
const csr = await readFile(csrPath);
const subject = {
  dnsNames: ['a.example.com'],
  ipAddresses: [],
  usages: ['serverAuth'],
  lifetimeMs: null,
} as const;
for (let index = 0; index < Number(count); index++) {
  const request = {
    id: id ?? `${String(process.pid)}-${String(index)}`,
    certificate: 'web/a',
    csr,
    subject,
    replaces: null,
  };
  const outcome = await issuer
    .issue(request, { signal, handle: null, solver: null, checkpoint: () => Promise.resolve() })
    .catch((error: unknown) => {
      console.log(
        `refused ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`,
      );
      return null;
    });
  if (outcome?.state === 'issued') say('leaf', outcome.chain[0]);
}
