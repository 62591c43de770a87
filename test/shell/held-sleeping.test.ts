/** Certificates that refer to what is not there yet: judged when they come in, by what they say, so that nobody else's change is stopped by them later. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { certificate, control, endpoint, openSignedEstate, type SignedEstate } from './signed-estate.ts';

const day = 86_400_000;
const sleeperFile = 'inventory/certificates/web/sleeper.yaml';
const payEndpoint = { 'inventory/endpoints/payments/pay-01.yaml': endpoint('pay-01', 'payments') };

async function withEstate(
  run: (estate: SignedEstate) => Promise<void>,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const estate = await openSignedEstate(files);
  try {
    await run(estate);
  } finally {
    await estate.close();
  }
}

function observed(estate: SignedEstate): (string | null)[] {
  return [...estate.memory().held.values()].flatMap((each) => each.reasons.map((one) => one.code));
}

describe(
  'a certificate that refers to what is not there yet',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    for (const [what, text, outcome, code] of [
      [
        'with a reserved label',
        certificate('sleeper', 'sleep.example.com', { endpoint: 'pay-01', labels: 'env: prod' }),
        'refused',
        'label-reserved',
      ],
      [
        'with a wildcard',
        certificate('sleeper', '*.sleep.example.com', { endpoint: 'pay-01' }),
        'waiting',
        'approval-missing',
      ],
    ] as const) {
      test(`${what} is held when it comes in, and stops nobody who adds what it refers to`, () =>
        withEstate(async (estate) => {
          const { tree, people, memory } = estate;
          tree.commit({ [sleeperFile]: text }, 'Sleep', { by: people['ada'] ?? null });
          await estate.push();
          assert.deepEqual(estate.held(), [`Sleep: ${outcome}`]);
          assert.deepEqual(observed(estate), [code]);
          tree.commit(payEndpoint, 'Our server', { by: people['priya'] ?? null });
          await estate.push();
          assert.equal(memory().desired?.endpoints.has('pay-01'), true);
          assert.deepEqual(estate.held(), [`Sleep: ${outcome}`]);
          assert.equal(estate.inForce('web/sleeper'), false);
        }));
    }

    test('that was agreed to stops nobody either: it comes into force with what it refers to, whoever adds that', () =>
      withEstate(async (estate) => {
        const { tree, people, memory } = estate;
        tree.commit(
          {
            [sleeperFile]: certificate('sleeper', '*.sleep.example.com', {
              endpoint: 'pay-01',
              labels: 'env: prod',
            }),
          },
          'Sleep',
          { by: people['pia'] ?? null },
        );
        await estate.push();
        const hash = [...memory().held.values()].map((each) => each.hash).join(' ');
        tree.commit({}, 'Approve', { by: people['paul'] ?? null, trailers: [`Renewd-Approve: ${hash}`] });
        await estate.push();
        assert.deepEqual(estate.held(), []);
        assert.equal(estate.inForce('web/sleeper'), false);
        tree.commit(payEndpoint, 'Our server', { by: people['priya'] ?? null });
        await estate.push();
        assert.deepEqual(estate.held(), []);
        assert.equal(memory().desired?.endpoints.has('pay-01'), true);
        assert.equal(estate.inForce('web/sleeper'), true);
        await estate.restart();
        await estate.turn();
        assert.equal(estate.inForce('web/sleeper'), true);
      }));

    test('a certificate in force that is changed so that it cannot be used is judged by what its file says', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        const file = 'inventory/certificates/web/shop.yaml';
        tree.commit({ [file]: certificate('shop', '*.shop.example.com', { endpoint: 'pay-01' }) }, 'Change', {
          by: people['ada'] ?? null,
        });
        await estate.push();
        assert.deepEqual(estate.held(), ['Change: waiting']);
        assert.equal(estate.inForce('web/shop'), true);
        tree.commit(payEndpoint, 'Our server', { by: people['priya'] ?? null });
        await estate.push();
        assert.deepEqual(estate.memory().desired?.certificates.get('web/shop')?.dnsNames, [
          'shop.example.com',
        ]);
      }));

    test('a request that waits goes on waiting when what it refers to goes away, and lapses as ever', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        const place = 'inventory/endpoints/web/web-02.yaml';
        tree.commit({ [place]: endpoint('web-02', 'web') }, 'Server', { by: people['ada'] ?? null });
        tree.commit(
          { [sleeperFile]: certificate('sleeper', '*.sleep.example.com', { endpoint: 'web-02' }) },
          'Ask',
          {
            by: people['ada'] ?? null,
          },
        );
        await estate.push();
        assert.deepEqual(estate.held(), ['Ask: waiting']);
        tree.commit({ [place]: null }, 'Server gone', { by: people['ada'] ?? null });
        await estate.push();
        assert.deepEqual(estate.held(), ['Ask: waiting']);
        tree.commit({ [place]: endpoint('web-02', 'web') }, 'Server back', { by: people['ada'] ?? null });
        await estate.push();
        assert.deepEqual(estate.held(), ['Ask: waiting']);
        assert.equal(estate.inForce('web/sleeper'), false);
        estate.later(15 * day);
        await estate.turn();
        assert.deepEqual(
          estate
            .findings()
            .filter((each) => each.code === 'change-refused')
            .map((each) => each.observed),
          ['approval-lapsed'],
        );
      }));

    test('that an earlier version let in unjudged is judged before anything lets it come into force, and nothing else is held', () =>
      withEstate(
        async (estate) => {
          const { tree, people, memory } = estate;
          const folder = 'inventory/certificates/web';
          const asleep = { endpoint: 'pay-01' };
          const ada = { by: people['ada'] ?? null };
          tree.commit(
            {
              [sleeperFile]: certificate('sleeper', '*.sleep.example.com', asleep),
              [`${folder}/plain.yaml`]: certificate('plain', 'plain.example.com', asleep),
            },
            'Sleep',
            ada,
          );
          const label = { ...asleep, labels: 'env: prod' };
          tree.commit(
            { [`${folder}/label.yaml`]: certificate('label', 'label.example.com', label) },
            'Label',
            ada,
          );
          tree.commit(
            { [`${folder}/shop.yaml`]: certificate('shop', '*.shop.example.com', asleep) },
            'Change',
            ada,
          );
          await estate.push();
          assert.deepEqual(estate.held(), []);
          tree.commit({ 'policies/change-control.yaml': control }, 'Rules', { by: people['pia'] ?? null });
          await estate.push();
          assert.deepEqual(estate.held(), []);
          // As an earlier version left it.
          estate.forget('sleepers-judged');
          tree.commit(payEndpoint, 'Our server', { by: people['priya'] ?? null });
          await estate.push();
          assert.equal(memory().desired?.endpoints.has('pay-01'), true);
          assert.deepEqual(estate.held().sort(), ['Change: waiting', 'Label: refused', 'Sleep: waiting']);
          const inForce = (): (string | undefined)[][] =>
            ['label', 'plain', 'shop', 'sleeper'].map((each) => [
              each,
              memory().desired?.certificates.get(`web/${each}`)?.dnsNames[0],
            ]);
          const before = [
            ['label', undefined],
            ['plain', 'plain.example.com'],
            ['shop', 'shop.example.com'],
            ['sleeper', undefined],
          ];
          assert.deepEqual(inForce(), before);
          await estate.restart();
          await estate.turn();
          assert.deepEqual(inForce(), before);
          const waiting = [...memory().held.values()].filter((each) => each.outcome === 'waiting');
          const trailers = waiting.map((each) => `Renewd-Approve: ${each.hash}`);
          tree.commit({}, 'Approve', { by: people['pia'] ?? null, trailers });
          await estate.push();
          assert.deepEqual(estate.held(), ['Label: refused']);
          assert.deepEqual(inForce(), [
            ['label', undefined],
            ['plain', 'plain.example.com'],
            ['shop', '*.shop.example.com'],
            ['sleeper', '*.sleep.example.com'],
          ]);
        },
        { 'policies/change-control.yaml': control.slice(0, control.indexOf('  approvals:')) },
      ));
  },
);
