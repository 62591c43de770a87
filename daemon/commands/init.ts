/** `renewd init`: writes a first estate: small and of your own with `--host`, or the whole example organisation without. Overwrites nothing. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readHostKey } from '../ssh/host-key.ts';
import { readTrustedRoots } from '../x509/roots.ts';
import { stringFlag, UsageError, type Command, type Invocation } from './command.ts';
import { pipelineFiles } from './ci-files.ts';
import { firstEstate, resourceName, type FirstEstate } from './first-estate.ts';
import { exitOf } from '../exit-codes.ts';
import { refuseLinksOnTheWay, writeInside } from './write-inside.ts';

export const init: Command = {
  name: 'init',
  summary: 'write a first set of declarations into a directory',
  positionals: '[dir]',
  positionalsMax: 1,
  about:
    'With --host, writes an estate for one real server: a team, a private CA (or ACME), the endpoint with its host key, one certificate for nginx, a baseline policy and renewd.yaml. Shows the fingerprint of the host key: compare it on the server. Without --host, writes the example organisation that the demo uses. With both comes a pipeline that judges pull requests (--ci). Existing files are never overwritten.',
  options: {
    ci: {
      type: 'string',
      value: 'forge',
      description:
        'pipelines to write: github, gitlab, gitea, forgejo, several with commas, or none (default: github)',
    },
    host: { type: 'string', value: 'name', description: 'the server to manage, as ssh reaches it' },
    port: { type: 'string', value: 'number', description: 'its SSH port (default: 22)' },
    user: {
      type: 'string',
      value: 'name',
      description: 'user to log in as (default: root)',
    },
    privilege: {
      type: 'string',
      value: 'mode',
      description:
        'direct: the user may write the files and reload the server itself; helper: through one root-owned script with a list, as renewd helper installs it (default: direct for root, helper for others)',
    },
    'ssh-key': {
      type: 'string',
      value: 'file',
      description: 'private key to log in with (default: the SSH agent)',
    },
    'host-key': { type: 'string', value: 'line', description: 'its host key, when it cannot be asked now' },
    name: {
      type: 'string',
      value: 'DNS name',
      description: 'the name the certificate is for (default: the host)',
    },
    address: { type: 'string', value: 'host:port', description: 'where it is served (default: <name>:443)' },
    certificate: {
      type: 'string',
      value: 'path',
      description: 'ssl_certificate in its nginx configuration (default: /etc/nginx/tls/<name>.crt)',
    },
    'private-key': {
      type: 'string',
      value: 'path',
      description: 'ssl_certificate_key in its nginx configuration (default: /etc/nginx/tls/<name>.key)',
    },
    'acme-directory': {
      type: 'string',
      value: 'URL',
      description: 'issue by ACME from this directory instead of a private CA',
    },
    'acme-trust': {
      type: 'string',
      value: 'file',
      description:
        'for a private ACME CA: its certificate (PEM), by which its HTTPS and what it issues are verified',
    },
    webroot: {
      type: 'string',
      value: 'path',
      description:
        'for ACME: the directory nginx serves as /.well-known/acme-challenge (default: /var/www/html)',
    },
  },
  examples: [
    'renewd init estate --host web.example.com --user deploy --ssh-key ~/.ssh/id_ed25519 --name shop.example.com',
    'renewd init example',
  ],
  run: async (invocation) => {
    const directory = resolve(invocation.positionals[0] ?? '.');
    const host = stringFlag(invocation.flags, 'host');
    const estate = host === null ? await exampleFiles() : firstEstate(await answers(invocation, host));
    const files = new Map([...estate, ...pipelineFiles(stringFlag(invocation.flags, 'ci') ?? 'github')]);
    await refuseOverwriting(directory, [...files.keys()]);
    for (const [path, text] of files) {
      writeInside(directory, path, text, 'create');
      invocation.out.write(`  ${path}\n`);
    }
    invocation.out.write(nextSteps(directory, host, invocation.flags));
    return exitOf('ok');
  },
};

async function answers({ flags, out }: Invocation, host: string): Promise<FirstEstate> {
  const flag = (name: string): string | null => stringFlag(flags, name);
  const port = Number(flag('port') ?? '22');
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError('--port is a number from 1 to 65535');
  const name = (flag('name') ?? host).toLowerCase();
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name)) {
    throw new UsageError(`${JSON.stringify(name)} is not a DNS name; give one with --name`);
  }
  const given = flag('host-key');
  const shown = given === null ? await readHostKey(host, port) : null;
  if (shown !== null) {
    out.write(
      `the host key of ${host} is ${shown.fingerprint}\n` +
        `compare it on the server: ssh-keygen -lf /etc/ssh/ssh_host_${shown.line.startsWith('ssh-ed25519') ? 'ed25519' : 'rsa'}_key.pub\n\n`,
    );
  }
  const key = flag('ssh-key');
  return {
    host,
    port,
    user: flag('user') ?? 'root',
    privilege: privilegeOf(flags),
    hostKey: given ?? shown?.line ?? '',
    sshKeyFile: key === null ? null : resolve(key),
    name,
    address: flag('address') ?? `${name}:443`,
    certificatePath: flag('certificate') ?? `/etc/nginx/tls/${name}.crt`,
    keyPath: flag('private-key') ?? `/etc/nginx/tls/${name}.key`,
    acmeDirectory: flag('acme-directory'),
    acmeTrust: await readTrust(flag('acme-trust'), flag('acme-directory')),
    webroot: flag('webroot') ?? '/var/www/html',
  };
}

function privilegeOf(flags: Invocation['flags']): FirstEstate['privilege'] {
  const mode = stringFlag(flags, 'privilege');
  if (mode === null) return (stringFlag(flags, 'user') ?? 'root') === 'root' ? 'direct' : 'helper';
  if (mode === 'direct' || mode === 'helper') return mode;
  throw new UsageError(`--privilege is direct or helper, not ${JSON.stringify(mode)}`);
}

/** The certificates in a file, each written anew. IO: reads it. @throws UsageError that says what is wrong with it */
async function readTrust(file: string | null, directory: string | null): Promise<string | null> {
  if (file === null) return null;
  if (directory === null) throw new UsageError('--acme-trust needs --acme-directory');
  try {
    return readTrustedRoots(await readFile(file, 'utf8')).join('');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--acme-trust ${file} cannot be used (${why}); name a file of certificates in PEM`);
  }
}

/** The project's own `inventory/` and `policies/`. IO: reads them. */
async function exampleFiles(): Promise<Map<string, string>> {
  const project = resolve(import.meta.dirname, '../..');
  const files = new Map<string, string>();
  for (const root of ['inventory', 'policies']) {
    const names = await readdir(join(project, root), { recursive: true });
    // The packs are built in: a copy would stay behind when they are brought up to date.
    const own = names.filter((each) => each.endsWith('.yaml') && !each.startsWith('packs/'));
    for (const name of own.sort()) {
      files.set(join(root, name), await readFile(join(project, root, name), 'utf8'));
    }
  }
  return files;
}

/** Sees that none of the files is there. IO: looks. @throws UsageError that names the first one */
export async function refuseOverwriting(directory: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    refuseLinksOnTheWay(directory, path);
    const there = await lstat(join(directory, path)).catch(() => null);
    if (there !== null) {
      throw new UsageError(
        `${join(directory, path)} is there already; nothing was written. Choose another directory, or move it away.`,
      );
    }
  }
}

function nextSteps(directory: string, host: string | null, flags: Invocation['flags']): string {
  const key = stringFlag(flags, 'ssh-key');
  // Each line is pasted as it stands: no place is left in it that a shell would read as something else.
  const publicKey = key === null ? 'KEY.pub' : `'${resolve(key).replaceAll("'", String.raw`'\''`)}.pub'`;
  const given = stringFlag(flags, 'port') ?? '22';
  const port = given === '22' ? '' : ` -p ${given}`;
  const steps =
    host !== null
      ? [
          `cd ${directory}`,
          'git init -b main && git add -A && git commit -m "Declare the first certificate"',
          'renewd check     # every mistake, with its line',
          ...(privilegeOf(flags) === 'direct'
            ? []
            : [
                `renewd helper ${resourceName(host)} --public-key ${publicKey} | ssh${port} root@${host} sh    # read it first: what it may do there`,
              ]),
          'renewd doctor    # can everything be reached and changed?',
          'renewd plan      # what would be done',
          'renewd once      # do it, prove it, record it',
          'renewd status    # how it stands',
        ]
      : ['renewd check', 'npm run demo     # the same organisation, running on loopback'];
  const later =
    host === null
      ? ''
      : 'later, to a forge: push renewd/state first, then main, then change repo: (docs/forge.md)\n';
  return `\nnext:\n${steps.map((step) => `  ${step}`).join('\n')}\n${later}`;
}
