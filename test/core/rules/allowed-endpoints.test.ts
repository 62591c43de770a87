/** Where a team may install: deny by default, at the boundaries of a pattern. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Endpoint } from '../../../daemon/core/model.ts';
import { allowedEndpoints, mayInstall } from '../../../daemon/core/rules/allowed-endpoints.ts';
import { certificate, installation, now } from '../sample.ts';
import { subject, team } from './team.ts';

const may = (pattern: string, endpoint: string): boolean =>
  mayInstall(team({ endpoints: [pattern] }), 'web', endpoint, null);

function endpoint(owner: string | null): Endpoint {
  const source = { file: 'inventory/endpoints/e.yaml', line: 1, column: 1 };
  return {
    kind: 'Endpoint',
    name: 'e',
    labels: {},
    source,
    blob: 'b',
    team: owner,
    type: 'ssh',
    config: {},
    machine: [],
    profiles: null,
    networks: [],
  };
}

describe('one pattern', () => {
  test('a name gives exactly that endpoint, not one that only begins alike', () => {
    assert.ok(may('web-01', 'web-01'));
    for (const other of ['web-0', 'web-010', 'web-02', 'db-01', '']) assert.ok(!may('web-01', other), other);
  });
  test('a star gives what begins with all that stands before it', () => {
    for (const name of ['web-', 'web-01', 'web-a-b']) assert.ok(may('web-*', name), name);
    for (const name of ['web', 'webx01', 'db-web-01']) assert.ok(!may('web-*', name), name);
  });
  test('a star in the middle gives nothing but itself', () => {
    assert.ok(!may('w*-01', 'web-01'));
  });
  test('whatever a pattern gives begins with it', () => {
    const name = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
    fc.assert(
      fc.property(name, name, (given, asked) => {
        assert.equal(may(`${given}*`, asked), asked.startsWith(given));
        assert.equal(may(given, asked), asked === given);
      }),
    );
  });
});

describe('the rule', () => {
  const judge = (owner: string | null, patterns: readonly string[] | null): string =>
    allowedEndpoints.judge(
      subject({
        team: patterns === null ? null : team({ endpoints: patterns }),
        endpoints: new Map([['web-01', endpoint(owner)]]),
      }),
      {},
      now,
    ).verdict;
  test("an endpoint of the team's own needs no list", () => {
    assert.equal(judge('web', []), 'pass');
  });
  test("that of another team, or of nobody, must be listed in the team's document", () => {
    for (const owner of ['payments', null]) {
      assert.equal(judge(owner, []), 'fail');
      assert.equal(judge(owner, ['web-01']), 'pass');
    }
  });
  test('deny by default: an endpoint nobody declares, a team nobody declares', () => {
    assert.equal(allowedEndpoints.judge(subject({ team: team({ endpoints: [] }) }), {}, now).verdict, 'fail');
    assert.equal(judge('payments', null), 'fail');
  });
  test('one foreign endpoint among many fails, and only it is named', () => {
    const installations = ['web-01', 'db-01'].map((each) => ({ ...installation, endpoint: each }));
    const ruling = allowedEndpoints.judge(subject({ certificate: certificate({ installations }) }), {}, now);
    assert.match(ruling.message, /^team web may not install on db-01$/);
    assert.match(ruling.fix, /inventory\/teams\/web\.yaml/);
  });
});
