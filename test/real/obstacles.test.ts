/** What is served stays trusted while a change of issuer is blocked, and a plan names what it could not read and when it is tried next. Real git, sshd and nginx. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { unreadEndpoints, waitingNow } from '../../daemon/commands/obstacles.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

describe('what stands in the way', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    house = await estate.openHouse();
    await turn(house);
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('an issuer that policy blocks does not make what is served untrusted', async () => {
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
    const other = declarations(estate, { issuer: 'other-ca' });
    await estate.commit(
      {
        ...other,
        'inventory/issuers/other-ca.yaml': (other['inventory/issuers/internal-ca.yaml'] ?? '').replace(
          'name: internal-ca',
          'name: other-ca',
        ),
        'policies/issuers.yaml':
          'apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: issuers }\nspec:\n  rules:\n    - rule: allowed-issuers\n      action: block\n      settings: { issuers: [internal-ca] }\n',
      },
      'Ask for another CA, which policy does not allow',
    );
    await turn(house, { observeAll: true });
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'blocked');
    assert.deepEqual(
      record.installations[0]?.addresses.map((each) => each.result),
      ['served-match'],
    );
    assert.deepEqual(
      record.findings.map((each) => each.code),
      ['policy-blocked'],
    );
  });

  test('an endpoint that cannot be read is named, with what is there', async () => {
    // Connections that are open outlive the server that took them.
    await house.close();
    await estate.sshd.stop();
    house = await estate.openHouse();
    const options = { observeAll: true, dryRun: true, heartbeat: false };
    const { planned } = await turn(house, options);
    assert.deepEqual(planned, []);
    const [unread, ...more] = unreadEndpoints(house.memory);
    assert.deepEqual(more, []);
    assert.equal(unread?.endpoint, 'web-01');
    assert.equal(unread.code, 'ssh-unreachable');
    assert.deepEqual(unread.installations, ['web/shop@web-01']);
  });

  test('what waits is told with when it is tried next, the soonest first', () => {
    const attempt = {
      failures: 1,
      lastFailureAt: 0,
      code: 'rate-limited',
      message: 'later',
      step: 'issue',
      blob: '',
    };
    const attempts = new Map([
      ['issuer:a', { ...attempt, nextAt: 7_200_000 }],
      ['installation:web/shop@web-01', { ...attempt, nextAt: 3_600_000 }],
      ['endpoint:due', { ...attempt, nextAt: 1000 }],
    ]);
    assert.deepEqual(
      waitingNow({ attempts }, 1000).map(({ subject, nextAt }) => [subject, nextAt]),
      [
        ['installation:web/shop@web-01', '1970-01-01T01:00:00Z'],
        ['issuer:a', '1970-01-01T02:00:00Z'],
      ],
    );
  });
});
