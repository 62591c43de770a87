/**
 * The whole story on a bare repository with stock git: somebody asks by pull request, is denied with a reason, mends it, gets two approvals, it is issued,
 * installed and served; an auditor with nothing but a clone confirms it, and finds every forgery of it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import type { House } from '../../daemon/assembly.ts';
import type { AuditReport } from '../../daemon/audit/audit.ts';
import type { EvidencePack } from '../../daemon/commands/evidence/pack.ts';
import type { ChangeReport } from '../../daemon/core/change-report.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';
import { allowedSigners, makePerson, workTree, type Person, type WorkTree } from './signed-repository.ts';

interface Oscal {
  readonly 'assessment-results': {
    readonly results: readonly {
      readonly findings: readonly { readonly target: { readonly status: { readonly state: string } } }[];
    }[];
  };
}

const head = 'apiVersion: renewd/v1\n';
const program = resolve('bin/renewd');

function renewd(
  directory: string,
  ...words: string[]
): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd: directory, encoding: 'utf8' });
  return { code: status, out: stdout + stderr };
}

describe('a request from the first commit to the audit', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  let tree: WorkTree;
  let ada: Person, pia: Person, paul: Person;
  let clone: string;

  const shop = (names: string): string =>
    (declarations(estate)['inventory/certificates/web/shop.yaml'] ?? '')
      .replace('name: shop, team: web', 'name: shop, team: web, labels: { env: prod }')
      .replace('[shop.example.com]', names);
  const judge = (): ReturnType<typeof renewd> =>
    renewd(tree.directory, 'check', '--base', 'main', '--head', 'request');

  before(async () => {
    estate = await startEstate();
    tree = workTree(join(estate.root, 'work'));
    [ada, pia, paul] = ['ada', 'pia', 'paul'].map((name) => makePerson(join(estate.root, 'keys'), name)) as [
      Person,
      Person,
      Person,
    ];
    const { 'inventory/certificates/web/shop.yaml': _, ...others } = declarations(estate);
    house = await estate.openHouse();
    tree.commit(
      {
        ...others,
        'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  owners: [Ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: [shop.example.com, '*.shop.example.com']\n  signers: [ada@example.com]\n`,
        'inventory/teams/pki.yaml': `${head}kind: Team\nmetadata: { name: pki }\nspec:\n  owners: [Pia]\n  contacts: [{ email: pki@example.com }]\n  signers: [pia@example.com, paul@example.com]\n`,
        'policies/baseline.yaml': `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  description: What every certificate must keep to\n  rules:\n    - { rule: required-owner, action: block }\n    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256] } }\n`,
        'policies/change-control.yaml': `${head}kind: ChangeControl\nmetadata: { name: main }\nspec:\n  signatures: required\n  paths:\n    - { paths: ['**'], signers: ['team:pki'] }\n    - { paths: ['inventory/certificates/{team}/**'], signers: [owner, 'team:pki'] }\n  approvals:\n    - { name: production-wildcard, certificates: { wildcard: true }, count: 2, from: ['team:pki'] }\n`,
        'policies/allowed_signers': `${allowedSigners([ada, pia, paul])}${house.signingKey()}\n`,
      },
      'Set up the service',
      { by: pia },
    );
    tree.git('push', '-q', 'origin', 'main');
    await turn(house);
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('the request is denied in words, with the line and what to do', () => {
    tree.git('checkout', '-q', '-b', 'request');
    tree.commit(
      {
        'inventory/certificates/web/shop.yaml': shop(
          "[shop.example.com, '*.shop.example.com', pay.bank.example.com]",
        ),
      },
      'Ask for the shop',
      { by: ada },
    );
    const { code, out } = judge();
    assert.equal(code, 1, out);
    assert.match(
      out,
      /inventory\/certificates\/web\/shop\.yaml:5:3: error: team web may not request pay\.bank\.example\.com/,
    );
    assert.match(out, /why: Who controls a name decides/);
    assert.match(out, /do: {2}Add the domain to dnsNames/);
    assert.match(out, /denied: 1 error/);
  });

  test('mended, it is allowed, and waits for two approvals of exactly this plan', () => {
    tree.commit(
      { 'inventory/certificates/web/shop.yaml': shop("[shop.example.com, '*.shop.example.com']") },
      'Leave the bank alone',
      { by: ada },
    );
    const { code, out } = judge();
    assert.equal(code, 0, out);
    assert.match(out, /issue at web-01 \(127\.0\.0\.1:\d+, test-nginx\): declared and not yet installed/);
    assert.match(
      out,
      /waits production-wildcard: 2 of team:pki because web\/shop asks for \*\.shop\.example\.com; by nobody yet/,
    );
    assert.equal(
      renewd(tree.directory, 'check', '--base', 'main', '--head', 'request', '--require-approvals').code,
      1,
    );
  });

  test('every format says the same, and the same change has the same plan whenever it is asked', () => {
    const json = (): ChangeReport =>
      JSON.parse(
        renewd(tree.directory, 'plan', '--base', 'main', '--head', 'request', '--json').out,
      ) as ChangeReport;
    const first = json();
    assert.deepEqual(json(), first);
    assert.match(first.hash, /^[0-9a-f]{64}$/);
    for (const format of ['markdown', 'human'] as const) {
      assert.ok(
        renewd(
          tree.directory,
          'check',
          '--base',
          'main',
          '--head',
          'request',
          '--format',
          format,
        ).out.includes(first.hash),
        format,
      );
    }
    const sarif = JSON.parse(
      renewd(tree.directory, 'check', '--base', 'main', '--head', 'request', '--format', 'sarif').out,
    ) as { version: string };
    assert.equal(sarif.version, '2.1.0');
    assert.match(
      renewd(tree.directory, 'check', '--base', 'main', '--head', 'request', '--format', 'junit').out,
      /<testsuite name="renewd" tests="1" failures="0"/,
    );
  });

  test('two approve, it is merged, issued, installed and served', async () => {
    const { hash } = JSON.parse(
      renewd(tree.directory, 'plan', '--base', 'main', '--head', 'request', '--json').out,
    ) as ChangeReport;
    for (const by of [pia, paul]) tree.commit({}, 'Approve', { by, trailers: [`Renewd-Approve: ${hash}`] });
    assert.match(judge().out, /approved production-wildcard[^]*\nallowed; plan/);
    tree.git('checkout', '-q', 'main');
    tree.git(
      '-c',
      'gpg.format=ssh',
      '-c',
      `user.signingkey=${ada.keyFile}`,
      'merge',
      '-q',
      '-S',
      '--no-ff',
      '-m',
      'Merge the request',
      'request',
    );
    tree.git('push', '-q', 'origin', 'main');
    await turn(house);
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });

  test('an auditor with only a clone confirms the whole story', () => {
    clone = join(estate.root, 'clone');
    execFileSync('git', ['clone', '-q', estate.bare, clone]);
    const { code, out } = renewd(clone, 'audit', '--all');
    assert.equal(code, 0, out);
    assert.match(
      out,
      /change [0-9a-f]{10} \(Merge the request\)\n +proved +was accepted: signed by ada@example\.com, .*; production-wildcard approved by p\S+@example\.com, p\S+@example\.com/,
    );
    assert.match(out, /proved +its chain leads to the root of internal-ca/);
    assert.match(out, /proved +keeps to \d+ rules? of policy for it/);
    assert.match(out, /proved +was issued after its declaration was accepted/);
    assert.match(out, /attested 127\.0\.0\.1:\d+ served it/);
    assert.match(out, /proved +\d+ commits of records are signed by the daemon/);
  });

  test('the evidence pack of the period is written from the clone, twice the same bytes', () => {
    const period = new Date().toISOString().slice(0, 7);
    const write = (name: string): Map<string, string> => {
      const directory = join(estate.root, name);
      const { code, out } = renewd(clone, 'report', '--period', period, '--out', directory);
      assert.equal(code, 0, out);
      return new Map(
        readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
      );
    };
    const files = write('evidence');
    assert.deepEqual(write('again'), files);
    assert.match(files.get('changes.csv') ?? '', /Merge the request.*,accepted,/);
    assert.match(
      files.get('issuances.csv') ?? '',
      /web\/shop@web-01,[0-9a-f]+,internal-ca,declared and not yet installed,20/,
    );
    assert.match(files.get('rules.csv') ?? '', /baseline,key-algorithms,Key algorithm and size,block/);
    const pack = JSON.parse(files.get('report.json') ?? '') as EvidencePack;
    assert.equal(pack.metrics.requests, 1);
    assert.equal(pack.metrics.accepted, 1);
    assert.ok((pack.metrics.leadTimeMedianMs ?? -1) >= 0);
    assert.equal(pack.complete, false);
    assert.match(files.get('report.html') ?? '', /the period is not over/);
    const schema = JSON.parse(
      readFileSync('test/corpus/oscal/oscal_assessment-results_schema.json', 'utf8'),
    ) as object;
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    const oscal = JSON.parse(files.get('oscal-assessment-results.json') ?? '') as Oscal;
    assert.ok(validate(oscal), JSON.stringify(validate.errors));
    const states = oscal['assessment-results'].results[0]?.findings.map((each) => each.target.status.state);
    assert.ok(states !== undefined && states.length > 3 && states.every((each) => each === 'satisfied'));
    assert.equal(renewd(clone, 'report', '--period', '2026-Q5', '--out', 'x').code, 64);
  });

  test('the records tell how it stood at any moment, and what changed between two', () => {
    assert.match(renewd(clone, 'status', '--at', '2020-01-01').out, /there were no records then/);
    assert.match(renewd(clone, 'status', '--at', 'origin/renewd/state').out, /web\/shop/);
    assert.match(renewd(clone, 'status', '--at', 'tomorrow').out, /is no day/);
    const { code, out } = renewd(clone, 'diff', '2020-01-01..');
    assert.equal(code, 0, out);
    assert.match(out, /accepted: Merge the request/);
    assert.match(out, /web\/shop@web-01: serial [0-9a-f]+ until .*declared and not yet installed/);
  });

  test('a copy kept by somebody else shows that nothing was rewritten, or that something was', () => {
    const copy = join(estate.root, 'copy.git');
    execFileSync('git', ['clone', '-q', '--mirror', estate.bare, copy]);
    assert.match(
      renewd(clone, 'audit', '--all', '--anchor', copy).out,
      /proved +nothing was rewritten since the copy in /,
    );
    const rewritten = join(estate.root, 'rewritten');
    cpSync(clone, rewritten, { recursive: true });
    execFileSync('git', [
      '-C',
      rewritten,
      'update-ref',
      'refs/remotes/origin/renewd/state',
      'origin/renewd/state~1',
    ]);
    const { code, out } = renewd(rewritten, 'audit', '--anchor', copy);
    assert.equal(code, 1);
    assert.match(out, /failed +nothing was rewritten since the copy/);
  });

  test('every forgery is found: a changed record, a swapped certificate, an approval that was not given, records by another key', () => {
    const forge = (
      name: string,
      edit: (file: (path: string) => string) => void,
      sign: boolean,
    ): AuditReport => {
      const copy = join(estate.root, `forged-${name}`);
      cpSync(clone, copy, { recursive: true });
      const forged = workTree(copy);
      forged.git('checkout', '-q', '-b', 'renewd/state', 'origin/renewd/state');
      edit((path) => join(copy, path));
      forged.commit({}, 'records: 1 file brought up to date', {
        by: sign ? ada : null,
        as: 'renewd',
        trailers: ['Renewd-Instance: x'],
      });
      const { code, out } = renewd(copy, 'audit', '--json');
      assert.equal(code, 1, `${name}: ${out}`);
      const report = JSON.parse(out) as AuditReport;
      assert.equal(report.verified, false);
      return report;
    };
    const failures = ({ claims }: AuditReport): string =>
      claims
        .filter((each) => each.verdict === 'failed' || each.verdict === 'unproven')
        .map((each) => `${each.claim}: ${each.detail}`)
        .join('\n');
    const record = 'certificates/web/shop.json';
    const swap = (file: (path: string) => string, from: RegExp, to: string): void => {
      writeFileSync(file(record), readFileSync(file(record), 'utf8').replace(from, to));
    };
    assert.match(
      failures(
        forge(
          'serial',
          (file) => {
            swap(file, /"serial": "../, '"serial": "ff');
          },
          false,
        ),
      ),
      /serial is/,
    );
    assert.match(
      failures(
        forge(
          'fingerprint',
          (file) => {
            swap(file, /"fingerprint": "[0-9a-f]{8}/, '"fingerprint": "00000000');
          },
          true,
        ),
      ),
      /fingerprint is/,
    );
    assert.match(
      failures(
        forge(
          'chain',
          (file) => {
            writeFileSync(
              file('certificates/web/shop@web-01.pem'),
              readFileSync(file('issuers/internal-ca/root.pem')),
            );
          },
          true,
        ),
      ),
      /is what the record says/,
    );
    const changes = execFileSync(
      'git',
      ['-C', clone, 'ls-tree', '-r', '--name-only', 'origin/renewd/state', 'changes/'],
      { encoding: 'utf8' },
    )
      .trim()
      .split('\n');
    for (const path of changes) {
      const text = execFileSync('git', ['-C', clone, 'show', `origin/renewd/state:${path}`], {
        encoding: 'utf8',
      });
      if (!text.includes('"paul@example.com"')) continue;
      assert.match(
        failures(
          forge(
            'approval',
            (file) => {
              writeFileSync(file(path), text.replaceAll('paul@example.com', 'peter@example.com'));
            },
            true,
          ),
        ),
        /(approvals|signatures): the record says/,
      );
    }
    assert.match(
      failures(forge('key', () => undefined, true)),
      /commits of records are signed by the daemon/,
    );
  });
});
