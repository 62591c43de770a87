/** What an endpoint answers, where it is not what the script says: refused with the failure of this endpoint, and never thrown as anything else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OperationError } from '../../daemon/ports/failure.ts';
import { readProof } from '../../daemon/targets/ssh/endpoint-output.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const workshop = openWorkshop();
after(() => {
  workshop.close();
});
const { pem } = workshop.ca('Somebody');
const block = (bytes: string): string => `-----BEGIN CERTIFICATE-----\n${bytes}\n-----END CERTIFICATE-----\n`;
const proof = (chain: string): string => `renewd-endpoint 4\n${chain}signature\nAAAA\nend\n`;

test('the chain of a proof is certificates', () => {
  assert.equal(readProof(proof(pem), 'web-01').chain.length, 1);
});

for (const [name, chain] of [
  ['a block that is no certificate', block('MAUCAQECAQI=')],
  ['one behind a certificate', pem + block('MAUCAQECAQI=')],
  ['a certificate that is cut', block(Buffer.from(pem.split('\n')[1] ?? '', 'base64').toString('base64'))],
  ['an empty block', block('')],
  ['more than a chain may have', pem.repeat(17)],
] as const)
  test(`a proof with ${name} is a failure of this endpoint`, () => {
    assert.throws(
      () => readProof(proof(chain), 'web-01'),
      (error) => error instanceof OperationError && error.code === 'ssh-command-failed',
    );
  });
