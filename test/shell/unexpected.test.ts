/**
 * Whatever is thrown while one installation, endpoint or issuer is worked on is its failure alone: the turn ends well, and what stands beside it is issued. Real turns of
 * a real house over a local repository, with the embedded CA; only the two machines are made up.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Handshake } from '../../daemon/core/model.ts';
import { runTurn, type TurnReport } from '../../daemon/cycle.ts';
import { limits } from '../../daemon/limits.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import type { KeyProof, KeyProver, Target } from '../../daemon/ports/target.ts';
import { apart, failureOf } from '../../daemon/shell/unexpected.ts';
import { TurnEnded, type World } from '../../daemon/shell/world.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { pemToDer } from '../../daemon/x509/pem.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { openHouse, plainConfig } from '../real/estate.ts';

const good = 'web/good@good-01';
const evil = 'web/evil@evil-01';

const head = 'apiVersion: renewd/v1\n';
const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOsc4LcBl3sePMLgn62mb8vH9RM7GpFGwvtnLthFNEPU';
const endpoint = (name: string): string =>
  `${head}kind: Endpoint\nmetadata: { name: ${name}, team: web }\nspec:\n  type: ssh\n  host: ${name}.example.com\n  user: renewd\n  hostKeys: ['${hostKey}']\n  auth: { key: { secret: deploy-key } }\n  networks: ['192.0.2.0/24']\n  privilege: { mode: direct }\n  directory: /var/lib/${name}\n`;
const certificate = (name: string): string =>
  `${head}kind: Certificate\nmetadata: { name: ${name}, team: web }\nspec:\n  dnsNames: [${name}.example.com]\n  issuer: ${name}-ca\n  key: { algorithm: ecdsa-p256 }\n  installations:\n    - { endpoint: ${name}-01, profile: files, serves: ['${name}.example.com:443'] }\n`;
const issuer = (name: string): string =>
  `${head}kind: Issuer\nmetadata: { name: ${name}-ca }\nspec:\n  type: ca\n  organization: Example ${name}\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`;
const declared: Readonly<Record<string, string>> = {
  'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  displayName: Web\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: ['*.example.com']\n`,
  ...Object.fromEntries(
    ['good', 'evil'].flatMap((name) => [
      [`inventory/issuers/${name}-ca.yaml`, issuer(name)],
      [`inventory/endpoints/${name}-01.yaml`, endpoint(`${name}-01`)],
      [`inventory/certificates/web/${name}.yaml`, certificate(name)],
    ]),
  ),
};

const workshop = openWorkshop();
const root = mkdtempSync(join(tmpdir(), 'renewd-unexpected-'));
after(() => {
  workshop.close();
  rmSync(root, { recursive: true });
});

/** A machine in memory: what a target does, without a connection. */
function machine(name: string): Target & KeyProver {
  const key = join(root, `${name}.key`);
  const csr = join(root, `${name}.csr`);
  const staged = new Map<string, readonly string[]>();
  let current: string | null = null;
  const leafOf = (generation: string | null) => {
    const [der] = pemToDer(staged.get(generation ?? '')?.[0] ?? '');
    return der === undefined ? null : certificateFacts(der);
  };
  const done = (): Promise<void> => Promise.resolve();
  return {
    inspect: () =>
      Promise.resolve({
        current,
        previous: null,
        generations: [...staged.keys()],
        leaf: current === null ? null : leafOf(current),
        leaves: Object.fromEntries([...staged.keys()].map((each) => [each, leafOf(each)?.fingerprint ?? ''])),
        keyMatches: current === null ? null : true,
        brokenLinks: [],
      }),
    generateKey: () => {
      const words = `req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${key} -out ${csr} -outform DER -subj /CN=${name}.example.com -addext subjectAltName=DNS:${name}.example.com`;
      execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
      return Promise.resolve(new Uint8Array(readFileSync(csr)));
    },
    stage: (_store, generation, chain) => Promise.resolve(void staged.set(generation, chain)),
    activate: (_store, generation) => Promise.resolve(void (current = generation)),
    undo: () => Promise.resolve(false),
    test: done,
    reload: done,
    sweep: done,
    check: () => Promise.resolve('it can be used'),
    close: done,
    proveKey: () => Promise.reject(new Error('nobody asked')),
  };
}

/** What a mistake of ours, or of a library, may throw. */
const thrown: Readonly<Record<string, () => never>> = {
  'a TypeError': () => {
    throw new TypeError('Cannot read properties of undefined');
  },
  'a stack that overflows': () => {
    const deep = (): never => deep();
    return deep();
  },
  'a text': () => {
    // eslint-disable-next-line typescript/only-throw-error
    throw 'words\u0007 and -----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n';
  },
  'null, which has no words': () => {
    // eslint-disable-next-line typescript/only-throw-error
    throw null;
  },
};

