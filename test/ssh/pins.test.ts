/** What a server shows as its host key is words of a stranger until it fits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import { failureOf, readOffer, type Attempted, type Offers } from '../../daemon/ssh/destination.ts';
import { keyType } from '../../daemon/ssh/pins.ts';

const attempted = (shown: Uint8Array | null): Attempted => ({
  shown,
  offers: new Map(),
  ours: { kex: [], cipher: [], hmac: [] },
});

const blob = (type: Uint8Array, length = type.length): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return Buffer.concat([head, type, Buffer.alloc(40)]);
};

test('the type of a host key is a short printable name, or none', () => {
  assert.equal(keyType(blob(Buffer.from('ssh-ed25519'))), 'ssh-ed25519');
  for (const key of [
    blob(Buffer.alloc(30_000, 'A')),
    blob(Buffer.from('A'), 0xffffffff),
    blob(Buffer.from('ssh\n\u001b[2Jroot logged in')),
    blob(Buffer.from('a b')),
    blob(Buffer.alloc(0)),
    Buffer.alloc(2),
  ])
    assert.equal(keyType(key), 'a key of no known type');
});

test('a message about a host key is as long as one about an honest one, and its last words stay', () => {
  const destination = {
    host: 'web-01.example.com',
    port: 22,
    user: 'renewd',
    hostKeys: ['SHA256:AAAA'],
    auth: { agentSocket: '/run/agent' },
    jump: null,
  };
  const { message } = failureOf(new Error('x'), destination, attempted(blob(Buffer.alloc(30_000, 'A'))));
  assert.ok(message.length < 500, message);
  assert.match(message, /change hostKeys\.$/);
  const talk = failureOf(
    new Error(`Disconnected: ${'\u001b[31m'.repeat(5000)}`),
    destination,
    attempted(null),
  );
  assert.ok(talk.message.length <= limits.records.messageMaxChars);
  assert.doesNotMatch(talk.message, /\p{Cc}/u);
});

test('what a server offers is kept by kind, bounded, and shown without control characters', () => {
  const offers: Offers = new Map();
  readOffer(offers, 'Outbound: Sending KEXINIT');
  readOffer(offers, 'Handshake: (local) KEX method: curve25519-sha256');
  assert.equal(offers.size, 0);
  readOffer(offers, `Handshake: (remote) KEX method: ${'\u001b[2J'.repeat(10_000)}`);
  assert.equal(offers.get('KEX method')?.length, limits.ssh.offerShownMaxChars);
  const destination = {
    host: 'web-01',
    port: 22,
    user: 'renewd',
    hostKeys: [],
    auth: { agentSocket: '/run/agent' },
    jump: null,
  };
  const { message } = failureOf(
    new Error('Handshake failed: no matching key exchange algorithm'),
    destination,
    {
      ...attempted(null),
      offers,
      ours: { kex: ['curve25519-sha256'], cipher: [], hmac: [] },
    },
  );
  assert.doesNotMatch(message, /\p{Cc}/u);
  assert.match(
    message,
    /renewd has curve25519-sha256\. Allow one of these there \(KexAlgorithms in sshd_config\)$/,
  );
});
