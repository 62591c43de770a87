/** What becomes of an operation that fails, waits, and is taken up again: each case ends on a certificate or with a way out, and never goes round. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { OperationError } from '../../daemon/ports/failure.ts';
import { facts, installation, issued } from '../core/sample.ts';
import { newLeaf, oldLeaf, startMachine, underWay, type Machine } from '../fixtures/machine.ts';

const subject = `installation:${installation.id}`;
const refusal = (code: 'config-test-failed' | 'placement-refused' | 'ssh-unreachable'): OperationError =>
  new OperationError(code, 'told to fail', { disposition: 'retry' });
let machine: Machine;
beforeEach(() => {
  machine = startMachine();
});
afterEach(() => {
  machine.close();
});

describe('a key that is gone', () => {
  test('ends what is issued with it: the next try begins anew, after the pause of any failure', async () => {
    underWay(machine);
    machine.fails.set('test', refusal('config-test-failed'));
    assert.equal((await machine.act('continue'))?.failure?.code, 'config-test-failed');
    assert.equal(machine.operation()?.step, 'issued');
    machine.fails.clear();
    machine.leaves.delete('g2');
    assert.equal((await machine.act('continue'))?.failure?.code, 'stage-failed');
    assert.equal(machine.operation(), null);
    const attempt = machine.journal.attempts().get(subject);
    assert.equal(attempt?.failures, 2, 'an endpoint that loses every key costs no order each turn');
    assert.equal(attempt.endsWhen, undefined, 'nobody is told to bring the key back');
    assert.ok((attempt.nextAt ?? 0) <= machine.at + 15 * 60_000);
    assert.equal(machine.installed?.keyLost, false, 'what is installed has its own key');
  });

  test('ends a repair at its first try and at each later one, and only a new certificate is left', async () => {
    for (const later of [false, true]) {
      machine.close();
      machine = startMachine();
      machine.current = null;
      if (later) {
        machine.fails.set('test', refusal('config-test-failed'));
        assert.equal((await machine.act('restore'))?.state, 'failed');
        machine.fails.clear();
        assert.equal(machine.operation()?.repairs, true);
      }
      machine.leaves.delete('g1');
      assert.equal((await machine.act(later ? 'continue' : 'restore'))?.failure?.code, 'stage-failed');
      assert.equal(machine.operation(), null);
      assert.equal(machine.journal.attempts().get(subject), undefined, 'it waits for nothing');
      assert.equal(machine.installed?.keyLost, true);
    }
  });
});

describe('a repair that is over', () => {
  test('is dropped without a word to the machine, also where it was to be switched back', async () => {
    for (const rollback of [null, { step: 'proof by handshake', code: 'not-served', message: 'no' }]) {
      underWay(machine, { generation: 'g1', issued: issued(oldLeaf), repairs: true, rollback });
      machine.fails.set('undo', refusal('placement-refused'));
      machine.misfit = { kind: 'declaration', because: 'a new certificate comes before the repair' };
      const outcome = await machine.act('abandon');
      assert.deepEqual([outcome?.state, outcome?.action.kind], ['done', 'abandon']);
      assert.equal(machine.operation(), null);
      assert.deepEqual(machine.calls, []);
    }
  });
});

describe('a switch back that could not be done', () => {
  test('keeps its own code, counts once, and the try after it goes on to the end', async () => {
    underWay(machine);
    machine.fails.set('test', refusal('config-test-failed')).set('undo', refusal('placement-refused'));
    const first = await machine.act('continue');
    assert.deepEqual([first?.failure?.code, first?.failure?.step], ['placement-refused', 'roll back']);
    assert.equal(machine.operation()?.rollback?.code, 'config-test-failed');
    machine.fails.clear();
    const second = await machine.act('continue');
    assert.equal(second?.state, 'done', JSON.stringify(second?.failure));
    assert.equal(machine.installed?.issued.fingerprint, newLeaf.fingerprint);
    assert.equal(machine.journal.attempts().get(subject), undefined);
  });
});

describe('an address that cannot show the new certificate', () => {
  beforeEach(() => {
    machine.close();
    machine = startMachine(2);
    underWay(machine);
  });

  test('and was as dead before takes nothing back: installed, not proved, one switch', async () => {
    machine.shown[1] = null;
    assert.equal((await machine.act('continue'))?.state, 'done');
    assert.equal(machine.current, 'g2');
    assert.equal(machine.installed?.issued.provedAt, null);
    assert.deepEqual(machine.calls, ['stage', 'activate g2', 'test', 'reload']);
  });

  test('and shows another one than ours, before and after, takes nothing back', async () => {
    machine.shown[1] = facts('cc');
    assert.equal((await machine.act('continue'))?.state, 'done');
    assert.equal(machine.current, 'g2');
  });

  test('and worked before has the switch taken back', async () => {
    machine.fails.set('test', refusal('config-test-failed'));
    await machine.act('continue');
    machine.fails.clear();
    // It dies with the reload, so it was looked at before.
    machine.onReload = () => (machine.shown[1] = null);
    assert.equal((await machine.act('continue'))?.failure?.code, 'not-served');
    assert.equal(machine.current, 'g1');
  });

  test('and worked before, and what was before has expired: the new one stays, without another switch each day', async () => {
    machine.onReload = () => (machine.shown[1] = null);
    machine.at = oldLeaf.notAfter + 1;
    for (const _ of [1, 2]) {
      const outcome = await machine.act('continue');
      assert.match(outcome?.failure?.message ?? '', /stays in place all the same.*expired at/);
      assert.equal(machine.current, 'g2');
      assert.ok(!machine.calls.includes('undo'));
    }
    // Dropped by a new declaration it stays as well; what policy forbids does not.
    machine.misfit = { kind: 'policy', because: 'policy forbids it' };
    underWay(machine, { step: 'reloaded', before: 'g1' });
    await machine.act('abandon');
    assert.equal(machine.current, 'g1');
  });

  test('and does not take the reload takes nothing back while the other one shows the new certificate', async () => {
    machine.deaf[1] = true;
    assert.equal((await machine.act('continue'))?.state, 'done');
    assert.equal(machine.current, 'g2');
    assert.equal(machine.installed?.issued.provedAt, null);
  });

  test('a reload that is begun for it is done only when it shows ours', async () => {
    machine.journal.removeOperation(installation.id);
    machine.shown[1] = facts('cc');
    for (const kind of ['reload', 'continue'] as const)
      assert.equal((await machine.act(kind))?.failure?.code, 'not-served');
    machine.shown[1] = 'current';
    assert.equal((await machine.act('continue'))?.state, 'done');
  });
});
