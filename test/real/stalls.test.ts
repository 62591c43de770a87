/**
 * Each wait of a shared subject ends when its cause is corrected, at once and without a restart, and one request's refusal is no reason for others to wait.
 * Real pebble with external account binding and refused names, real sshd and nginx. The clock is not moved: a wait that ended by time would not pass.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { pebbleMissing, startPebble, type RealPebble } from '../fixtures/pebble.ts';
import {
  declarations,
  freePort,
  missingServers,
  recordOf,
  selfSigned,
  startEstate,
  turn,
  type RealEstate,
} from './estate.ts';

const hmac = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

describe(
  'a wait ends when its cause is corrected',
  { skip: missingServers() ?? pebbleMissing() ?? false },
  () => {
    let estate: RealEstate;
    let pebble: RealPebble;
    let house: House;
    const secretFile = (): string => join(estate.root, 'eab-key');
    const block = (pem: string): string =>
      pem
        .trim()
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n');
    const issuer = async (eab: boolean): Promise<string> =>
      `apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: pebble }\nspec:\n  type: acme\n  directory: ${pebble.directoryUrl}\n  contacts: [pki@example.com]\n  termsOfServiceAgreed: true\n  challenge: { type: webroot, path: ${estate.nginx.webroot} }\n${eab ? '  eab: { kid: kid-1, hmac: { secret: eab-key } }\n' : ''}  trust: |\n${block(pebble.caPem)}\n  roots: |\n${block(await pebble.rootsPem())}\n`;
    const certificate = (name: string, dnsName = `${name}.example.com`): Record<string, string> => ({
      [`inventory/certificates/web/${name}.yaml`]: `apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: ${name}, team: web }\nspec:\n  dnsNames: [${dnsName}]\n  issuer: pebble\n  key: { algorithm: ecdsa-p256 }\n  installations: [{ endpoint: web-01, profile: store }]\n`,
    });
    const statusOf = async (name: string): Promise<string> => (await recordOf(estate, `web/${name}`)).status;
    const findingsOf = async (name: string): Promise<string> =>
      (await recordOf(estate, `web/${name}`)).findings.map((each) => each.message).join('\n');

    before(async () => {
      const httpPort = await freePort();
      pebble = await startPebble({ httpPort, eab: { 'kid-1': hmac }, refused: ['refused.example.com'] });
      estate = await startEstate({ httpPort });
      writeFileSync(secretFile(), `${hmac.replaceAll('z', 'y')}\n`, { mode: 0o600 });
      const plain = estate.config();
      house = await estate.openHouse({
        config: {
          secrets: {
            ...plain.secrets,
            'eab-key': { file: secretFile(), for: 'issuers', hosts: ['127.0.0.1:*', 'localhost:*'] },
          },
        },
      });
      const { 'inventory/certificates/web/shop.yaml': _shop, ...rest } = declarations(estate);
      await estate.commit(
        {
          ...rest,
          'policies/store.yaml':
            'apiVersion: renewd/v1\nkind: Profile\nmetadata: { name: store }\nspec:\n  description: files alone\n  files: [{ name: fullchain.pem, content: fullchain, mode: "0644" }, { name: privkey.pem, content: key, mode: "0600" }]\n',
          'inventory/issuers/pebble.yaml': await issuer(false),
          ...certificate('one'),
          ...certificate('two'),
        },
        'Declare two certificates of a CA that wants a binding',
      );
    });
    after(async () => {
      await house.close();
      await estate.stop();
      await pebble.stop();
    });

    test('an account that is refused stops the issuer, and says what ends it', async () => {
      const { outcomes } = await turn(house);
      assert.deepEqual(
        outcomes.map(({ failure }) => [failure?.code, failure?.scope]),
        [['acme-account', 'issuer']],
        'the second certificate does not ask again',
      );
      assert.match(
        await findingsOf('one'),
        /tried again at once when its declaration or a secret it uses changes/,
      );
      assert.match(await findingsOf('two'), /issuer pebble: .*externalAccountRequired/);
      assert.deepEqual((await turn(house)).planned, []);
    });

    test('a binding with a wrong key: the new declaration is tried at once', async () => {
      await estate.commit({ 'inventory/issuers/pebble.yaml': await issuer(true) }, 'Add the binding');
      const { outcomes } = await turn(house);
      assert.deepEqual(
        outcomes.flatMap(({ failure }) => (failure === null ? [] : [[failure.code, failure.scope]])),
        [['acme-account', 'issuer']],
      );
      assert.deepEqual((await turn(house)).planned, []);
    });

    test('the right key in the same file: both are issued with the next turn, without a restart', async () => {
      writeFileSync(secretFile(), `${hmac}\n`);
      const { outcomes } = await turn(house);
      assert.deepEqual(
        outcomes.map(({ state, failure }) => [state, failure]),
        [
          ['done', null],
          ['done', null],
        ],
      );
    });

    test('a name that the CA refuses stops nothing else of the issuer', async () => {
      await estate.commit(
        { ...certificate('bad', 'refused.example.com'), ...certificate('good') },
        'Ask for a name that is refused and for one that is not',
      );
      const { outcomes } = await turn(house);
      const [bad, good] = ['web/bad', 'web/good'].map((id) =>
        outcomes.find(({ action }) => action.certificate === id),
      );
      assert.equal(bad?.failure?.scope, 'installation');
      assert.equal(bad.failure.code, 'acme-rejected');
      assert.equal(good?.state, 'done');
      assert.equal(await statusOf('bad'), 'failing');
    });

    test('the refused name, corrected: it is issued for the new name', async () => {
      await estate.commit(certificate('bad', 'allowed.example.com'), 'Correct the name');
      await turn(house);
      await turn(house);
      const record = await recordOf(estate, 'web/bad');
      assert.deepEqual(record.installations[0]?.issued?.dnsNames, ['allowed.example.com']);
    });

    test('a log-in key that is written anew with what it held ends no wait: the CA is not asked again', async () => {
      await estate.commit(certificate('wait', 'refused.example.com'), 'Ask for a name that is refused');
      await turn(house);
      const path = join(estate.root, 'deploy-key');
      for (let writes = 0; writes < 2; writes++) {
        const text = readFileSync(path);
        rmSync(path);
        writeFileSync(path, text, { mode: 0o600 });
        assert.deepEqual((await turn(house)).planned, []);
      }
      await estate.commit({ 'inventory/certificates/web/wait.yaml': null }, 'Take it away again');
      await turn(house);
    });

    test('a certificate under another root than the declared one is kept, and used with corrected roots: one order', async () => {
      const right = await issuer(true);
      const others = join(estate.root, 'other-root.pem');
      await selfSigned(others, join(estate.root, 'other-root.key'), '/CN=other', 'other.example.com');
      const roots = `${right.slice(0, right.indexOf('  roots: |'))}  roots: |\n${block(readFileSync(others, 'utf8'))}\n`;
      await estate.commit(
        { 'inventory/issuers/pebble.yaml': roots, ...certificate('rooted') },
        'Declare a root that is not the one of this CA',
      );
      const { outcomes } = await turn(house);
      const failed = outcomes.find(({ action }) => action.certificate === 'web/rooted');
      assert.equal(failed?.failure?.code, 'certificate-rejected');
      assert.match(failed.failure.message, /correct roots in inventory\/issuers\/pebble\.yaml/);
      assert.deepEqual((await turn(house, { asked: true })).planned, [], 'no new order');
      const kept = house.memory.operations.get('web/rooted@web-01')?.chain?.[0];
      assert.ok(kept);
      await estate.commit({ 'inventory/issuers/pebble.yaml': right }, 'Correct the root');
      await turn(house);
      const { issued } = (await recordOf(estate, 'web/rooted')).installations[0] ?? {};
      assert.equal(
        issued?.fingerprint,
        new X509Certificate(kept).fingerprint256.replaceAll(':', '').toLowerCase(),
      );
    });

    test('a log-in key that is replaced in its file ends the wait of the endpoint', async () => {
      const path = join(estate.root, 'deploy-key');
      const right = readFileSync(path);
      writeFileSync(path, 'no key at all\n');
      await estate.commit(certificate('three'), 'Declare another one');
      const { outcomes } = await turn(house);
      assert.deepEqual(
        outcomes.filter(({ state }) => state === 'done'),
        [],
      );
      writeFileSync(path, right);
      await turn(house);
      await turn(house);
      assert.notEqual(await statusOf('three'), 'failing');
      const record = await recordOf(estate, 'web/three');
      assert.ok(record.installations[0]?.issued);
    });
  },
);
