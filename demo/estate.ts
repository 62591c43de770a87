/**
 * Turns the project's own `inventory/` and `policies/` into a watched repository for this machine: endpoints get loopback ports and the host keys of the
 * demo's machines, paths move below the machines' directories. Everything else stays as it is written.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as git from 'isomorphic-git';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { freePort, startMachine, type Machine, type Site } from './machine.ts';

export interface DemoEstate {
  /** A work tree with one commit on `main`: edit it and commit. */
  readonly repository: string;
  readonly machines: ReadonlyMap<string, Machine>;
  /** What each machine's web server serves. */
  readonly sites: ReadonlyMap<string, readonly Site[]>;
}

const project = resolve(import.meta.dirname, '..');
const author = { name: 'Ada of the platform team', email: 'ada@example.internal' };

/** Starts a machine for every endpoint and writes the repository. IO. */
export async function makeEstate(directory: string, authorizedKey: string): Promise<DemoEstate> {
  const files = await readExample();
  const machines = new Map<string, Machine>();
  const sites = new Map<string, Site[]>();
  for (const [, document] of files) {
    if (document.get('kind') !== 'Endpoint') continue;
    const name = String(document.getIn(['metadata', 'name']));
    const machine = await startMachine(name, join(directory, 'machines', name), authorizedKey);
    machines.set(name, machine);
    sites.set(name, []);
    moveEndpoint(document, machine);
  }
  const ports = new Map<string, number>();
  for (const name of machines.keys()) ports.set(name, await freePort());
  for (const [, document] of files) {
    if (document.get('kind') === 'Certificate') moveCertificate(document, machines, ports, sites);
  }
  const repository = join(directory, 'estate');
  await writeRepository(repository, files);
  return { repository, machines, sites };
}

async function readExample(): Promise<Map<string, Document>> {
  const files = new Map<string, Document>();
  for (const root of ['inventory', 'policies']) {
    for (const name of (await readdir(join(project, root), { recursive: true })).sort()) {
      if (!name.endsWith('.yaml')) continue;
      files.set(`${root}/${name}`, parseDocument(await readFile(join(project, root, name), 'utf8')));
    }
  }
  return files;
}

function moveEndpoint(document: Document, machine: Machine): void {
  document.setIn(['spec', 'host'], '127.0.0.1');
  document.setIn(['spec', 'port'], machine.sshPort);
  document.setIn(['spec', 'user'], 'deploy');
  document.setIn(['spec', 'hostKeys'], document.createNode([machine.hostKey]));
  document.setIn(['spec', 'auth'], document.createNode({ key: { secret: 'deploy-key' } }));
  document.setIn(['spec', 'privilege'], document.createNode({ mode: 'direct' }));
  document.setIn(['spec', 'directory'], join(machine.root, 'var/lib/renewd'));
  document.deleteIn(['spec', 'jump']);
  const { spec } = document.toJSON() as {
    readonly spec: { readonly profiles?: Readonly<Record<string, { readonly paths?: readonly string[] }>> };
  };
  const below = (paths: readonly string[]): readonly string[] =>
    paths.map((path) => join(machine.root, path));
  // The machines of the demo stand on loopback, and say so.
  document.setIn(['spec', 'networks'], document.createNode(['127.0.0.0/8']));
  document.setIn(
    ['spec', 'profiles'],
    document.createNode({
      nginx: {
        parameters: { nginx: join(machine.root, 'bin/nginx') },
        paths: below(spec.profiles?.['nginx']?.paths ?? ['/etc/nginx/tls']),
      },
      files: { paths: below(spec.profiles?.['files']?.paths ?? []) },
    }),
  );
}

function moveCertificate(
  document: Document,
  machines: ReadonlyMap<string, Machine>,
  ports: ReadonlyMap<string, number>,
  sites: ReadonlyMap<string, Site[]>,
): void {
  const installations = document.getIn(['spec', 'installations']);
  if (!isSeq(installations)) return;
  for (const installation of installations.items) {
    if (!isMap(installation)) continue;
    const endpoint = String(installation.get('endpoint'));
    const machine = machines.get(endpoint);
    const port = ports.get(endpoint);
    if (machine === undefined || port === undefined) continue;
    const paths = moveParameters(document, installation, machine);
    const serves = installation.get('serves');
    if (!isSeq(serves)) continue;
    const names = (serves.toJSON() as (string | { serverName: string })[]).map((each) =>
      typeof each === 'string' ? each.slice(0, each.lastIndexOf(':')) : each.serverName,
    );
    installation.set(
      'serves',
      document.createNode(
        names.map((serverName) => ({ address: `127.0.0.1:${String(port)}`, serverName })),
        { flow: false },
      ),
    );
    for (const serverName of names) sites.get(endpoint)?.push({ serverName, port, ...paths });
  }
}

/** Absolute paths move below the machine. */
function moveParameters(
  document: Document,
  installation: YAMLMap,
  machine: Machine,
): { readonly certificate: string; readonly key: string } {
  const written = installation.toJSON() as { readonly parameters?: Readonly<Record<string, string>> };
  const parameters = written.parameters ?? {};
  const moved: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    moved[name] = value.startsWith('/') ? join(machine.root, value) : value;
  }
  installation.set('parameters', document.createNode(moved));
  return { certificate: moved['certificate'] ?? '', key: moved['key'] ?? '' };
}

async function writeRepository(directory: string, files: ReadonlyMap<string, Document>): Promise<void> {
  await mkdir(directory, { recursive: true });
  await git.init({ fs, dir: directory, defaultBranch: 'main' });
  for (const [path, document] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), document.toString({ lineWidth: 0 }));
    await git.add({ fs, dir: directory, filepath: path });
  }
  await git.commit({
    fs,
    dir: directory,
    author,
    message: 'Declare the estate of the example organisation\n',
  });
}
