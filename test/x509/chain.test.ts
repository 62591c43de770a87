/** Searching paths where an attacker chose the certificates: bounded work, every way in tried, no detour believed. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { judgeChain, type ChainQuestion } from '../../daemon/x509/chain.ts';
import { nameConstraintsDer } from '../../daemon/x509/name-constraints-write.ts';
import {
  newAuthorityKey,
  signIntermediate,
  signLeaf,
  signRoot,
  type Authority,
} from '../../daemon/x509/sign.ts';

const now = Date.UTC(2026, 10, 21, 12);
const day = 86_400_000;
const validity = { notBefore: now - day, notAfter: now + 365 * day };
const serial = (text: string): string => `01${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' });

/** A CA of this name, signed by itself. The same key and name with another number is another certificate of the same CA. */
async function root(
  subject: string,
  keyPem = newAuthorityKey(),
  number = '',
  when = validity,
): Promise<Authority> {
  return { keyPem, certificate: await signRoot(keyPem, subject, serial(subject + number), when) };
}

async function below(
  issuer: Authority,
  subject: string,
  keyPem = newAuthorityKey(),
  when = validity,
): Promise<Authority> {
  const nameConstraints = nameConstraintsDer(['example.com'], []);
  const certificate = await signIntermediate(issuer, {
    keyPem,
    subject,
    serial: serial(subject),
    validity: when,
    nameConstraints,
  });
  return { keyPem, certificate };
}

function leafOf(issuer: Authority): Promise<Uint8Array> {
  const dnsNames = ['shop.example.com'];
  return signLeaf(issuer, {
    publicKey, keyAlgorithm: 'ecdsa-p256', commonName: null, dnsNames, ipAddresses: [], usages: ['serverAuth'],
    serial: serial('leaf'), validity: { ...validity, notAfter: now + 90 * day }, crlUrl: null,
  }); // prettier-ignore
}

const judge = (
  leaf: Uint8Array,
  intermediates: readonly Uint8Array[],
  anchors: readonly Uint8Array[],
  more: Partial<ChainQuestion> = {},
) => {
  const { verdict, reason } = judgeChain({ leaf, intermediates, anchors, now, ...more });
  return { verdict, reason };
};

let anchor: Authority;
let middle: Authority;
let leaf: Uint8Array;
before(async () => {
  anchor = await root('CN=Root');
  middle = await below(anchor, 'CN=Middle');
  leaf = await leafOf(middle);
});

test('order, repetition and rubbish among what was sent change nothing', async () => {
  const stranger = await root('CN=Stranger');
  const sent = [
    Buffer.from('rubbish'),
    stranger.certificate,
    leaf,
    anchor.certificate,
    middle.certificate,
    middle.certificate,
  ];
  for (const intermediates of [sent, sent.toReversed()]) {
    assert.deepEqual(
      judge(leaf, intermediates, [anchor.certificate], { serverName: 'shop.example.com', profile: 'public' }),
      {
        verdict: 'trusted',
        reason: null,
      },
    );
  }
});

test('nothing that was sent is an anchor', () => {
  assert.equal(judge(leaf, [middle.certificate, anchor.certificate], []).verdict, 'untrusted');
});

test('an anchor of the same name with another key does not hide the right one', async () => {
  const namesakes = await Promise.all(['a', 'b', 'c'].map((number) => root('CN=Root', undefined, number)));
  const anchors = [...namesakes.map((each) => each.certificate), anchor.certificate];
  assert.equal(judge(leaf, [middle.certificate], anchors).verdict, 'trusted');
  assert.equal(judge(leaf, [middle.certificate], anchors.slice(0, 3)).verdict, 'untrusted');
});

test('an expired certificate of the same CA beside a good one is passed over (AddTrust, 2020)', async () => {
  const old = await root('CN=Root', anchor.keyPem, 'old', {
    notBefore: now - 300 * day,
    notAfter: now - day,
  });
  assert.equal(judge(leaf, [middle.certificate], [old.certificate, anchor.certificate]).verdict, 'trusted');
  const expired = judge(leaf, [middle.certificate], [old.certificate]);
  assert.deepEqual(expired, { verdict: 'untrusted', reason: 'a certificate of the path has expired' });
});

