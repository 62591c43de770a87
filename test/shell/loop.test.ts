import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoop } from '../../daemon/shell/loop.ts';

const hour = 3_600_000;

test('the first round runs at once, and a hint brings the next one long before the clock does', async () => {
  const stop = new AbortController();
  const reasons: string[] = [];
  const loop = startLoop({
    pollIntervalMs: hour,
    now: () => 0,
    stop: stop.signal,
    round: (why) => {
      reasons.push(why);
      if (reasons.length === 3) stop.abort();
      else
        setImmediate(() => {
          loop.hint('webhook');
        });
      return Promise.resolve({ nextDueAt: null });
    },
  });
  await loop.done;
  assert.deepEqual(reasons, ['start', 'webhook', 'webhook']);
});

test('a hint during a round means one more after it, however many hints there were', async () => {
  const stop = new AbortController();
  let rounds = 0;
  const loop = startLoop({
    pollIntervalMs: hour,
    now: () => 0,
    stop: stop.signal,
    round: async () => {
      rounds++;
      if (rounds === 1) {
        await new Promise((resolve) => setImmediate(resolve));
        loop.hint('one');
        loop.hint('two');
        loop.hint('three');
      } else {
        setImmediate(() => {
          stop.abort();
        });
      }
      return { nextDueAt: null };
    },
  });
  await loop.done;
  assert.equal(rounds, 2);
});

test('something that is due now does not become a busy loop', async () => {
  const stop = new AbortController();
  let rounds = 0;
  const loop = startLoop({
    pollIntervalMs: hour,
    now: () => 1000,
    stop: stop.signal,
    round: () => {
      rounds++;
      setTimeout(() => {
        stop.abort();
      }, 50);
      return Promise.resolve({ nextDueAt: 0 });
    },
  });
  await loop.done;
  assert.equal(rounds, 1);
});

test('a round that rejects ends the loop with its error', async () => {
  const loop = startLoop({
    pollIntervalMs: hour,
    now: () => 0,
    stop: new AbortController().signal,
    round: () => Promise.reject(new Error('a mistake')),
  });
  await assert.rejects(loop.done, /a mistake/);
});
