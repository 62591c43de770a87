/** A change after which nobody could govern is refused, whichever way the right is lost; what leaves one way open is not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { generateKey } from 'openpgp';
import { buildDesired } from '../../daemon/core/desired.ts';
import { generateSigningKey } from '../../daemon/git/signature.ts';
import { limits } from '../../daemon/limits.ts';
import { documentReader } from '../../daemon/reader.ts';
import { lockOut, type Governance } from '../../daemon/shell/lock-out.ts';

const now = Date.UTC(2026, 10, 1);
const head = 'apiVersion: renewd/v1\n';
const controlFile = 'policies/change-control.yaml';
const signersFile = 'policies/allowed_signers';
const revokedFile = 'policies/revoked_keys';
const pkiFile = 'inventory/teams/pki.yaml';

const people = ['ada', 'pia', 'paul', 'forge'] as const;
const keys = Object.fromEntries(people.map((name) => [name, generateSigningKey().publicKey])) as Record<
  (typeof people)[number],
  string
>;
const line = (name: string, options = 'namespaces="git" ', key = ''): string =>
  `${name}@example.com ${options}${key === '' ? (keys[name as keyof typeof keys] ?? '') : key}\n`;
const all = (options?: string): string => people.map((name) => line(name, options)).join('');

interface Control {
  readonly signatures?: 'required' | 'optional';
  readonly paths?: string;
  readonly more?: string;
}
const control = ({ signatures = 'required', paths, more = '' }: Control = {}): string =>
  `${head}kind: ChangeControl\nmetadata: { name: main }\nspec:\n  signatures: ${signatures}\n  paths:\n    - { paths: ['**'], signers: ['team:pki'] }\n${paths ?? ''}${more}`;
const rule = (paths: string, signers: string): string =>
  `    - { paths: ['${paths}'], signers: [${signers}] }\n`;
const approval = (count: number, from: string, more = ''): string =>
  `  approvals:\n    - { name: two, paths: ['policies/**'], count: ${String(count)}, from: [${from}]${more} }\n`;
const pki = (...names: string[]): string =>
  `${head}kind: Team\nmetadata: { name: pki }\nspec:\n  owners: [somebody]\n  contacts: [{ email: pki@example.com }]\n  dnsNames: []\n  signers: [${names.map((name) => `${name}@example.com`).join(', ')}]\n`;

const usual: Readonly<Record<string, string | Buffer | null>> = {
  [controlFile]: control(),
  [pkiFile]: pki('pia', 'paul'),
  [signersFile]: all(),
};

function state(files: Readonly<Record<string, string | Buffer | null>>): Governance {
  const reader = documentReader();
  const present = Object.entries({ ...usual, ...files }).flatMap(([path, content]) =>
    content === null
      ? []
      : [{ path, oid: Buffer.from(content).toString('hex'), bytes: Buffer.from(content) }],
  );
  const documents = present
    .filter(({ path }) => path.endsWith('.yaml'))
    .map((each) => reader.parseFile(each));
  const desired = buildDesired('c', documents, []);
  assert.deepEqual(
    desired.problems.filter((each) => each.severity === 'error' && each.code !== 'reference-dangling'),
    [],
  );
  const trust = new Map(
    present
      .filter(({ path }) => !path.endsWith('.yaml'))
      .map(({ path, oid, bytes }) => [path, { oid, bytes }]),
  );
  return { desired, trust };
}

type Files = Readonly<Record<string, string | Buffer | null>>;
const judge = async (after: Files, before: Files = {}, at = now): Promise<string | null> => {
  const of = (files: Files, path: string): string | null => {
    const content = { ...usual, ...files }[path] ?? null;
    return content === null ? null : Buffer.from(content).toString('hex');
  };
  const documents = [...new Set(Object.keys({ ...usual, ...before, ...after }))]
    .map((path) => ({ path, before: of(before, path), after: of(after, path) }))
    .filter((each) => each.before !== each.after);
  return (await lockOut(state(before), state(after), at, documents))?.message ?? null;
};

const openPgp = async (options: { readonly expires?: number } = {}): Promise<string> => {
  const { publicKey } = await generateKey({
    userIDs: [{ name: 'Pia', email: 'pia@example.com' }],
    date: new Date(now - 86_400_000),
    ...(options.expires === undefined ? {} : { keyExpirationTime: options.expires }),
  });
  return publicKey;
};
const [sound, ended, ending] = await Promise.all([
  openPgp(),
  openPgp({ expires: 3600 }),
  openPgp({ expires: 3 * 86_400 }),
]);
const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 10).replaceAll('-', '')}Z`;
const cut = (key: string): string => {
  const [type = '', base64 = ''] = key.split(' ');
  return `${type} ${Buffer.from(base64, 'base64').subarray(0, 30).toString('base64')}`;
};

const refused: Readonly<Record<string, readonly [Files, RegExp, Files?]>> = {
  'every key revoked': [
    { [revokedFile]: Object.values(keys).join('\n') },
    /nobody could change policies\/change-control\.yaml any more: only paul@.*, pia@.* may \(policies\/change-control\.yaml:7\), and paul@example\.com \(policies\/allowed_signers:3\): the key was revoked; pia/,
  ],
  'every key revoked of those who may': [
    { [revokedFile]: `${keys.pia}\n${keys.paul}\n` },
    /pia@example\.com \(policies\/allowed_signers:2\): the key was revoked$/,
  ],
  'a list of revoked keys that cannot be read': [
    { [revokedFile]: 'what is this' },
    /cannot be read \(line 1/,
  ],
  'the same, where signatures are optional': [
    { [controlFile]: control({ signatures: 'optional' }), [revokedFile]: 'what is this' },
    /cannot be read/,
  ],
  'lines for another namespace': [
    { [signersFile]: all('namespaces="file" ') },
    /the key may not sign for git/,
  ],
  'keys whose time is over': [
    { [signersFile]: all(`valid-before="${stamp(now - 86_400_000)}" `) },
    /the key is not valid at this time/,
  ],
  'keys whose time is over tomorrow': [
    { [signersFile]: all(`valid-before="${stamp(now + 86_400_000)}" `) },
    /any more from 2026-11-08 on at the latest: .*not valid at this time/,
  ],
  'keys whose time has not come': [
    { [signersFile]: all(`valid-after="${stamp(now + 86_400_000)}" `) },
    /the key is not valid at this time/,
  ],
  'lines that cannot be read': [
    { [signersFile]: all('namespaces=git ') },
    /pia@example\.com has no key; policies\/allowed_signers:1: the line cannot be read/,
  ],
  'a list over its bound': [
    { [signersFile]: all() + '#'.repeat(limits.git.allowedSignersMaxChars) },
    /the line cannot be read/,
  ],
  'keys that are cut short': [
    { [signersFile]: line('pia', '', cut(keys.pia)) + line('paul', '', cut(keys.paul)) },
    /no signature can be by this key/,
  ],
  'a list with others alone': [{ [signersFile]: line('ada') }, /paul@example\.com has no key; pia@example/],
  'no list': [{ [signersFile]: null }, /paul@example\.com has no key/],
  'an OpenPGP file with garbage': [
    { [signersFile]: '# none\n', 'policies/openpgp/pia@example.com.asc': 'garbage' },
    /pia@example\.com \(policies\/openpgp\/pia@example\.com\.asc\): no key can be read in it/,
  ],
  'an OpenPGP key whose time is over': [
    { [signersFile]: null, 'policies/openpgp/pia@example.com.asc': ended },
    /policies\/openpgp\/pia@example\.com\.asc\): .*expired/i,
  ],
  'an OpenPGP key whose time is soon over': [
    { [signersFile]: null, 'policies/openpgp/pia@example.com.asc': ending },
    /from 2026-11-08 on at the latest/,
  ],
  'a CA that may not name them': [
    { [signersFile]: `*@example.org cert-authority,namespaces="git" ${keys.ada}\n` },
    /has no key/,
  ],
  'a CA that is revoked': [
    { [signersFile]: `*@example.com cert-authority ${keys.ada}\n`, [revokedFile]: keys.ada },
    /pia@example\.com \(policies\/allowed_signers:1\): the CA of the key was revoked/,
  ],
  'a team of nobody who has a key': [
    { [pkiFile]: pki('zoe') },
    /only zoe@example\.com may .*zoe@example\.com has no key/,
  ],
  'a team of nobody': [{ [pkiFile]: pki() }, /the rule at policies\/change-control\.yaml:7 lets nobody/],
  'a team that is gone': [{ [pkiFile]: null }, /lets nobody/],
  'more approvals than people': [
    { [controlFile]: control({ more: approval(9, "'team:pki'") }) },
    /approval two \(policies\/change-control\.yaml:\d+\) needs 9 of team:pki beside whoever makes the change, and 1 could give it/,
  ],
  'as many approvals as people, the maker among them': [
    { [controlFile]: control({ more: approval(2, "'team:pki'") }) },
    /needs 2 of team:pki beside whoever makes the change, and 1 could/,
  ],
  'as many approvals as names, two of them with one key': [
    {
      [controlFile]: control({ more: approval(2, "'team:pki'") }),
      [pkiFile]: pki('pia', 'paul', 'pius'),
      [signersFile]: all() + line('pius', '', keys.pia),
    },
    /needs 2 of/,
  ],
  'approvals by somebody without a key': [
    { [controlFile]: control({ more: approval(1, 'zoe@example.com') }) },
    /0 could give it; zoe@example\.com has no key/,
  ],
  'approvals that count for a minute': [
    { [controlFile]: control({ more: `${approval(1, "'team:pki'")}  approvalsLapse: 1m\n` }) },
    /0 could give it; with this approvalsLapse what they sign is over/,
  ],
  'approvals by owners where nobody owns': [
    { [controlFile]: control({ more: approval(1, 'owner') }) },
    /needs 1 of owner .* 0 could give it/,
  ],
  'a later path to nobody': [
    { [controlFile]: control({ paths: rule('policies/**', 'nobody@example.com') }) },
    /only nobody@example\.com may \(policies\/change-control\.yaml:8\)/,
  ],
  'the file of change control to nobody': [
    { [controlFile]: control({ paths: rule(controlFile, 'zoe@example.com') }) },
    /nobody could change policies\/change-control\.yaml/,
  ],
  'the list of signers to nobody': [
    { [controlFile]: control({ paths: rule(signersFile, 'owner') }) },
    /nobody could change policies\/allowed_signers any more: the rule at/,
  ],
  'the list of revoked keys to nobody': [
    { [controlFile]: control({ paths: rule('policies/revoked*', 'zoe@example.com') }) },
    /nobody could change policies\/revoked_keys/,
  ],
  'a path to nobody, where signatures are optional': [
    { [controlFile]: control({ signatures: 'optional', paths: rule('**', 'nobody@example.com') }) },
    /only nobody@example\.com may/,
  ],
  'all who may are called forges': [
    {
      [controlFile]: control({
        more: `${approval(1, "'team:pki'")}  forges: [pia@example.com, paul@example.com]\n`,
      }),
    },
    /needs 1 of team:pki/,
  ],
  'a forge that may not merge alone': [
    {
      [controlFile]: control({
        paths: rule('policies/**', 'forge'),
        more: `${approval(3, "'team:pki'")}  forges: [forge@example.com]\n`,
      }),
    },
    /needs 3 of/,
  ],
  'only the emergency key is left': [
    {
      [controlFile]: control({
        paths: rule('policies/**', 'zoe@example.com'),
        more: '  breakGlass: { signers: [ada@example.com], reviewWithin: 2d }\n',
      }),
    },
    /only zoe@example\.com may/,
  ],
  'change control along with the lists': [
    { [controlFile]: null, [signersFile]: null },
    /change control main \(policies\/change-control\.yaml\) would be gone along with what else this changes/,
  ],
  'change control in another kind of document': [
    {
      [controlFile]: `${head}kind: Policy\nmetadata: { name: change-control }\nspec:\n  rules:\n    - { rule: lifetime-max, action: block, settings: { max: 47d } }\n`,
    },
    /would be gone/,
  ],
  'change control that begins so': [
    { [controlFile]: control({ paths: rule('**', 'zoe@example.com') }) },
    /only zoe@example\.com may/,
    { [controlFile]: null },
  ],
};

const taken: Readonly<Record<string, readonly [Files, Files?]>> = {
  'nothing that governs changes': [{}],
  'one of two keys revoked': [{ [revokedFile]: keys.pia }],
  'one line that cannot be read': [{ [signersFile]: line('pia') + all('namespaces=git ') }],
  'a key that ends in a month, and one that does not end yet': [
    { [signersFile]: line('pia', `valid-before="${stamp(now + 30 * 86_400_000)}" `) },
  ],
  'as many approvals as others there are': [{ [controlFile]: control({ more: approval(1, "'team:pki'") }) }],
  'approvals by others than who may change it': [
    { [controlFile]: control({ more: approval(2, 'ada@example.com, forge@example.com, zoe@example.com') }) },
  ],
  'an OpenPGP key alone': [{ [signersFile]: null, 'policies/openpgp/pia@example.com.asc': sound }],
  'an OpenPGP key in two files, for two names': [
    {
      [signersFile]: null,
      'policies/openpgp/pia@example.com.asc': sound,
      'policies/openpgp/zoe@example.com.asc': sound,
    },
  ],
  'a CA alone, which can make a key for anybody': [
    {
      [signersFile]: `*@example.com cert-authority,namespaces="git" ${keys.ada}\n`,
      [controlFile]: control({ more: approval(1, "'team:pki'") }),
    },
  ],
  'no path rule, signatures required': [
    { [controlFile]: control().replace(/  paths:\n.*\n/, ''), [signersFile]: line('ada') },
  ],
  'no path rule, signatures optional, no signer': [
    { [controlFile]: control({ signatures: 'optional' }).replace(/  paths:\n.*\n/, ''), [signersFile]: null },
  ],
  'a forge that merges under its own reviews': [
    {
      [controlFile]: control({
        paths: rule('**', 'forge'),
        more: `${approval(2, "'team:pki'", ', forgeMerge: true')}  forges: [forge@example.com]\n`,
      }),
      [signersFile]: line('forge'),
    },
  ],
  'other files to nobody': [{ [controlFile]: control({ paths: rule('policies/frozen/**', 'owner') }) }],
  'change control alone is deleted': [{ [controlFile]: null }],
  'a list, where there is no change control': [
    { [controlFile]: null, [signersFile]: null },
    { [controlFile]: null },
  ],
  'what was so before': [
    { [signersFile]: line('ada'), [controlFile]: `${control()}# on\n` },
    { [signersFile]: line('ada') },
  ],
  'a way out of it': [{}, { [signersFile]: null }],
  'a list of revoked keys that could not be read before, mended': [
    { [revokedFile]: '# nobody\n' },
    { [revokedFile]: 'what is this' },
  ],
};

describe('a change of who may govern', () => {
  for (const [name, [after, message, before]] of Object.entries(refused)) {
    test(`is refused: ${name}`, async () => {
      assert.match((await judge(after, before)) ?? 'it is taken', message);
    });
  }
  for (const [name, [after, before]] of Object.entries(taken)) {
    test(`is taken: ${name}`, async () => {
      assert.equal(await judge(after, before), null);
    });
  }
  test(
    'is refused: a list of ssh-keygen that revokes every certificate of the CA that is left',
    { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
    async () => {
      const root = mkdtempSync(join(tmpdir(), 'renewd-krl-'));
      try {
        writeFileSync(join(root, 'ca.pub'), `${keys.ada}\n`);
        writeFileSync(join(root, 'all'), 'serial: 1-18446744073709551615\n');
        writeFileSync(join(root, 'few'), 'serial: 1-1000\n');
        const list = (what: string): Buffer =>
          execFileSync(
            'bash',
            ['-c', `ssh-keygen -q -k -f ${what}.krl -s ca.pub ${what} && cat ${what}.krl`],
            { cwd: root },
          );
        const authority = { [signersFile]: `*@example.com cert-authority ${keys.ada}\n` };
        assert.match(
          (await judge({ ...authority, [revokedFile]: list('all') })) ?? 'it is taken',
          /pia@example\.com .*the certificate of the key was revoked/,
        );
        assert.equal(await judge({ ...authority, [revokedFile]: list('few') }), null);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    },
  );
});
