/**
 * An endpoint gives its owner nothing of anybody else: neither the machine that is another's endpoint, nor a name that others refer to. Real git and OpenSSH signatures.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  certificate,
  control,
  endpoint,
  openSignedEstate,
  team,
  type SignedEstate,
} from './signed-estate.ts';

const core = endpoint('core-01', 'pki');
const file = 'inventory/endpoints/web/web-99.yaml';
const listing = team('payments', "'*.payments.test'", ['priya']).replace(
  '  signers',
  "  endpoints: ['shared-*']\n  signers",
);

/** The endpoint `from` under another name, of another team. */
function as(from: string, name: string, owner: string): string {
  return from.replace(/metadata: .*/, `metadata: { name: ${name}, team: ${owner} }`);
}

/** With one field of `from` in place of that of `to`. */
function withField(to: string, field: 'host' | 'port' | 'hostKeys', from: string): string {
  const line = new RegExp(`^  ${field}: .*$`, 'm');
  return to.replace(line, line.exec(from)?.[0] ?? '');
}

describe(
  'an endpoint',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    let estate: SignedEstate;
    beforeEach(async () => {
      estate = await openSignedEstate({
        'inventory/teams/payments.yaml': listing,
        'inventory/endpoints/core-01.yaml': core,
        'inventory/endpoints/shared-01.yaml': endpoint('shared-01', 'pki'),
        'inventory/endpoints/payments/pay-01.yaml': endpoint('pay-01', 'payments'),
        'inventory/certificates/payments/pay.yaml': certificate('pay', 'pay.payments.test', {
          team: 'payments',
          endpoint: 'shared-01',
        }),
      });
    });
    afterEach(async () => {
      await estate.close();
    });
    const push = async (
      by: string,
      files: Readonly<Record<string, string | null>>,
      trailers: readonly string[] = [],
    ): Promise<void> => {
      estate.tree.commit(files, `By ${by}`, { by: estate.people[by] ?? null, trailers });
      await estate.push();
    };
    const reasons = (): string[] =>
      [...estate.memory().held.values()].flatMap((each) =>
        each.reasons.map(({ code, message }) => `${code} ${message}`),
      );
    const hostOf = (name: string): unknown => estate.memory().desired?.endpoints.get(name)?.source.file;
    const vouch = (by: string): Promise<void> =>
      push(
        by,
        {},
        [...estate.memory().held.values()].map((each) => `Renewd-Approve: ${each.hash}`),
      );

    const mine = endpoint('web-99', 'web');
    const jumping = (port: string): string =>
      mine.replace(/ {2}host: .*\n {2}port: .*/, `  host: 127.0.0.1\n  port: ${port}\n  jump: core-01`);
    const keyOfCore = /hostKeys: \['(.*)'\]/.exec(core)?.[1] ?? '';
    for (const [what, text] of [
      ['all of it', as(core, 'web-99', 'web')],
      ['its address, with another host key', withField(mine, 'port', core)],
      [
        'its address as IPv6, with another host key',
        withField(mine, 'port', core).replace('host: 127.0.0.1', "host: '::ffff:127.0.0.1'"),
      ],
      ['its host key, at another address', withField(mine, 'hostKeys', core)],
      ['its host key beside one of its own', mine.replace("hostKeys: ['", `hostKeys: ['${keyOfCore}', '`)],
      [
        'its address by way of another machine',
        withField(mine, 'port', core)
          .replace('  user:', '  jump: web-01\n  user:')
          .replace('127.0.0.1', '10.9.9.9'),
      ],
      ['its loopback, through it', jumping('22')],
      ['all of it, while it cannot be used yet', `${as(core, 'web-99', 'web')}  profiles:\n    later: {}\n`],
    ] as const) {
      test(`that is the machine of somebody else's endpoint by ${what} is refused, and both are named`, async () => {
        if (text.includes('10.9.9.9'))
          await push('pia', { 'inventory/endpoints/core-01.yaml': core.replace('127.0.0.1', '10.9.9.9') });
        await push('ada', { [file]: text });
        assert.equal(hostOf('web-99'), undefined);
        assert.match(
          reasons().join('\n'),
          /^path-not-permitted .*web-99 is the machine of endpoint core-01 .*ada@example\.com may not/m,
        );
      });
    }

    test('at a host that programs read in more than one way is refused where it is declared', async () => {
      for (const host of ['127.1', '127.0.0.1.']) {
        await push('ada', { [file]: mine.replace('host: 127.0.0.1', `host: '${host}'`) });
        const problems = estate.memory().desired?.problems ?? [];
        const found = problems.find(
          ({ source, message }) =>
            source.file === file && message.includes('no host that every program reads alike'),
        );
        assert.ok(found !== undefined && found.source.line > 1, `${host}: ${JSON.stringify(problems)}`);
        assert.equal(hostOf('web-99'), undefined, host);
      }
    });

    test('takes its reserved labels along, however its address is written', async () => {
      const labelled = endpoint('prod-01', 'web').replace(
        'team: web }',
        'team: web, labels: { env: prod } }',
      );
      await push('pia', { 'inventory/endpoints/web/prod-01.yaml': labelled });
      const other = withField(withField(as(labelled, 'web-99', 'web'), 'hostKeys', mine), 'port', labelled);
      await push('ada', { [file]: other.replace('host: 127.0.0.1', "host: '::ffff:127.0.0.1'") });
      assert.equal(hostOf('web-99'), undefined);
      assert.match(reasons().join('\n'), /label-reserved endpoint web-99: label env/);
    });

    test('that becomes the machine of another is refused, and goes on as it was; its own changes go on', async () => {
      await push('ada', { [file]: mine });
      assert.equal(hostOf('web-99'), file);
      await push('ada', { [file]: withField(mine, 'hostKeys', core) });
      assert.match(reasons().join('\n'), /web-99 is the machine of endpoint core-01/);
      await push('ada', { [file]: mine.replace('user: root', 'user: other') });
      assert.deepEqual(estate.held(), []);
    });

    test('takes effect on a shared machine once who may change the other one vouches, and asks again for what it then changes', async () => {
      const shared = as(core, 'web-99', 'web');
      await push('ada', { [file]: shared });
      await vouch('pia');
      assert.equal(hostOf('web-99'), file);
      await push('ada', { [file]: shared.replace('team: web', 'team: web, labels: { tier: one }') });
      assert.deepEqual(estate.held(), []);
      await push('ada', { [file]: `${shared}  profiles:\n    store: {}\n` });
      assert.match(reasons().join('\n'), /web-99 is the machine of endpoint core-01/);
    });

    test('of one team may stand beside another of the same people', async () => {
      await push('ada', { [file]: mine });
      await push('ada', { 'inventory/endpoints/web/web-98.yaml': as(mine, 'web-98', 'web') });
      assert.deepEqual(estate.held(), []);
      assert.equal(hostOf('web-98'), 'inventory/endpoints/web/web-98.yaml');
    });

    test('does not take a name that was removed, or is not there yet, from those who refer to it', async () => {
      await push('pia', { 'inventory/endpoints/shared-01.yaml': null });
      await push('ada', { 'inventory/endpoints/web/shared-01.yaml': endpoint('shared-01', 'web') });
      assert.match(reasons().join('\n'), /shared-01 is what certificate payments\/pay is asked for at/);
      assert.match(reasons().join('\n'), /shared-01 is listed under endpoints of team payments/);
      assert.notEqual(hostOf('shared-01'), 'inventory/endpoints/web/shared-01.yaml');
      await push('ada', { 'inventory/endpoints/web/shared-01.yaml': null });
      await push('ada', { 'inventory/endpoints/web/shared-02.yaml': endpoint('shared-02', 'web') });
      assert.match(reasons().join('\n'), /shared-02 is listed under endpoints of team payments/);
      await push('ada', { 'inventory/endpoints/web/shared-02.yaml': null });
      assert.deepEqual(estate.held(), []);
      await push('pia', { 'inventory/endpoints/shared-01.yaml': endpoint('shared-01', 'pki') });
      await push('priya', {
        'inventory/endpoints/payments/shared-03.yaml': endpoint('shared-03', 'payments'),
      });
      assert.deepEqual(estate.held(), []);
      assert.equal(hostOf('shared-03'), 'inventory/endpoints/payments/shared-03.yaml');
    });

    test('of the same list as one that its people hold is theirs to add', async () => {
      await push('ada', { 'inventory/endpoints/web/shared-02.yaml': endpoint('shared-02', 'web') });
      await vouch('pia');
      await push('ada', { 'inventory/endpoints/web/shared-03.yaml': endpoint('shared-03', 'web') });
      assert.deepEqual(estate.held(), []);
    });

    test('does not take over a name in one merge with the commit that takes it away', async () => {
      const { tree, people } = estate;
      tree.git('checkout', '-q', '-b', 'move');
      tree.commit({ 'inventory/endpoints/shared-01.yaml': null }, 'Out of use', {
        by: people['pia'] ?? null,
      });
      tree.commit({ 'inventory/endpoints/web/shared-01.yaml': endpoint('shared-01', 'web') }, 'Mine', {
        by: people['ada'] ?? null,
      });
      tree.git('checkout', '-q', 'main');
      tree.git('merge', '-q', '--no-ff', '--no-commit', 'move');
      tree.commit({}, 'Merge', { by: people['ada'] ?? null });
      await estate.push();
      assert.match(reasons().join('\n'), /shared-01 is what certificate payments\/pay is asked for at/);
    });

    test('that is brought to the machine of another gives up its paths there, whatever the order of files, also after a start', async () => {
      const at = (name: string, dnsName: string, owner: string, on: string): string =>
        certificate(name, dnsName, { team: owner, endpoint: on }).replace(
          'profile: store',
          'profile: nginx, parameters: { certificate: /etc/nginx/tls/a.crt, key: /etc/nginx/tls/a.key }',
        );
      await push('pia', {
        'inventory/certificates/web/tls.yaml': at('tls', 'tls.example.com', 'web', 'web-01'),
        'inventory/certificates/payments/tls.yaml': at('tls', 'tls.payments.test', 'payments', 'pay-01'),
      });
      const refused = (): string[] => [...(estate.memory().desired?.pathless ?? [])];
      assert.deepEqual(refused(), []);
      const payEndpoint = endpoint('pay-01', 'payments');
      const shared = withField(payEndpoint, 'hostKeys', endpoint('web-01', 'web'));
      await push('pia', { 'inventory/endpoints/payments/pay-01.yaml': shared });
      assert.deepEqual(refused(), ['payments/tls@pay-01']);
      await estate.restart();
      await estate.turn();
      assert.deepEqual(refused(), ['payments/tls@pay-01']);
      assert.equal(estate.inForce('web/tls'), true);
    });

    test('keeps a reserved label: it is not taken off, not left out with another endpoint of the machine, and does not go with it', async () => {
      const labelled = mine.replace('team: web', 'team: web, labels: { env: prod }');
      await push('pia', { [file]: labelled });
      assert.deepEqual(estate.held(), []);
      const twin = 'inventory/endpoints/web/web-98.yaml';
      const label = (): string[] => reasons().filter((each) => each.startsWith('label-reserved'));
      await push('ada', { [file]: mine });
      assert.match(
        label().join('\n'),
        /web-99: label env is not kept; only paul@example\.com, pia@example\.com may/,
      );
      await push('ada', { [file]: labelled, [twin]: as(mine, 'web-98', 'web') });
      assert.match(label().join('\n'), /web-98: label env is not kept/);
      await push('ada', { [twin]: null });
      await push('ada', { [file]: null });
      assert.match(label().join('\n'), /web-99: label env goes along/);
      await push('ada', { [file]: labelled.replace('user: root', 'user: other') });
      assert.deepEqual(label(), []);
      assert.equal(estate.memory().desired?.endpoints.get('web-99')?.config['user'], 'other');
      assert.equal(estate.memory().desired?.endpoints.get('web-99')?.labels['env'], 'prod');
    });

    test('is not kept from being declared by a certificate that policy does not let be installed there', async () => {
      await push('ada', {
        'inventory/certificates/web/squat.yaml': certificate('squat', 'squat.example.com', {
          endpoint: 'pay-02',
        }),
      });
      await push('priya', { 'inventory/endpoints/payments/pay-02.yaml': endpoint('pay-02', 'payments') });
      assert.deepEqual(estate.held(), []);
      assert.equal(hostOf('pay-02'), 'inventory/endpoints/payments/pay-02.yaml');
    });

    test('of a team that everybody may write takes no name of it either', async () => {
      const open =
        "    - { paths: ['inventory/endpoints/free/**'], signers: ['team:web', 'team:pki'] }\n  approvals";
      await push('pia', { 'policies/change-control.yaml': control.replace('  approvals', open) });
      await push('priya', {
        'inventory/certificates/payments/new.yaml': certificate('new', 'new.payments.test', {
          team: 'payments',
          endpoint: 'pay-02',
        }),
      });
      await push('ada', { 'inventory/endpoints/free/pay-02.yaml': endpoint('pay-02', 'payments') });
      assert.match(reasons().join('\n'), /pay-02 is what certificate payments\/new is asked for at/);
    });
  },
);
