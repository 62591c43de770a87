/** More references than anybody keeps, which one push of anybody makes: what is asked for by name is found all the same, and records are pushed. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listingOf, readAdvertisement } from '../../daemon/git/advertisement.ts';
import { createPacketReader, flushPacket, packet, type PacketReader } from '../../daemon/git/pkt-line.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { publishing, workshop } from './git-server.ts';

const signal = new AbortController().signal;
const main = 'refs/heads/main';
const state = 'refs/heads/renewd/state';
const [oid, other] = ['a'.repeat(40), 'b'.repeat(40)];
const many = Array.from(
  { length: limits.git.refsMax + 1 },
  (_, at) => `refs/heads/a${String(at).padStart(7, '0')}`,
);

/** A reader of these packets, with what was not read of them. */
function reading(packets: readonly Buffer[]): { readonly reader: PacketReader; readonly left: () => number } {
  let left = packets.length;
  async function* parts(): AsyncGenerator<Buffer> {
    for (const each of packets) {
      left--;
      yield await Promise.resolve(each);
    }
  }
  const reader = createPacketReader(parts(), limits.git.advertisementMaxBytes, 'here');
  return { reader, left: () => left };
}

test('of what a server shows the references asked for are kept, and others up to the bound', () => {
  const listing = listingOf([main, state]);
  for (const each of many) listing.add(each, other);
  assert.equal(listing.refs.size, limits.git.refsMax);
  assert.equal(listing.isComplete(), false);
  listing.add(main, oid);
  assert.equal(listing.refs.get(main), oid);
  listing.add(state, oid);
  assert.equal(listing.isComplete(), true);
});

test('a server is read to the last of the references asked for, where nothing more is asked', async () => {
  const lines = [packet(`${oid} ${main}\0side-band-64k\n`)];
  for (const each of many.slice(0, 100)) lines.push(packet(`${other} ${each}\n`));
  const short = reading([...lines, flushPacket]);
  const { refs } = await readAdvertisement(short.reader, 'here', [main], { stopsEarly: true });
  assert.deepEqual([...refs], [[main, oid]]);
  assert.equal(short.left(), 101);
  const whole = reading([...lines, flushPacket]);
  const { capabilities } = await readAdvertisement(whole.reader, 'here', [main]);
  assert.ok(capabilities.has('side-band-64k'));
  assert.equal(whole.left(), 0);
});

test('on this machine a branch is read by its name, records are pushed, and the beginning of an id is looked for in all or not at all', async (context) => {
  const { directory, git, commit } = workshop(context);
  git('init', '-q', '--bare', '-b', 'main', 'bare.git');
  const bare = join(directory, 'bare.git');
  const tip = commit('bare.git', { 'inventory/a.yaml': 'a\n' });
  rmSync(join(bare, main));
  const lines = [...many, main].map((each) => `${tip} ${each}\n`);
  writeFileSync(
    join(bare, 'packed-refs'),
    `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`,
  );
  const repository = await openRepository({ url: bare, directory: '', now: Date.now });
  try {
    assert.deepEqual([...(await repository.advertise(signal, [main, state]))], [[main, tip]]);
    const outcome = await repository.publish(publishing({ 'a.json': '{}\n' }), signal);
    assert.equal(outcome.state, 'published');
    assert.equal(
      (await repository.advertise(signal, [state])).get(state),
      await repository.pushTip(state, signal),
    );
    const instead = await repository.advertise(signal, ['refs/heads/gone']);
    assert.ok(instead.size > 1000 && instead.size <= limits.git.refsMax + 1);
    await assert.rejects(repository.resolve(tip.slice(0, 8), signal), /more references than are read/);
    const inTheWay = publishing({ 'a.json': '{}\n' }, { ref: `${many[0] ?? ''}/state` });
    await assert.rejects(repository.publish(inTheWay, signal), /cannot be made beside refs\/heads\/a0000000/);
    const above = publishing({ 'a.json': '{}\n' }, { ref: 'refs/heads/renewd' });
    await assert.rejects(
      repository.publish(above, signal),
      /cannot be made beside refs\/heads\/renewd\/state/,
    );
  } finally {
    await repository.close();
  }
});