test('a leaf ends after its last second and begins with its first', () => {
  const at = (ms: number) => judge(leaf, [middle.certificate], [anchor.certificate], { now: ms }).verdict;
  assert.equal(at(now + 90 * day), 'trusted');
  assert.equal(at(now + 90 * day + 999), 'trusted');
  assert.equal(at(now + 90 * day + 1000), 'untrusted');
  assert.equal(at(now - day), 'trusted');
  assert.equal(at(now - day - 1), 'untrusted');
});

test('the right name is asked for', () => {
  const named = judge(leaf, [middle.certificate], [anchor.certificate], { serverName: 'www.example.com' });
  assert.deepEqual(named, {
    verdict: 'untrusted',
    reason: 'the leaf does not have the name that was asked for',
  });
  const usage = judge(leaf, [middle.certificate], [anchor.certificate], { usage: 'clientAuth' });
  assert.equal(usage.reason, 'a certificate of the path is not for clientAuth');
});

test('a certificate that is pinned is its own anchor, but not when it is expired', () => {
  assert.equal(judge(leaf, [], [leaf]).verdict, 'trusted');
  assert.equal(judge(leaf, [], [leaf], { now: now + 91 * day }).verdict, 'untrusted');
});

test('a CA whose path length is used up signs no CA', async () => {
  const deeper = await below(middle, 'CN=Deeper');
  const deep = await leafOf(deeper);
  const verdict = judge(deep, [deeper.certificate, middle.certificate], [anchor.certificate]);
  assert.deepEqual(verdict, { verdict: 'untrusted', reason: 'a CA of the path allows fewer CAs below it' });
});

describe('mazes end', () => {
  test('one CA certified many times by itself: every order of them is a path', async () => {
    const keyPem = newAuthorityKey();
    const maze = await Promise.all(
      Array.from({ length: 40 }, (_, index) => root('CN=Maze', keyPem, String(index))),
    );
    const [first = anchor] = maze;
    const lost = await leafOf(first);
    const certificates = maze.map((each) => each.certificate);
    assert.equal(judge(lost, certificates, [anchor.certificate]).verdict, 'untrusted');
    // The way out is still found: it is tried before the maze.
    assert.equal(judge(lost, certificates.slice(1), [first.certificate]).verdict, 'trusted');
  });

  test('many certificates of one name and many keys: each is one signature, and there is an end to them', async () => {
    const namesakes = await Promise.all(
      Array.from({ length: 250 }, (_, index) => root('CN=Middle', undefined, String(index))),
    );
    const flood = [...namesakes.map((each) => each.certificate), middle.certificate];
    // 128 are looked at: what comes after does not count, so a flood hides the right one and is untrusted.
    assert.equal(judge(leaf, flood, [anchor.certificate]).verdict, 'untrusted');
    // Anchors are ours and all of them count, but not more signatures than the bound.
    const reason = judge(
      leaf,
      [],
      namesakes.map((each) => each.certificate),
    ).reason;
    assert.equal(reason, 'finding out whether it is trusted is too much work (signatures)');
  });
});

test('incomplete is what becomes trusted once the missing certificate is known', () => {
  const known = [middle.certificate];
  assert.equal(judge(leaf, [], [anchor.certificate], { known }).verdict, 'chain-incomplete');
  assert.equal(judge(leaf, [], [], { known }).verdict, 'untrusted');
  assert.equal(judge(leaf, [], [anchor.certificate]).verdict, 'untrusted');
});

test('a leaf that is none is untrusted, not an error', () => {
  for (const bytes of [new Uint8Array(), Buffer.from('hello'), leaf.subarray(1), new Uint8Array(70_000)]) {
    const { verdict, reason } = judge(bytes, [middle.certificate], [anchor.certificate]);
    assert.equal(verdict, 'untrusted');
    assert.match(reason ?? '', /^the leaf is not a readable certificate: /);
  }
});
