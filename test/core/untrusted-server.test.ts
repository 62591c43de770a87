/** With real servers: what a client of Node ends with, in words of renewd's own settings. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTransport } from '../../daemon/acme/transport.ts';
import { createHttpTransport } from '../../daemon/git/http-transport.ts';
import { readTrustedRoots } from '../../daemon/x509/roots.ts';

const root = mkdtempSync(join(tmpdir(), 'renewd-untrusted-'));
const servers: Server[] = [];

async function serve(
  name: string,
  ...options: string[]
): Promise<{ readonly url: string; readonly pem: string }> {
  const at = (end: string): string => join(root, `${name}.${end}`);
  const subject = [
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=${name === 'other' ? 'DNS:other.example' : 'IP:127.0.0.1'}`,
  ];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      at('key'),
      '-out',
      at('crt'),
      '-days',
      '2',
      ...subject,
      ...options,
    ],
    { stdio: 'ignore' },
  );
  const pem = readFileSync(at('crt'), 'utf8');
  const server = createServer({ key: readFileSync(at('key')), cert: pem }, (_, response) =>
    response.end('{}'),
  );
  server.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}/directory`, pem };
}

let own: Awaited<ReturnType<typeof serve>>;
let other: Awaited<ReturnType<typeof serve>>;
before(async () => {
  own = await serve('own');
  other = await serve('other');
});
after(() => {
  for (const each of servers) each.close();
  rmSync(root, { recursive: true, force: true });
});

async function said(url: string, trust: string | null): Promise<string> {
  const transport = createTransport({
    issuer: 'corp',
    trust: trust === null ? null : readTrustedRoots(trust),
    now: Date.now,
  });
  return transport('GET', url, null, AbortSignal.timeout(10_000)).then(
    () => 'answered',
    (error: Error) => error.message,
  );
}

test('an ACME server of a private CA: the field trust is named, and no option of the program', async () => {
  assert.match(
    await said(own.url, null),
    /signed by a CA that is not known here: get the certificate of the CA from whoever runs it, .*, and write it \(PEM\) under trust in the declaration of issuer corp$/,
  );
  assert.match(await said(own.url, other.pem), /not signed by the CA that is trusted for it/);
  assert.match(await said(other.url, other.pem), /is for another name/);
  assert.equal(await said(own.url, own.pem), 'answered');
  for (const words of [await said(own.url, null), await said(own.url, other.pem)]) {
    assert.doesNotMatch(words, /Node|--use|NODE_|self-signed|s_client/);
    assert.match(words, /from whoever runs it, or compare its fingerprint with them \(never trust what this/);
  }
});

test('a Git server: the setting git.caFile is named', async () => {
  const transport = createHttpTransport(new URL(own.url.replace('directory', 'estate.git')), null, Date.now);
  await assert.rejects(
    transport.listRefs(['refs/heads/main'], AbortSignal.timeout(10_000)),
    /get the certificate of the CA from whoever runs it, .* \(never trust .*\), and name a file that holds it \(PEM\) as git\.caFile in the configuration/,
  );
});
