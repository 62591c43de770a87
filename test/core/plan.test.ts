import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planActions, type Candidate } from '../../daemon/core/plan.ts';
import { assessment, certificate, day, installation, now } from './sample.ts';

function candidate(
  name: string,
  kind: 'issue' | 'restore' | 'reload' | 'continue',
  notAfter: number | null,
): Candidate {
  return {
    certificate: certificate({ id: `web/${name}` }),
    installation: { ...installation, id: `web/${name}@web-01` },
    assessment: assessment({ need: { kind, because: `because of ${name}` } }),
    notAfter,
  };
}

test('what is under way comes first, then repairs, then what ends soonest', () => {
  const actions = planActions(
    [
      candidate('late', 'issue', now + 9 * day),
      candidate('soon', 'issue', now + day),
      candidate('drifted', 'restore', now + 90 * day),
      candidate('unloaded', 'reload', now + 90 * day),
      candidate('begun', 'continue', null),
    ],
    100,
  );
  assert.deepEqual(
    actions.map((action) => action.certificate),
    ['web/begun', 'web/unloaded', 'web/drifted', 'web/soon', 'web/late'],
  );
  assert.equal(actions[0]?.because, 'because of begun');
});

test('the order does not depend on the order of the input, and the bound holds', () => {
  const candidates = ['c', 'a', 'b'].map((name) => candidate(name, 'issue', now));
  const forwards = planActions(candidates, 2);
  const backwards = planActions([...candidates].reverse(), 2);
  assert.deepEqual(forwards, backwards);
  assert.deepEqual(
    forwards.map((action) => action.certificate),
    ['web/a', 'web/b'],
  );
});

test('looking is no action', () => {
  const look = {
    ...candidate('a', 'issue', now),
    assessment: assessment({ need: { kind: 'observe', because: 'old' } }),
  };
  assert.deepEqual(planActions([look], 10), []);
});
