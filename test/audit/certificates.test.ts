/** Files on the state branch that are not what they are called: a claim of that one fails, and the audit goes on. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { auditCertificate, type CertificateAudit } from '../../daemon/audit/certificates.ts';
import { collectClaims } from '../../daemon/audit/claim.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { certificateRecord } from '../../daemon/core/record.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { assessment, certificate, installed, now } from '../core/sample.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const shop = openWorkshop();
after(() => {
  shop.close();
});
const root = shop.ca('Root');
const junk = '-----BEGIN CERTIFICATE-----\nMAUCAQECAQI=\n-----END CERTIFICATE-----\n';
const record: CertificateRecord = certificateRecord({
  certificate: certificate(),
  withdrawn: false,
  assessments: [assessment()],
  installed: new Map([['web/shop@web-01', installed()]]),
  previous: null,
  now,
});

async function audited(files: Readonly<Record<string, string>>, broken?: () => never) {
  const claims = collectClaims();
  const audit = {
    claims,
    state: { files: new Map(Object.entries(files)), line: [], changes: new Map() },
    replayed: {
      desired: null,
      get acceptedBlobs() {
        return broken === undefined ? new Map() : broken();
      },
    },
  } as unknown as CertificateAudit;
  await auditCertificate(audit, 'web/shop', record);
  return claims.all();
}

for (const [name, pem] of [
  ['a PEM block that is no certificate', junk],
  ['one behind a certificate', root.pem + junk],
  ['no PEM', 'words'],
] as const)
  test(`${name} in the place of a chain is a claim that failed`, async () => {
    const claims = await audited({ 'certificates/web/shop@web-01.pem': pem });
    const [failed] = claims.filter(({ claim }) => claim.endsWith('was issued'));
    assert.deepEqual(
      [failed?.verdict, failed?.detail],
      ['failed', 'its chain in the records cannot be read'],
    );
  });

test('what nobody foresaw is a failed claim of this certificate, and trouble with Git stays that', async () => {
  const claims = await audited({}, () => {
    throw new RangeError('Maximum call stack size exceeded');
  });
  assert.deepEqual(
    claims.map(({ subject, verdict }) => [subject, verdict]),
    [['web/shop', 'failed']],
  );
  await assert.rejects(
    audited({}, () => {
      throw new OperationError('git-corrupt', 'damaged', { disposition: 'retry' });
    }),
    OperationError,
  );
});
