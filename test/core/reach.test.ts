/** Over which addresses somebody may have the daemon connect: every spelling of every place it must not go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainAddress } from '../../daemon/core/host-name.ts';
import { refuseAddress, refuseWritten, type Reach } from '../../daemon/core/reach.ts';
import { documentReader } from '../../daemon/reader.ts';

const reach = (changes: Partial<Reach> = {}): Reach => ({
  host: 'web-01.example.com',
  endpoint: 'web-01',
  file: 'inventory/endpoints/web-01.yaml',
  endpointNetworks: [],
  teamNetworks: [],
  ...changes,
});
const may = (address: string, changes: Partial<Reach> = {}, own: readonly string[] = []): boolean =>
  refuseAddress(address, own, reach(changes)) === null;

describe('an address that is connected to', () => {
  test('the endpoint’s own may be looked at, others only where endpoint or team allow their network', () => {
    assert.ok(may('10.0.0.7', {}, ['10.0.0.6', '10.0.0.7']));
    assert.ok(may('2001:db8:0::7', {}, ['2001:DB8::7']));
    assert.ok(!may('10.0.0.8', {}, ['10.0.0.7']));
    assert.ok(!may('203.0.113.7'));
    assert.ok(may('203.0.113.7', { teamNetworks: ['203.0.113.0/24'] }));
    assert.ok(may('10.9.9.9', { endpointNetworks: ['10.0.0.0/8'] }));
    assert.ok(!may('11.0.0.0', { endpointNetworks: ['10.0.0.0/8'] }));
  });

  const places: readonly (readonly [what: string, spellings: readonly string[], network: string])[] = [
    [
      'loopback',
      [
        '127.0.0.1',
        '127.9.9.9',
        '127.255.255.255',
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '::7f00:1',
        '::127.0.0.1',
        '::ffff:0:127.0.0.1',
        '64:ff9b::127.0.0.1',
        '64:ff9b::7f00:1',
      ],
      '127.0.0.0/8',
    ],
    ['loopback of IPv6', ['::1', '0:0:0:0:0:0:0:1'], '::1'],
    ['link-local', ['169.254.1.1', '::ffff:169.254.1.1', '64:ff9b::a9fe:101'], '169.254.0.0/16'],
    ['link-local of IPv6', ['fe80::1', 'FEBF::1'], 'fe80::/10'],
    [
      'metadata',
      ['169.254.169.254', '::ffff:169.254.169.254', '::FFFF:A9FE:A9FE', '64:ff9b::169.254.169.254'],
      '169.254.169.254',
    ],
    ['metadata of AWS in IPv6', ['fd00:ec2::254', 'fd00:0ec2:0:0:0:0:0:0254'], 'fd00:ec2::254'],
    ['metadata of Alibaba', ['100.100.100.200', '::ffff:100.100.100.200'], '100.100.100.200'],
    ['this machine', ['0.0.0.0', '0.1.2.3', '::ffff:0.0.0.0'], '0.0.0.0/8'],
    ['this machine in IPv6', ['::', '0:0:0:0:0:0:0:0'], '::'],
    [
      'a translator of somebody’s own choice, with the address of IPv4 at any of its places',
      [
        '64:ff9b:1::7f00:1',
        '64:ff9b:1:7f00:0:100::',
        '64:ff9b:1:7f:0:1::',
        '64:ff9b:1:fffe:7f:0:100:0',
        '64:FF9B:1::127.0.0.1',
        '64:ff9b:1:a9fe:a9:fe00::',
      ],
      '64:ff9b:1::/48',
    ],
    ['a tunnel of 6to4', ['2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:a00:7::1'], '2002::/16'],
    [
      'a tunnel of Teredo',
      ['2001::1', '2001:0:7f00:1::', '2001:0:4136:e378:8000:63bf:5601:5601'],
      '2001::/32',
    ],
    [
      'a tunnel of ISATAP',
      [
        '2001:db8::5efe:127.0.0.1',
        '2001:db8::5efe:7f00:1',
        '2001:db8:0:0:0:5EFE:a00:7',
        '2001:db8::0:5efe:a9fe:a9fe',
      ],
      '2001:db8::5efe:0:0/96',
    ],
    [
      'a tunnel of ISATAP to a public address',
      ['fd00:1:2:3:200:5efe:203.0.113.7'],
      'fd00:1:2:3:200:5efe:cb00:0/104',
    ],
    ['multicast', ['224.0.0.1', '239.255.255.255'], '224.0.0.0/4'],
    ['broadcast', ['255.255.255.255', '240.0.0.1'], '240.0.0.0/4'],
  ];
  for (const [what, spellings, network] of places) {
    test(`${what}: only where the endpoint says so, whatever stands around it`, () => {
      for (const address of spellings) {
        const wide = ['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1', '100.64.0.0/10', 'fc00::/7'];
        assert.ok(!may(address), address);
        assert.ok(!may(address, {}, [address]), `${address} is the endpoint's own`);
        assert.ok(
          !may(address, { endpointNetworks: wide, teamNetworks: wide }),
          `${address} in a wide network`,
        );
        assert.ok(!may(address, { teamNetworks: [network] }), `${address} by the team`);
        assert.ok(may(address, { endpointNetworks: [network] }), `${address} by the endpoint`);
      }
    });
  }

  test('a network of link-local addresses does not open the metadata service in it', () => {
    assert.ok(!may('169.254.169.254', { endpointNetworks: ['169.254.0.0/16'] }));
  });

  test('what is next to these is judged as ever', () => {
    for (const address of [
      '64:ff9b:2::7f00:1',
      '2003:7f00:1::',
      '2001:1::1',
      '2001:db8::5eff:7f00:1',
      '2001:db8::1:5efe:7f00:1',
    ])
      assert.ok(may(address, { teamNetworks: ['::/1'] }), address);
  });

  test('what is no address is refused', () => {
    for (const address of [
      '',
      'localhost',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      'fe80::1%eth0',
      '::ffff:1.2.3',
      '1.2.3.4.5',
      '::1::',
      '127.0.0.1 ',
    ])
      assert.ok(!may(address, { endpointNetworks: ['127.0.0.0/8', '::1'] }, [address]), address);
  });

  test('one address has one form', () => {
    assert.equal(plainAddress('::ffff:10.0.0.7'), '10.0.0.7');
    assert.equal(plainAddress('2001:DB8::1'), '2001:db8:0:0:0:0:0:1');
  });
});

test('an address that is written is refused at once where no name could lead to it', () => {
  assert.match(
    refuseWritten('127.0.0.1', reach()) ?? '',
    /is the loopback of the daemon: .*inventory\/endpoints\/web-01\.yaml: networks: \['127\.0\.0\.1'\]/,
  );
  assert.equal(refuseWritten('10.0.0.9', reach()), null);
  assert.match(refuseWritten('10.0.0.9', reach({ host: '10.0.0.8' })) ?? '', /no address of 10\.0\.0\.8/);
  assert.equal(refuseWritten('10.0.0.8', reach({ host: '10.0.0.8' })), null);
});

describe('declarations', () => {
  const said = (path: string, text: string): string =>
    documentReader()
      .parseFile({ path, oid: path, bytes: Buffer.from(`apiVersion: renewd/v1\n${text}`) })
      .problems.map((each) => each.message)
      .join('\n');
  const team = (networks: string): string =>
    said(
      'inventory/teams/web.yaml',
      `kind: Team\nmetadata: { name: web }\nspec: { owners: [a], contacts: [{ email: a@example.com }], networks: ${networks} }\n`,
    );
  test('a team opens no special network, and nobody every address', () => {
    assert.equal(team('[10.0.0.0/8, 203.0.113.9]'), '');
    for (const each of [
      ...[
        '127.0.0.1',
        '169.254.169.254',
        '::1',
        'fe80::/64',
        '127.0.0.0/9',
        '64:ff9b:1:2::/64',
        '2002:a00::/32',
      ],
      ...['2001::/32', '2001:db8::5efe:a00:0/104'],
    ])
      assert.match(team(`['${each}']`), /only the endpoint/, each);
    for (const each of ['0.0.0.0/0', '::/0']) assert.match(team(`['${each}']`), /every address/, each);
    for (const each of ['10.0.0.0/33', 'example.com', '10.0.0/8', '010.0.0.0/8'])
      assert.match(team(`['${each}']`), /no address and no network/, each);
  });
  test('a host that some resolvers read as an address is none', () => {
    for (const host of ['2130706433', '0x7f000001', '0X7F.1', '127.1', '0177.0.0.1', 'a.0x', 'a.1'])
      assert.notEqual(
        said(
          'inventory/certificates/web/a.yaml',
          `kind: Certificate\nmetadata: { name: a, team: web }\nspec: { dnsNames: [a.example.com], issuer: i, installations: [{ endpoint: e, profile: files, serves: [{ address: '${host}:443', serverName: a.example.com }] }] }\n`,
        ),
        '',
        host,
      );
  });
});