/** Nobody may look there: nothing is proved, and nothing is wrong. */
const unseen = (address: Handshake['address']): Promise<Handshake> => {
  const failure = { result: 'address-refused', detail: 'not allowed' } as const;
  return Promise.resolve({ address, leaf: null, chain: [], failure, trust: 'not-judged', protocol: null });
};

describe('one that throws stops nobody else', () => {
  let house: House;
  let at = Date.now();
  let machines: Record<string, Target & KeyProver>;

  before(async () => {
    const bare = join(root, 'estate.git');
    const work = join(root, 'work');
    const git = (...words: string[]): void => {
      const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
      execFileSync('git', ['-C', work, ...author, ...words], { stdio: 'ignore' });
    };
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    for (const [path, text] of Object.entries(declared)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), text);
    }
    writeFileSync(join(root, 'deploy-key'), 'not used', { mode: 0o600 });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'Declare');
    git('push', '-q', bare, 'main');
    house = await openHouse(plainConfig(root, bare));
  });
  after(() => house.close());

  /** Nothing was ever done about either of them. */
  beforeEach(() => {
    machines = { 'good-01': machine('good'), 'evil-01': machine('evil') };
    const { memory, world } = house;
    for (const id of [good, evil]) {
      world.journal.removeInstallation(id);
      world.journal.removeOperation(id);
    }
    for (const subject of world.journal.attempts().keys()) world.journal.saveAttempt(subject, null);
    for (const known of [memory.installations, memory.operations, memory.attempts, memory.observations])
      known.clear();
    at += 60_000;
  });

  async function turn(changes: Partial<World> = {}): Promise<TurnReport> {
    const world: World = {
      ...house.world,
      target: ({ name }) => machines[name] ?? machine(name),
      handshake: unseen,
      ...changes,
    };
    const options = { observeAll: true, dryRun: false, heartbeat: false };
    const report = await runTurn(world, house.estate, house.memory, options, new AbortController().signal);
    assert.deepEqual(report.troubles, []);
    assert.deepEqual(house.memory.desired?.problems ?? null, []);
    return report;
  }

  /** The good one was seen, got its certificate, and only the other one failed. */
  function assertOnlyEvil(report: TurnReport, seen: 'issued' | 'seen' = 'issued'): void {
    assert.ok(report.unexpected.length > 0, 'it is counted');
    for (const { subject, failure } of report.unexpected) {
      assert.match(subject, /evil/);
      assert.equal(failure.code, 'unexpected');
      assert.doesNotMatch(failure.message, /\p{Cc}|PRIVATE KEY-|MIGHAg/u);
    }
    assert.equal(house.memory.observations.get(good)?.storeFailure, null);
    assert.notEqual(report.published, null);
    if (seen === 'issued') {
      const state = report.outcomes.find(({ action }) => action.installation === good)?.state;
      assert.equal(state, 'done');
    }
    assert.ok(
      house.memory.assessments.get(evil)?.findings.some(({ message }) => message.includes('did not expect')),
      'a person is told of the other one',
    );
  }

  for (const [name, raise] of Object.entries(thrown)) {
    test(`${name} while a store is read`, async () => {
      machines['evil-01'] = { ...machine('evil'), inspect: async () => raise() };
      const report = await turn();
      assertOnlyEvil(report);
      assert.equal(house.memory.observations.get(evil)?.storeFailure?.code, 'unexpected');
    });

    test(`${name} while a key is made`, async () => {
      machines['evil-01'] = { ...machine('evil'), generateKey: async () => raise() };
      const report = await turn();
      assertOnlyEvil(report);
      const { failure } = report.outcomes.find(({ action }) => action.installation === evil) ?? {};
      assert.deepEqual([failure?.code, failure?.step], ['unexpected', 'make the key']);
      assert.equal(house.memory.attempts.get(`installation:${evil}`)?.failures, 1);
    });
  }

  const raise = thrown['a TypeError'] ?? assert.fail;
  test('after the switch: it is switched back as after any other failure', async () => {
    const calls: string[] = [];
    const undo = (): Promise<boolean> => Promise.resolve(calls.push('undo') > 0);
    machines['evil-01'] = { ...machine('evil'), test: async () => raise(), undo };
    assertOnlyEvil(await turn());
    assert.deepEqual(calls, ['undo']);
    assert.equal(house.memory.operations.get(evil)?.operation.step, 'issued');
  });

  test('while it is switched back', async () => {
    const bad = async (): Promise<never> => raise();
    machines['evil-01'] = { ...machine('evil'), test: bad, undo: bad, sweep: bad };
    assertOnlyEvil(await turn());
  });

  test('while a proof is asked for', async () => {
    const found = workshop.ca('somebody else');
    const [der = new Uint8Array()] = pemToDer(found.pem);
    const leaf = certificateFacts(der);
    const proofs: (() => Promise<KeyProof>)[] = [
      async () => raise(),
      // A target that hands on what is no certificate: the parser throws, and no failure of ours.
      () =>
        Promise.resolve({ chain: [Buffer.from('MAUCAQECAQI=', 'base64')], statement: der, signature: der }),
    ];
    for (const proveKey of proofs) {
      const seen = {
        current: 'g1',
        previous: null,
        generations: ['g1'],
        leaf,
        leaves: { g1: leaf.fingerprint },
      };
      machines['evil-01'] = {
        ...machine('evil'),
        inspect: () => Promise.resolve({ ...seen, keyMatches: true, brokenLinks: [] }),
        proveKey,
      };
      assertOnlyEvil(await turn(), 'seen');
    }
  });

  test('while an address is looked at, or where a look answers nothing', async () => {
    const looks: ((address: Handshake['address']) => Promise<Handshake>)[] = [
      async () => raise(),
      () => Promise.resolve(undefined as unknown as Handshake),
    ];
    for (const look of looks) {
      const seen: World['handshake'] = (address) =>
        address.host === 'evil.example.com' ? look(address) : unseen(address);
      assertOnlyEvil(await turn({ handshake: seen }), 'seen');
    }
  });

  test('while its issuer is asked for its roots, issues, or publishes', async () => {
    for (const broken of ['trustAnchors', 'issue', 'publications'] as const) {
      house.memory.publicationsDue.clear();
      const report = await turn({
        issuer: (spec) =>
          spec.name === 'good-ca'
            ? house.world.issuer(spec)
            : { ...house.world.issuer(spec), [broken]: async () => raise() },
      });
      assert.ok(report.unexpected.length > 0, broken);
      for (const { subject } of report.unexpected) assert.match(subject, /evil/);
      assert.equal(house.memory.observations.get(good)?.storeFailure, null);
    }
  });

  test('when its issuer or its target cannot even be made', async () => {
    for (const broken of ['issuer', 'target'] as const) {
      const real: World['target'] = ({ name }) => machines[name] ?? machine(name);
      const changes: Partial<World> =
        broken === 'issuer'
          ? { issuer: (spec) => (spec.name === 'good-ca' ? house.world.issuer(spec) : raise()) }
          : { target: (each, all) => (each.name === 'good-01' ? real(each, all) : raise()) };
      const report = await turn(changes);
      assert.ok(report.unexpected.length > 0, broken);
      for (const { subject } of report.unexpected) assert.match(subject, /evil/);
      assert.equal(house.memory.observations.get(good)?.storeFailure, null);
    }
  });
});

