/** Solver for HTTP-01 without a web server: renewd itself answers, only while there is something to answer, only with answers it was given. */
import { createServer, type Server } from 'node:http';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import type { Solver } from '../ports/solver.ts';

export interface Responder {
  /** The solver that answers at `host:port`; one server is shared by all who ask for the same place. */
  readonly solverAt: (host: string, port: number) => Solver;
  readonly close: () => Promise<void>;
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly answers: Map<string, string>;
  server: Server | null;
  /** The last opening or closing: they follow one another, so that one order's end does not close what another's beginning relies on. */
  turn: Promise<void>;
}

const prefix = '/.well-known/acme-challenge/';

/** Makes a responder that listens nowhere yet. */
export function createResponder({ log }: { readonly log: Log }): Responder {
  const places = new Map<string, Place>();
  const placeAt = (host: string, port: number): Place => {
    const key = `${host}:${String(port)}`;
    const place: Place = places.get(key) ?? {
      host,
      port,
      answers: new Map<string, string>(),
      server: null,
      turn: Promise.resolve(),
    };
    places.set(key, place);
    return place;
  };
  return {
    solverAt: (host, port) => {
      const place = placeAt(host, port);
      return {
        types: ['http-01'],
        present: async ({ token, keyAuthorization }) => {
          place.answers.set(token, keyAuthorization);
          await settle(place);
          log.debug({ host, port }, 'answering http-01');
        },
        cleanUp: async ({ token }) => {
          place.answers.delete(token);
          await settle(place);
        },
      };
    },
    close: async () => {
      for (const place of places.values()) {
        place.answers.clear();
        await settle(place);
      }
    },
  };
}

/** Listens while there is something to answer, and not otherwise. @throws OperationError `http-unavailable` */
function settle(place: Place): Promise<void> {
  const mine = place.turn.then(async () => {
    const { server, answers } = place;
    if (answers.size > 0) {
      place.server ??= await listen(place);
    } else if (server !== null) {
      place.server = null;
      await shut(server);
    }
  });
  // Who comes next tries for itself.
  place.turn = mine.catch(() => undefined);
  return mine;
}

function listen(place: Place): Promise<Server> {
  const { host, port } = place;
  const server = createServer(
    {
      maxHeaderSize: limits.acme.responderHeaderMaxBytes,
      requestTimeout: limits.acme.responderTimeoutMs,
      headersTimeout: limits.acme.responderTimeoutMs,
      // Node looks for late ones only every 30 s unless told.
      connectionsCheckingInterval: limits.acme.responderTimeoutMs,
    },
    (request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      const answer = path.startsWith(prefix) ? place.answers.get(path.slice(prefix.length)) : undefined;
      response.setHeader('content-type', 'text/plain');
      response.setHeader('connection', 'close');
      const known = answer !== undefined && (request.method === 'GET' || request.method === 'HEAD');
      response.statusCode = known ? 200 : 404;
      response.end(known ? answer : 'not found\n');
    },
  );
  server.maxConnections = limits.acme.responderConnectionsMax;
  return new Promise((resolve, reject) => {
    // Stays for as long as the server: an error while accepting must not end the daemon.
    server.on('error', (cause) => {
      reject(
        new OperationError(
          'http-unavailable',
          `the http-01 responder cannot listen on ${host}:${String(port)}: ${cause.message}. Port 80 needs CAP_NET_BIND_SERVICE, and nothing else may listen there.`,
          {
            disposition: 'retry',
            cause,
          },
        ),
      );
    });
    server.listen(port, host, () => {
      resolve(server);
    });
  });
}

async function shut(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
