/** Addresses at which no TLS handshake can be made are refused where they are declared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentReader } from '../../daemon/reader.ts';

const problems = (address: string): string[] =>
  documentReader()
    .parseFile({
      path: 'inventory/certificates/web/mail.yaml',
      oid: '1'.repeat(40),
      bytes: Buffer.from(
        `apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: mail, team: web }\nspec:\n  dnsNames: [mail.example.com]\n  issuer: ca\n  installations:\n    - endpoint: e\n      profile: files\n      serves:\n        - ${address}\n`,
      ),
    })
    .problems.map(({ message, source }) => `${String(source.line)}:${String(source.column)} ${message}`);

test('a port that begins without TLS is refused with its line and what to write instead', () => {
  for (const port of [21, 25, 110, 143, 389, 587, 5432]) {
    const [first = ''] = problems(`mail.example.com:${String(port)}`);
    assert.match(first, /^11:11 .*begins without TLS \(STARTTLS\).*465, 636, 993, 995/, String(port));
  }
  assert.match(problems('{ address: "mail.example.com:25", serverName: mail.example.com }')[0] ?? '', /SMTP/);
});

test('ports that speak TLS from the start are taken', () => {
  for (const port of [443, 465, 636, 993, 995, 8443])
    assert.deepEqual(problems(`mail.example.com:${String(port)}`), []);
});
