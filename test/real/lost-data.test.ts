/** A data directory that is lost: no second root takes the place of the one that clients trust, and what docs/restore.md says brings everything back. Real sshd, nginx, git. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { RepositoryFindings } from '../../daemon/core/record-format.ts';
import {
  declarations,
  missingServers,
  recordOf,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';

describe('a lost data directory', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let served: string;
  let root: string;
  const data = (...path: string[]): string => join(estate.root, 'data', ...path);
  const backup = (name: string): string => join(estate.root, 'backup', name);
  const withHouse = async <T>(work: (house: House) => Promise<T>): Promise<T> => {
    const house = await estate.openHouse();
    try {
      return await work(house);
    } finally {
      await house.close();
    }
  };
  const fingerprint = (): Promise<string> => servedFingerprint(estate.nginx.port, 'shop.example.com');
  const findings = async (): Promise<string[]> => {
    const text = await stateFile(estate, 'findings/repository.json');
    return (JSON.parse(text) as RepositoryFindings).findings.map((each) => each.code);
  };

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    await withHouse(async (house) => {
      await turn(house);
      await turn(house);
    });
    served = await fingerprint();
    root = await stateFile(estate, 'issuers/internal-ca/root.pem');
    for (const name of ['custody', 'issuers']) cpSync(data(name), backup(name), { recursive: true });
    rmSync(data(), { recursive: true });
  });
  after(() => estate.stop());

  test('no root is made in its place, nothing is issued, and what is served is not called untrusted', async () => {
    await withHouse(async (house) => {
      for (let turns = 0; turns < 3; turns++) {
        const { outcomes } = await turn(house);
        assert.deepEqual(
          outcomes.filter(({ state }) => state === 'done'),
          [],
        );
      }
    });
    assert.equal(await stateFile(estate, 'issuers/internal-ca/root.pem'), root);
    assert.equal(existsSync(data('issuers/internal-ca/root.pem')), false);
    assert.equal(await fingerprint(), served);
    const codes = (await recordOf(estate, 'web/shop')).findings.map((each) => each.code);
    assert.ok(!codes.includes('untrusted') && !codes.includes('chain-incomplete'), codes.join(', '));
    assert.ok((await findings()).includes('ca-lost'));
  });

  test('with custody and issuers restored it is taken over as it is: no order, the same certificate, the same root', async () => {
    for (const name of ['custody', 'issuers']) {
      rmSync(data(name), { recursive: true, force: true });
      cpSync(backup(name), data(name), { recursive: true });
    }
    await withHouse(async (house) => {
      await turn(house);
      await turn(house);
    });
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.installations[0]?.issued?.fingerprint, served);
    assert.equal(record.status, 'ok', record.findings.map((each) => each.message).join('\n'));
    assert.equal(await stateFile(estate, 'issuers/internal-ca/root.pem'), root);
    assert.ok(!(await findings()).includes('ca-lost'));
  });

  test('where only the certificate of the root is lost, it is written again from the records', async () => {
    rmSync(data('issuers/internal-ca/root.pem'));
    await withHouse((house) => turn(house));
    assert.ok(existsSync(data('issuers/internal-ca/root.pem')));
    assert.equal(await stateFile(estate, 'issuers/internal-ca/root.pem'), root);
  });

  test('without a backup an issuer of another name begins anew, on purpose', async () => {
    rmSync(data(), { recursive: true });
    const files = declarations(estate);
    const issuer = files['inventory/issuers/internal-ca.yaml'] ?? '';
    const certificate = files['inventory/certificates/web/shop.yaml'] ?? '';
    await estate.commit(
      {
        'inventory/issuers/internal-ca-2.yaml': issuer.replace('name: internal-ca', 'name: internal-ca-2'),
        'inventory/certificates/web/shop.yaml': certificate.replace(
          'issuer: internal-ca',
          'issuer: internal-ca-2',
        ),
      },
      'Begin a new CA',
    );
    await withHouse(async (house) => {
      await turn(house);
      await turn(house);
    });
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'ok', record.findings.map((each) => each.message).join('\n'));
    assert.notEqual(await fingerprint(), served);
    assert.equal(await stateFile(estate, 'issuers/internal-ca/root.pem'), root);
  });
});
