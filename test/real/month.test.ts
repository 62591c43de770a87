/**
 * A month of a small company, on a clock that is moved: ten certificates of two CAs on two machines; renames, a move, a key that is replaced; the Git server and a CA
 * away for days, a full disk, a lost data directory. At its end everything is served and nothing is stuck, and before a person did something renewd had said it.
 * Real git, sshd, nginx and pebble.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { CertificateRecord, RepositoryFindings } from '../../daemon/core/record-format.ts';
import { pebbleMissing, startPebble, type RealPebble } from '../fixtures/pebble.ts';
import {
  declarations,
  freePort,
  missingServers,
  recordOf,
  selfSigned,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';

const hour = 3_600_000;
const day = 24 * hour;
const head = 'apiVersion: renewd/v1\n';
const file = (name: string): string => `inventory/certificates/web/${name}.yaml`;

interface Site {
  readonly name: string;
  readonly issuer: 'internal-ca' | 'pebble';
  readonly endpoint: 'web-01' | 'web-02';
}

describe('a month of a small company', { skip: missingServers() ?? pebbleMissing() ?? false }, () => {
  let estate: RealEstate;
  let pebble: RealPebble;
  let house: House;
  let gate: Server;
  let gatePort: number;
  let secondPort: number;
  let offset = 0;
  let isMounted = false;
  /** All that should be served now: name of the certificate to its first name in DNS. */
  const sites = new Map<string, Site>();
  /** What stands in the configuration of nginx. */
  const servers: Site[] = [];

  const machine = (endpoint: string): string =>
    join(estate.root, endpoint === 'web-01' ? 'machine' : 'machine-2');
  const place = ({ name, endpoint }: Site, end: string): string =>
    join(dirname(estate.nginx.conf), endpoint === 'web-01' ? 'tls' : 'tls-2', `${name}.${end}`);
  const dns = (name: string): string => `${name}.example.com`;
  const portOf = ({ endpoint }: Site): number => (endpoint === 'web-01' ? estate.nginx.port : secondPort);

  function declared(site: Site): string {
    const { name, issuer, endpoint } = site;
    return `${head}kind: Certificate
metadata: { name: ${name}, team: web }
spec:
  dnsNames: [${dns(name)}]
  issuer: ${issuer}
  installations:
    - endpoint: ${endpoint}
      profile: site
      parameters: { certificate: '${place(site, 'crt')}', key: '${place(site, 'key')}' }
      serves: [{ address: '127.0.0.1:${String(portOf(site))}', serverName: ${dns(name)} }]
`;
  }

  const profile = (): string => `${head}kind: Profile
metadata: { name: site }
spec:
  description: a site of this nginx
  paths: ['${dirname(estate.nginx.certificate)}', '${dirname(estate.nginx.certificate)}-2']
  parameters:
    certificate: { setBy: certificate, description: path of the chain, pattern: '/[^ ]*' }
    key: { setBy: certificate, description: path of the key, pattern: '/[^ ]*' }
  files:
    - { name: fullchain.pem, content: fullchain, mode: '0644' }
    - { name: privkey.pem, content: key, mode: '0600' }
  links:
    - { path: '{{certificate}}', file: fullchain.pem }
    - { path: '{{key}}', file: privkey.pem }
  test: [['${estate.nginx.control}', test]]
  reload: [['${estate.nginx.control}', reload]]
  settle: 4s
`;

  /** The configuration of nginx, as a person keeps it: one server a site. What is not there yet is self-signed. */
  async function configureNginx(...more: readonly Site[]): Promise<void> {
    servers.push(...more);
    for (const site of more) {
      const [certificate, key] = [place(site, 'crt'), place(site, 'key')];
      mkdirSync(dirname(certificate), { recursive: true });
      if (spawnSync('test', ['-e', certificate]).status !== 0)
        await selfSigned(certificate, key, '/CN=put there by hand', dns(site.name));
    }
    const text = readFileSync(estate.nginx.conf, 'utf8');
    const lines = servers.map(
      (site) =>
        `  server { listen 127.0.0.1:${String(portOf(site))} ssl; server_name ${dns(site.name)}; ssl_certificate ${place(site, 'crt')}; ssl_certificate_key ${place(site, 'key')}; return 200 ok; }\n`,
    );
    const kept = text.slice(
      0,
      text.indexOf('  # sites') < 0 ? text.lastIndexOf('}') : text.indexOf('  # sites'),
    );
    writeFileSync(estate.nginx.conf, `${kept}  # sites\n${lines.join('')}}\n`);
    await estate.nginx.reload();
  }

  const open = async (): Promise<House> => estate.openHouse({ clockOffsetMs: () => offset });

  /** Time passes, and the daemon looks: twice, so that what one turn begins the next can end. */
  async function pass(ms: number): Promise<string[]> {
    offset += ms;
    const troubles: string[] = [];
    for (let turns = 0; turns < 2; turns++) {
      // The second looks at nothing that it need not: ten machines' worth of looks take their time.
      const report = await turn(house, { observeAll: turns === 0 });
      troubles.push(...report.troubles.map(({ message }) => message));
      for (const { failure } of report.outcomes) if (failure != null) troubles.push(failure.message);
    }
    return troubles;
  }

  const records = (): readonly CertificateRecord[] => [...house.memory.certificateRecords.values()];
  const said = (): string =>
    [
      ...records().flatMap((each) => each.findings),
      ...(house.memory.repositoryRecord?.findings ?? []),
      ...[...house.memory.endpointRecords.values()].flatMap((each) => each.findings),
    ]
      .map(({ code, message, remedy }) => `${code}: ${message} ${remedy ?? ''}`)
      .join('\n');

  /** Every site serves what its record says was issued, and its status is ok. */
  async function allIsServed(): Promise<void> {
    for (const site of sites.values()) {
      const record = await recordOf(estate, `web/${site.name}`);
      assert.equal(record.status, 'ok', `${site.name} ${said()}`);
      const issued = record.installations.find((each) => each.endpoint === site.endpoint)?.issued;
      assert.equal(await servedFingerprint(portOf(site), dns(site.name)), issued?.fingerprint, site.name);
      assert.ok(Date.parse(issued?.notAfter ?? '') > Date.now() + offset, `${site.name} has expired`);
    }
  }

  before(async () => {
    pebble = await startPebble();
    estate = await startEstate();
    secondPort = await freePort();
    gatePort = await freePort();
    gate = await openGate(gatePort, Number(new URL(pebble.directoryUrl).port));
    isMounted =
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'none', join(estate.root, 'machine')])
        .status === 0;
    mkdirSync(join(estate.root, 'machine-2'), { mode: 0o700 });
    const all = declarations(estate);
    const first: Site[] = [
      ...['shop', 'blog', 'wiki', 'mail', 'crm', 'erp', 'docs'].map((name): Site => ({
        name,
        issuer: 'internal-ca',
        endpoint: 'web-01',
      })),
      { name: 'api', issuer: 'internal-ca', endpoint: 'web-02' },
      { name: 'www', issuer: 'pebble', endpoint: 'web-01' },
      { name: 'store', issuer: 'pebble', endpoint: 'web-02' },
    ];
    for (const site of first) sites.set(site.name, site);
    await configureNginx(...first);
    const pem = (text: string): string => text.trim().replaceAll('\n', '\n    ');
    const endpoint = all['inventory/endpoints/web-01.yaml'] ?? '';
    await estate.commit({
      ...all,
      'policies/site.yaml': profile(),
      'inventory/issuers/internal-ca.yaml': (all['inventory/issuers/internal-ca.yaml'] ?? '').replace(
        '90d',
        '12d',
      ),
      'inventory/issuers/pebble.yaml': `${head}kind: Issuer\nmetadata: { name: pebble }\nspec:\n  type: acme\n  directory: https://127.0.0.1:${String(gatePort)}/dir\n  termsOfServiceAgreed: true\n  challenge: { type: standalone, listen: '127.0.0.1:${String(pebble.httpPort)}' }\n  trust: |\n    ${pem(pebble.caPem)}\n  roots: |\n    ${pem(await pebble.rootsPem())}\n`,
      'inventory/endpoints/web-02.yaml': endpoint
        .replace('name: web-01', 'name: web-02')
        .replace(machine('web-01'), machine('web-02')),
      ...Object.fromEntries(first.map((site) => [file(site.name), declared(site)])),
    });
    house = await open();
  });
  after(async () => {
    await house.close();
    gate.close();
    if (isMounted) spawnSync('umount', ['-l', join(estate.root, 'machine')]);
    await estate.stop();
    await pebble.stop();
  });

  test('day 1: ten certificates are issued, installed and proved', async () => {
    await pass(0);
    await pass(0);
    await allIsServed();
  });

  test('day 4: a certificate is renamed, another is replaced because its key was copied', async () => {
    await pass(3 * day);
    const blog = sites.get('blog') ?? assert.fail();
    await estate.commit({
      [file('blog')]: null,
      [file('journal')]: declared(blog).replace('name: blog', 'name: journal'),
    });
    const before = await servedFingerprint(estate.nginx.port, dns('wiki'));
    await estate.commit({
      [file('wiki')]: declared(sites.get('wiki') ?? blog).replace(
        '  installations:',
        `  reissue: { before: '${new Date(Date.now() + offset).toISOString().slice(0, 19)}Z', because: the key was copied }\n  installations:`,
      ),
    });
    await pass(hour);
    await pass(hour);
    assert.notEqual(await servedFingerprint(estate.nginx.port, dns('wiki')), before);
    sites.delete('blog');
    assert.equal((await recordOf(estate, 'web/journal')).status, 'ok', said());
    assert.equal(
      await servedFingerprint(estate.nginx.port, dns('blog')),
      (await recordOf(estate, 'web/journal')).installations[0]?.issued?.fingerprint,
    );
    await allIsServed();
  });

  test('day 8 to 11: the Git server is away; what is due is renewed all the same, and recorded later', async () => {
    await pass(4 * day);
    renameSync(estate.bare, `${estate.bare}.away`);
    const troubles: string[] = [];
    for (let days = 0; days < 3; days++) troubles.push(...(await pass(day)));
    assert.match(troubles.join('\n'), /there is no Git repository at .*estate\.git any more/);
    renameSync(`${estate.bare}.away`, estate.bare);
    await pass(hour);
    assert.equal(said(), '', 'nobody is accused of anything');
    await allIsServed();
  });

  test('day 12: a certificate moves to the other machine; the old one is watched until a person lets it go', async () => {
    const mail: Site = { ...(sites.get('mail') ?? assert.fail()), endpoint: 'web-02' };
    await configureNginx(mail);
    await estate.commit({ [file('mail')]: declared(mail) });
    await pass(hour);
    await pass(hour);
    assert.match(said(), /withdrawn: .*web-01.*released: \[web-01\]/);
    await estate.commit({
      [file('mail')]: declared(mail).replace('  installations:', '  released: [web-01]\n  installations:'),
    });
    await pass(hour);
    assert.doesNotMatch(said(), /withdrawn/);
    sites.set('mail', mail);
    await allIsServed();
  });

  test('day 13: the deploy key is rotated, first on the machine, an hour later here', async () => {
    const authorized = join(estate.sshd.directory, 'authorized_keys');
    const fresh = join(estate.root, 'fresh-key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', fresh]);
    writeFileSync(authorized, readFileSync(`${fresh}.pub`));
    // Connections of before stay logged in, so the daemon is started anew.
    await house.close();
    house = await open();
    await pass(hour);
    assert.match(said(), /deploy-key|refused|log in|logged in/i);
    writeFileSync(join(estate.root, 'deploy-key'), readFileSync(fresh), { mode: 0o600 });
    await pass(hour);
    await pass(hour);
    await allIsServed();
  });

  test('day 14 to 17: the disk of a machine is full; what was served stays, and with space it goes on by itself', async (t: TestContext) => {
    if (!isMounted) return t.skip('no file system can be mounted here, so no disk can be filled');
    await pass(day - 3 * hour);
    const filler = join(machine('web-01'), 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096'], { stdio: 'ignore' });
    const served = await servedFingerprint(estate.nginx.port, dns('shop'));
    await estate.commit({
      [file('shop')]: declared(sites.get('shop') ?? assert.fail()).replace(
        '  installations:',
        `  reissue: { before: '${new Date(Date.now() + offset).toISOString().slice(0, 19)}Z', because: to be sure }\n  installations:`,
      ),
    });
    const troubles: string[] = [];
    for (let days = 0; days < 3; days++) troubles.push(...(await pass(day)));
    assert.match(troubles.join('\n'), /space|disk/i);
    assert.match(said(), /space|disk/i);
    assert.equal(await servedFingerprint(estate.nginx.port, dns('shop')), served);
    rmSync(filler);
    await pass(day);
    await pass(hour);
    assert.notEqual(await servedFingerprint(estate.nginx.port, dns('shop')), served);
    await allIsServed();
  });

  test('day 19 to 22: a CA is away when its certificate is to be replaced; it is replaced when the CA is back', async () => {
    gate.close();
    const before = await servedFingerprint(estate.nginx.port, dns('www'));
    await estate.commit({
      [file('www')]: declared(sites.get('www') ?? assert.fail()).replace(
        '  installations:',
        `  reissue: { before: '${new Date(Date.now() + offset).toISOString().slice(0, 19)}Z', because: the CA told us to }\n  installations:`,
      ),
    });
    const troubles: string[] = [];
    for (let days = 0; days < 3; days++) troubles.push(...(await pass(day)));
    assert.match(troubles.join('\n'), /issuer pebble could not be reached/);
    assert.match(said(), /issuer pebble could not be reached/);
    assert.equal(await servedFingerprint(estate.nginx.port, dns('www')), before);
    gate = await openGate(gatePort, Number(new URL(pebble.directoryUrl).port));
    await pass(day);
    await pass(hour);
    assert.notEqual(await servedFingerprint(estate.nginx.port, dns('www')), before);
    await allIsServed();
  });

  test('day 24: the data directory is lost; a backup of yesterday, and nothing is issued twice', async () => {
    const data = (name: string): string => join(estate.root, 'data', name);
    for (const name of ['custody', 'issuers'])
      cpSync(data(name), join(estate.root, 'backup', name), { recursive: true });
    // One is issued after the backup was taken, so that its log lacks it.
    await estate.commit({
      [file('erp')]: declared(sites.get('erp') ?? assert.fail()).replace(
        '  installations:',
        `  reissue: { before: '${new Date(Date.now() + offset).toISOString().slice(0, 19)}Z', because: to be sure }\n  installations:`,
      ),
    });
    await pass(day);
    await house.close();
    rmSync(join(estate.root, 'data'), { recursive: true });
    house = await open();
    const [served, root] = [
      await servedFingerprint(estate.nginx.port, dns('crm')),
      await stateFile(estate, 'issuers/internal-ca/root.pem'),
    ];
    await pass(hour);
    assert.match(said(), /ca-lost: [^\n]*(restore|docs\/restore\.md)/i);
    assert.equal(await servedFingerprint(estate.nginx.port, dns('crm')), served);
    await house.close();
    for (const name of ['custody', 'issuers']) {
      rmSync(data(name), { recursive: true, force: true });
      cpSync(join(estate.root, 'backup', name), data(name), { recursive: true });
    }
    house = await open();
    await pass(hour);
    await pass(hour);
    assert.equal(await stateFile(estate, 'issuers/internal-ca/root.pem'), root);
    assert.doesNotMatch(said(), /ca-lost/);
    assert.match(said(), /issuance-log-changed: .*taken back from the records/);
    await allIsServed();
  });

  test('day 30: everything is served, nothing is stuck, and nobody has anything left to do', async () => {
    for (let steps = 0; steps < 3; steps++) await pass(1.7 * day);
    await allIsServed();
    const report = await turn(house);
    assert.deepEqual([report.troubles, report.outcomes.map(({ failure }) => failure?.message)], [[], []]);
    for (const record of records()) {
      assert.equal(record.status, 'ok', said());
      assert.deepEqual(
        record.findings.map(({ code }) => code),
        [],
        said(),
      );
    }
    const findings = JSON.parse(
      await stateFile(estate, 'findings/repository.json').catch(() => '{"findings":[]}'),
    ) as RepositoryFindings;
    // What was said when the data directory was lost is said for fourteen days; nobody has to do anything about it any more.
    const told =
      /^records-changed: .*signed by no key that this daemon knows|^issuance-log-changed: .*taken back from the records: where a backup was restored, nothing is left to do/;
    assert.deepEqual(
      findings.findings.map(({ code, message }) => `${code}: ${message}`).filter((each) => !told.test(each)),
      [],
    );
    assert.deepEqual([[...house.memory.operations.keys()], [...house.memory.attempts.keys()]], [[], []]);
  });
});

/** A way to the CA that can be closed: TCP to `to`, as it comes. */
async function openGate(port: number, to: number): Promise<Server> {
  const open = new Set<ReturnType<typeof connect>>();
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    for (const each of [socket, onward]) {
      open.add(each);
      each.on('error', () => each.destroy());
      each.on('close', () => open.delete(each));
    }
    socket.pipe(onward).pipe(socket);
  });
  server.on('close', () => undefined);
  const close = server.close.bind(server);
  server.close = (done) => {
    for (const each of open) each.destroy();
    return close(done);
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
