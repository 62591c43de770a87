/**
 * One machine of the demo: an SSH server that runs real commands in a directory of its own, and a web server process that
 * really reads its certificate files. It stands for a host with sshd and nginx; nothing of renewd is built into it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { makeSshKeyPair } from './ssh-key-pair.ts';

export interface Site {
  readonly serverName: string;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
}

export interface Machine {
  readonly name: string;
  /** Everything this machine may call its own: `etc/`, `bin/`, `var/`. */
  readonly root: string;
  readonly sshPort: number;
  /** `ssh-ed25519 AAAA...`, as it is pinned in the declaration. */
  readonly hostKey: string;
  /** Starts the web server on what `sites` says. */
  readonly startServer: (sites: readonly Site[]) => Promise<void>;
  /** Makes the web server read its files again, as an administrator would. */
  readonly reload: () => void;
  readonly stop: () => Promise<void>;
}

/** Starts a machine. IO: its directory, one SSH port on loopback. */
export async function startMachine(name: string, root: string, authorizedKey: string): Promise<Machine> {
  for (const directory of ['bin', 'etc', 'run', 'var/lib/renewd']) {
    await mkdir(join(root, directory), { recursive: true, mode: 0o700 });
  }
  const keys = makeSshKeyPair();
  const server = createSshServer(root, keys.private, authorizedKey);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  await writeControl(root);
  let web: ChildProcess | null = null;
  return {
    name,
    root,
    sshPort: (server.address() as AddressInfo).port,
    hostKey: keys.public.split(' ').slice(0, 2).join(' '),
    startServer: async (sites) => {
      await writeFile(join(root, 'etc/sites.json'), `${JSON.stringify(sites, null, 2)}\n`);
      web = await startWeb(root);
    },
    reload: () => {
      web?.kill('SIGHUP');
    },
    stop: async () => {
      web?.kill('SIGTERM');
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const client of clients.get(server) ?? []) client.end();
      });
    },
  };
}

const clients = new WeakMap<ssh2.Server, Set<ssh2.Connection>>();

function createSshServer(root: string, hostKey: string, authorizedKey: string): ssh2.Server {
  const allowed = ssh2.utils.parseKey(authorizedKey);
  if (allowed instanceof Error) throw allowed;
  const open = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method !== 'publickey' || !context.key.data.equals(allowed.getPublicSSH())) {
        context.reject(['publickey']);
        return;
      }
      if (context.signature === undefined || context.blob === undefined) {
        context.accept();
        return;
      }
      if (allowed.verify(context.blob, context.signature, context.hashAlgo)) context.accept();
      else context.reject(['publickey']);
    });
    client.on('ready', () => {
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, info) => {
          runCommand(root, info.command, acceptExec());
        });
      });
    });
  });
  clients.set(server, open);
  return server;
}

/** As sshd does: the user's shell gets the command line. */
function runCommand(root: string, command: string, channel: ssh2.ServerChannel): void {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: root,
    env: {
      PATH: `${join(root, 'bin')}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      HOME: root,
      LC_ALL: 'C',
    },
  });
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on('close', () => child.kill());
  child.on('error', () => {
    channel.exit(127);
    channel.end();
  });
  child.on('close', (code, signal) => {
    if (signal === null) channel.exit(code ?? 1);
    else channel.exit(signal.replace('SIG', ''));
    channel.end();
  });
}

/** `bin/nginx` answers to the two commands that installing a certificate needs: `-t` and `-s reload`. */
async function writeControl(root: string): Promise<void> {
  const web = join(import.meta.dirname, 'web-server.ts');
  const script = `#!/bin/sh
# Stands for nginx on this machine of the demo.
root='${root}'
for word in "$@"; do
  case "$word" in
    -t) exec '${process.execPath}' --no-warnings '${web}' --test "$root/etc/sites.json" ;;
    reload) exec kill -HUP "$(cat "$root/run/web-server.pid")" ;;
  esac
done
echo "usage: nginx -t | nginx -s reload" >&2
exit 64
`;
  const path = join(root, 'bin/nginx');
  await writeFile(path, script);
  await chmod(path, 0o700);
}

async function startWeb(root: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', join(import.meta.dirname, 'web-server.ts'), join(root, 'etc/sites.json')],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await writeFile(join(root, 'run/web-server.pid'), String(child.pid));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => {
      resolve();
    });
    child.once('exit', (code) => {
      reject(new Error(`the web server of ${root} did not start (exit ${String(code)})`));
    });
  });
  return child;
}

/** A TCP port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}
