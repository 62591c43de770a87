/** Git over SSH: runs the service through the injected `connect` and speaks protocol version 0 on its channel. Host keys are the ssh room's. */
import { limits } from '../limits.ts';
import { saidText } from '../said-text.ts';
import type { GitService, GitSshChannel, GitSshConnect, GitSshLocation } from '../ports/git-ssh.ts';
import { readAdvertisement, serverError } from './advertisement.ts';
import { createPacketReader, flushPacket, type Packet, type PacketReader } from './pkt-line.ts';
import type { Session, Transport } from './transport.ts';

/** Makes a transport over `connect`. Does no IO itself. */
export function createSshTransport(location: GitSshLocation, connect: GitSshConnect): Transport {
  const place = `ssh://${location.host}${location.port === null ? '' : `:${location.port}`}/${location.path.replace(/^\//, '')}`;
  const begin = async (service: GitService, wanted: Wanted, signal: AbortSignal): Promise<Session> => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(limits.git.transferTimeoutMs)]);
    const channel = await connect(location, service, bounded);
    try {
      return await greet(channel, service, place, wanted);
    } catch (error) {
      channel.close();
      throw error;
    }
  };
  return {
    place,
    open: (service, ref, signal) => begin(service, { refs: [ref], stopsEarly: false }, signal),
    listRefs: async (wanted, signal) => {
      const session = await begin('git-upload-pack', { refs: wanted, stopsEarly: true }, signal);
      session.close();
      return session.advertisement.refs;
    },
    close: () => undefined,
  };
}

interface Wanted {
  readonly refs: readonly string[];
  /** Nothing is asked after the references. */
  readonly stopsEarly: boolean;
}

async function greet(
  channel: GitSshChannel,
  service: GitService,
  place: string,
  { refs, stopsEarly }: Wanted,
): Promise<Session> {
  const reader = createPacketReader(channel.readable, limits.git.advertisementMaxBytes, place);
  const advertisement = await readAdvertisement(explained(reader, channel, place), place, refs, {
    stopsEarly,
  });
  let closed = false;
  let sent = false;
  return {
    advertisement,
    request: async (body) => {
      sent = true;
      await channel.write(body);
      await channel.endInput();
      return answer(reader, channel, service, place);
    },
    close: () => {
      if (closed) return;
      closed = true;
      // A flush says politely that nothing is wanted; whether it arrives does not matter.
      const farewell = sent ? Promise.resolve() : channel.write(flushPacket).catch(() => undefined);
      void farewell.then(() => {
        channel.close();
      });
    },
  };
}

/** An end before the advertisement's flush is explained by what the service said on stderr. */
function explained(reader: PacketReader, channel: GitSshChannel, place: string): PacketReader {
  const next = async (): Promise<Packet | null> => {
    const line = await reader.next();
    if (line === null) throw serverError(place, (await channel.exit).stderr);
    return line;
  };
  return { next, rest: reader.rest };
}

async function* answer(
  reader: PacketReader,
  channel: GitSshChannel,
  service: GitService,
  place: string,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const part of reader.rest()) {
    received += part.length;
    yield part;
  }
  const { code, stderr } = await channel.exit;
  // receive-pack reports in its answer; upload-pack that fails has sent half a pack.
  if (code !== 0 && (received === 0 || service === 'git-upload-pack')) {
    throw serverError(place, stderr.trim() === '' ? saidText(`exit code ${code}`) : stderr);
  }
}
