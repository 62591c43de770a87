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
  readonly answers: Map<string, string>;
  server: Promise<Server> | null;
}

const prefix = '/.well-known/acme-challenge/';

/** Makes a responder that listens nowhere yet. */
export function createResponder({ log }: { readonly log: Log }): Responder {
  const places = new Map<string, Place>();
  const placeAt = (key: string): Place => {
    const place = places.get(key) ?? { answers: new Map<string, string>(), server: null };
    places.set(key, place);
    return place;
  };
  return {
    solverAt: (host, port) => {
      const place = placeAt(`${host}:${String(port)}`);
      return {
        types: ['http-01'],
        present: async ({ token, keyAuthorization }) => {
          place.answers.set(token, keyAuthorization);
          place.server ??= listen(place, host, port).catch((error: unknown) => {
            place.server = null;
            throw error;
          });
          await place.server;
          log.debug({ host, port }, 'answering http-01');
        },
        cleanUp: async ({ token }) => {
          place.answers.delete(token);
          if (place.answers.size === 0) await shut(place);
        },
      };
    },
    close: async () => {
      for (const place of places.values()) await shut(place);
    },
  };
}

function listen(place: Place, host: string, port: number): Promise<Server> {
  const server = createServer(
    {
      maxHeaderSize: limits.acme.responderHeaderMaxBytes,
      requestTimeout: limits.acme.responderTimeoutMs,
      headersTimeout: limits.acme.responderTimeoutMs,
    },
    (request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      const answer = path.startsWith(prefix) ? place.answers.get(path.slice(prefix.length)) : undefined;
      response.setHeader('content-type', 'text/plain');
      response.setHeader('connection', 'close');
      if (answer === undefined || (request.method !== 'GET' && request.method !== 'HEAD'))
        response.statusCode = 404;
      response.end(answer ?? 'not found\n');
    },
  );
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
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

async function shut(place: Place): Promise<void> {
  const server = await place.server?.catch(() => null);
  place.server = null;
  if (server == null) return;
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
