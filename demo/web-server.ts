/**
 * The web server of the demo's machines: serves HTTPS from certificate files, reads them again on SIGHUP and keeps the old ones when the new do not
 * fit, as nginx does. `--test` only says whether the files fit. It knows nothing of renewd.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Site } from './machine.ts';

const testing = process.argv[2] === '--test';
const file = process.argv[testing ? 3 : 2] ?? '';

/** Every site's context by port and name. Throws when a file is missing or key and certificate do not belong together. */
function load(): Map<number, Map<string, SecureContext>> {
  const sites = JSON.parse(readFileSync(file, 'utf8')) as Site[];
  const ports = new Map<number, Map<string, SecureContext>>();
  for (const site of sites) {
    const names = ports.get(site.port) ?? new Map<string, SecureContext>();
    try {
      const context = createSecureContext({
        cert: readFileSync(site.certificate),
        key: readFileSync(site.key),
        minVersion: 'TLSv1.2',
      });
      names.set(site.serverName, context);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${site.serverName}: ${site.certificate}: ${reason}`, { cause: error });
    }
    ports.set(site.port, names);
  }
  return ports;
}

if (testing) {
  try {
    load();
    process.stderr.write('configuration file test is successful\n');
  } catch (error) {
    process.stderr.write(`configuration file test failed: ${error instanceof Error ? error.message : ''}\n`);
    process.exitCode = 1;
  }
} else {
  let ports = load();
  for (const port of ports.keys()) {
    const server = createServer(
      {
        SNICallback: (name, answer) => {
          const names = ports.get(port);
          answer(null, names?.get(name) ?? names?.values().next().value);
        },
      },
      (request, response) => {
        response.end(`hello from ${request.headers.host ?? 'the demo'}\n`);
      },
    );
    server.on('tlsClientError', () => undefined);
    server.listen(port, '127.0.0.1', () => {
      process.stdout.write(`listening on ${String(port)}\n`);
    });
  }
  process.on('SIGHUP', () => {
    try {
      ports = load();
    } catch (error) {
      process.stderr.write(`kept the old certificates: ${error instanceof Error ? error.message : ''}\n`);
    }
  });
  process.on('SIGTERM', () => process.exit(0));
}