describe('the boundary', () => {
  const lines: { readonly stack: unknown; readonly message: string }[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object, message: string) =>
      void lines.push({ stack: (fields as { readonly stack?: unknown }).stack, message }),
  };

  test('bounds and cleans what was thrown, says where it happened, and leaves what is expected as it is', () => {
    const failure = failureOf({ log }, 'web/shop@web-01', new RangeError(`\u001b[31m${'x'.repeat(1 << 20)}`));
    assert.equal(failure.code, 'unexpected');
    assert.ok(failure.message.length < limits.failures.wordsMaxChars + 400);
    assert.doesNotMatch(failure.message, /\p{Cc}/u);
    assert.equal(lines.length, 1);
    const expected = new OperationError('ssh-auth', 'refused', { disposition: 'retry' });
    assert.equal(failureOf({ log }, 'x', expected), expected);
    assert.equal(lines.length, 1);
  });

  test('holds neither what ends the turn on purpose nor a journal that cannot be written', () => {
    const full = new OperationError('journal-unavailable', 'the disk is full', { disposition: 'retry' });
    for (const each of [new TurnEnded('here'), full])
      assert.throws(
        () =>
          apart<null>(
            { log },
            'x',
            () => {
              throw each;
            },
            () => null,
          ),
        (error) => error === each,
      );
    const ended = new AbortController();
    ended.abort();
    const reason = new Error('the time is over');
    assert.throws(() => failureOf({ log }, 'x', reason, ended.signal), /the time is over/);
  });
});
