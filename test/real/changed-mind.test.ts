/**
 * The process ends at any step of an issuance, and what is declared is corrected before the next start: what the old declaration asked for is neither issued,
 * installed nor served, its key does not stay behind, and audit proves what was issued instead. Real sshd and nginx, the embedded CA.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { TurnEnded } from '../../daemon/shell/world.ts';
import { auditRepository } from '../../daemon/audit/audit.ts';
import { turnsUntilQuiet } from '../../daemon/commands/once.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

const file = 'inventory/certificates/web/shop.yaml';
/** A step of each kind: before the order, with the certificate, with the switch done, at the end. `test/core/operation-fit.test.ts` has them all. */
const steps = ['key-generated', 'issued', 'activated', 'proved'] as const;

class Ended extends TurnEnded {}

/** The leaf that clients see. */
async function served(port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername: 'shop.example.com', rejectUnauthorized: false },
      () => {
        const { raw } = socket.getPeerCertificate();
        socket.destroy();
        resolve(new X509Certificate(raw));
      },
    );
    socket.once('error', reject);
  });
}

describe(
  'a declaration that is corrected under way',
  { skip: missingServers() ?? false, timeout: 600_000 },
  () => {
    let estate: RealEstate;
    let shop: string;
    before(async () => {
      estate = await startEstate();
      const files = declarations(estate);
      shop = files[file] ?? '';
      await estate.commit(files, 'Begin');
      const house = await estate.openHouse();
      await turn(house);
      await house.close();
    });
    after(async () => {
      await estate.stop();
    });

    async function endAt(point: string): Promise<void> {
      const house = await estate.openHouse({
        crashPoint: (name) => {
          if (name === point) throw new Ended(name);
        },
      });
      await assert.rejects(turn(house), Ended);
      await house.close();
    }

    async function goOn(): Promise<void> {
      const house = await estate.openHouse();
      await turnsUntilQuiet(house, new AbortController().signal);
      assert.equal(house.memory.operations.size, 0);
      await house.close();
    }

    for (const [index, step] of steps.entries()) {
      test(`${step}, then other names`, async () => {
        const [wrong, right] = [`wrong-${String(index)}.example.com`, `right-${String(index)}.example.com`];
        const named = (name: string): string =>
          shop.replace('[shop.example.com]', `[shop.example.com, ${name}]`);
        await estate.commit({ [file]: named(wrong) }, 'Ask for the wrong name');
        await endAt(`after journal ${step}`);
        await estate.commit({ [file]: named(right) }, 'Ask for the right name');
        await goOn();
        assert.match((await served(estate.nginx.port)).subjectAltName ?? '', new RegExp(right));
        const record = await recordOf(estate, 'web/shop');
        assert.equal(record.status, 'ok');
        assert.deepEqual(record.installations[0]?.issued?.dnsNames, [right, 'shop.example.com']);
        assert.ok(!JSON.stringify(record).includes(wrong));
        // Current and previous; the key of the dropped generation is gone.
        assert.ok(
          readdirSync(join(estate.store, 'generations')).filter((each) => each !== 'adopted').length <= 2,
        );
      });
    }

    test('with its key, then the algorithm is forbidden; with its certificate, then too', async () => {
      const policy = `apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256] } }\n`;
      for (const step of ['key-generated', 'activated']) {
        await estate
          .commit(
            { 'policies/baseline.yaml': null, [file]: shop.replace('ecdsa-p256', 'ecdsa-p384') },
            'Ask for P-384',
          )
          .catch(async () =>
            estate.commit({ [file]: shop.replace('ecdsa-p256', 'ecdsa-p384') }, 'Ask for P-384'),
          );
        await endAt(`after journal ${step}`);
        await estate.commit({ 'policies/baseline.yaml': policy }, 'Forbid it');
        await goOn();
        const leaf = await served(estate.nginx.port);
        assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1', step);
        assert.equal((await recordOf(estate, 'web/shop')).status, 'blocked');
      }
      await estate.commit({ [file]: shop }, 'Ask for what is allowed');
      await goOn();
    });

    test('audit says of each certificate that it is what was declared when it was issued', async () => {
      const house = await estate.openHouse();
      const { repository } = house.estate.state;
      const refs = await repository.advertise(new AbortController().signal);
      const report = await auditRepository(
        repository,
        {
          intent: refs.get('refs/heads/main') ?? '',
          state: refs.get('refs/heads/renewd/state') ?? '',
          prefix: '',
          trusted: null,
          recordSigners: house.signingKey(),
          now: Date.now(),
          anchors: [],
        },
        house.world.log,
      );
      const claims = report.claims.filter((each) =>
        each.claim.endsWith('what was declared when it was issued'),
      );
      assert.ok(claims.length >= steps.length);
      assert.deepEqual(
        claims.filter((each) => each.verdict !== 'proved'),
        [],
      );
      await house.close();
    });
  },
);
