/** The first to end in the chain counts: for renewal, findings, order and figures. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { assessInstallation } from '../../daemon/core/assess.ts';
import { endsAt, renewalBeforeChainEnds, spanOf } from '../../daemon/core/renewal.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { day, facts, input, installed, issued, memory, now } from './sample.ts';

/** The leaf of the samples ends in 80 days. */
const ending = (days: number) => ({ ...issued(facts('aa')), chainEnds: timestamp(now + days * day) });

describe('a chain that ends before its leaf', () => {
  test('is what everything is counted by; one that ends later is not', () => {
    assert.equal(endsAt(ending(20)), timestamp(now + 20 * day));
    assert.equal(spanOf(ending(20)).notAfter, now + 20 * day);
    assert.equal(endsAt(ending(81)), timestamp(now + 80 * day));
  });

  test('has the certificate renewed in time, and never later than was planned', () => {
    const drawn = (
      days: number,
      renewAt: number,
      previous = null as ReturnType<typeof ending> | null,
    ): number =>
      renewalBeforeChainEnds({ issued: ending(days), previous, renewAt }, null, { random01: 0.5, now });
    // Two thirds of the thirty days from ten days ago to twenty days from now.
    assert.equal(drawn(20, now + 50 * day), now + 10 * day);
    assert.equal(drawn(20, now + 5 * day), now + 5 * day);
    assert.equal(drawn(20, now + 50 * day, ending(40)), now + 10 * day);
  });

  test('that the issuer gives again is asked for daily, not at once and for ever', () => {
    const again = renewalBeforeChainEnds(
      { issued: { ...ending(0.1), notBefore: timestamp(now) }, previous: ending(0.1), renewAt: now + day },
      null,
      { random01: 0.5, now },
    );
    assert.equal(again, now + day);
  });

  test('is found overdue, critical and expired, with the words that say why', () => {
    const codes = (days: number): readonly (readonly [string, string])[] =>
      assessInstallation(
        input({ memory: memory({ installed: installed({ issued: ending(days), renewAt: now - day }) }) }),
      ).findings.map(({ code, message }) => [code, message]);
    const said = (days: number, code: string): string =>
      codes(days).find(([each]) => each === code)?.[1] ??
      codes(days)
        .map(([each]) => each)
        .join();
    assert.match(said(2, 'renewal-overdue'), /a certificate above it in its chain expires at/);
    assert.match(said(0.5, 'renewal-critical'), /a certificate above it in its chain expires at/);
    assert.match(
      said(-1, 'installed-expired'),
      /cannot be used: a certificate above it in its chain expired at/,
    );
    assert.deepEqual(codes(60), []);
  });
});

test('nobody works with the end of the leaf alone', () => {
  const paths = globSync([
    'daemon/core/*.ts',
    'daemon/shell/*.ts',
    'daemon/cycle.ts',
    'daemon/commands/**/*.ts',
  ]);
  const readers = paths.filter((path) => /Date\.parse\([^()]*notAfter\)/.test(readFileSync(path, 'utf8')));
  // What a record says of a foreign or an issued certificate is compared with the certificate itself.
  assert.deepEqual(readers.sort(), ['daemon/core/issuance.ts', 'daemon/core/renewal.ts']);
});
