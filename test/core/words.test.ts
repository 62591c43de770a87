/** Words that a person reads: numbers, branches that are not there, what a pattern wants, what is not supported, errors of the system. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { counted } from '../../daemon/core/count.ts';
import { missingBranch } from '../../daemon/core/missing-branch.ts';
import { notSupportedByPeer, notSupportedKey, proxyInEnvironment } from '../../daemon/core/not-supported.ts';
import { judgeHandshake } from '../../daemon/core/served.ts';
import { isIpAddress } from '../../daemon/core/server-name.ts';
import { readTextPattern } from '../../daemon/core/text-pattern.ts';
import { wantedForm } from '../../daemon/core/wanted-form.ts';
import { remedyOfSystem } from '../../daemon/system-trouble.ts';
import { readDnsName } from '../../daemon/documents/names.ts';
import { guarded } from '../../daemon/journal/trouble.ts';
import { facts, handshake, now } from './sample.ts';

test('one is one, and everything else is many', () => {
  assert.equal(counted(1, 'action'), '1 action');
  assert.equal(counted(0, 'installation'), '0 installations');
  assert.equal(counted(2, 'entry'), '2 entries');
  assert.equal(counted(2, 'day'), '2 days');
  assert.equal(counted(2, 'address is', 'addresses are'), '2 addresses are');
  assert.equal(counted(2, 'address'), '2 addresses');
});

describe('a branch that is not there', () => {
  test('an empty repository is called empty, and nothing is fetched from nowhere', () => {
    for (const use of ['declarations', 'records', 'revision'] as const) {
      const said = missingBranch('main', [], use);
      assert.match(said, /is empty: it has no commit/);
      assert.doesNotMatch(said, /git fetch/);
    }
  });
  test('the branches there are are named, and the likely one is given', () => {
    const said = missingBranch('main', ['HEAD', 'refs/heads/master', 'refs/tags/main'], 'declarations');
    assert.match(said, /it has "master"\. If that is meant, give --branch master; otherwise push it/);
    assert.match(missingBranch('maim', ['refs/heads/main', 'refs/heads/x'], 'declarations'), /--branch main/);
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((each) => `refs/heads/${each}`);
    assert.match(missingBranch('main', many, 'declarations'), /"e" and 2 more/);
  });
  test('records are made by the daemon or fetched in a clone, and main is not offered for them', () => {
    const here = missingBranch('renewd/state', ['refs/heads/main'], 'records');
    assert.match(here, /renewd once/);
    assert.doesNotMatch(here, /--state main|git fetch/);
    const clone = ['refs/heads/main', 'refs/remotes/origin/main', 'refs/remotes/origin/HEAD'];
    assert.match(
      missingBranch('renewd/state', clone, 'records'),
      /Fetch it: git fetch origin renewd\/state:renewd\/state/,
    );
  });
});

describe('what a pattern wants is said in words', () => {
  const asked = (pattern: string, value: string): string | null => {
    const read = readTextPattern(pattern);
    assert.ok('matches' in read);
    return wantedForm(read.matches, value);
  };
  const cases: readonly (readonly [pattern: string, value: string, words: RegExp])[] = [
    ['(/[^\\u0000-\\u0020"\';{}$]+)?', 'etc/tls/a.crt', /must be an absolute path/],
    ['(/[^\\u0000-\\u0020"\';{}$]+)?', '/etc/tls/a;b', /may not hold ";"/],
    ['[A-Za-z0-9.-]+:[0-9]{1,5}', 'shop.example.com', /must be host:port/],
    ['[1-9][0-9]{0,5}[smhd]', '10 minutes', /must be a duration/],
    ['[a-z]+', 'A1', /may not hold "A", "1"; it is made of a-z/],
  ];
  for (const [pattern, value, words] of cases)
    test(`${pattern} for ${value}`, () => {
      const said = asked(pattern, value) ?? '';
      assert.match(said, words);
      assert.doesNotMatch(said, /\[\^|\\u|\]\+|\{0,/);
    });
  test('nothing is said where nothing is known', () => {
    assert.equal(asked('abc|def', 'abd'), null);
  });
});

test('a text with a colon is an address only where it can be one', () => {
  for (const text of ['::', '::1', 'fe80::1', '2001:db8::192.0.2.1', '10.0.0.1', 'fe80::1%eth0'])
    assert.equal(isIpAddress(text), true, text);
  for (const text of [
    'shop.example.com:443',
    'https://shop.example.com',
    'a:b',
    'shop:',
    'zz::1',
    'dead:beef',
  ])
    assert.equal(isIpAddress(text), false, text);
  const wrong = (text: string): string => {
    const read = readDnsName(text);
    return 'wrong' in read ? read.wrong : '';
  };
  assert.match(wrong('https://shop.example.com'), /it is a URL/);
  assert.match(wrong('shop.example.com:443'), /it has a port/);
  assert.match(wrong('2001:db8::1'), /is an IP address/);
});

describe('what is served and not expected', () => {
  const expected = { current: 'aa', previous: 'bb', now };
  test('nobody is said not to have installed what renewd may have installed', () => {
    for (const current of ['aa', null]) {
      const said = judgeHandshake(handshake(facts('dd')), { ...expected, current, known: new Map() });
      assert.equal(said.result, 'served-unknown');
      assert.doesNotMatch(said.message, /renewd did not/);
    }
  });
  test('before anything is installed here, one of renewd is said to be one', () => {
    const known = new Map([[facts('cc').fingerprint, 'web/blog@web-01']]);
    const said = judgeHandshake(handshake(facts('cc')), { ...expected, current: null, known });
    assert.match(said.message, /which renewd installed \(web\/blog@web-01\)/);
  });
});

test('open files, quotas and missing directories are not said to be a lack of space', () => {
  const failing = (code: string): string => {
    try {
      guarded('be written', () => {
        throw Object.assign(new Error(code), { code, syscall: 'open' });
      });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.match(failing('EMFILE'), /LimitNOFILE/);
  assert.match(failing('ENFILE'), /fs\.file-max/);
  assert.match(failing('ENOSPC'), /free space or inodes/);
  for (const code of ['EMFILE', 'ENFILE', 'EACCES', 'ENOENT', 'EROFS'])
    assert.doesNotMatch(failing(code), /free space/i, code);
  assert.equal(remedyOfSystem(new Error('no code')), null);
});

test('what is not supported is said where it is written or met', () => {
  assert.match(notSupportedKey('proxy') ?? '', /uses no proxy/);
  assert.match(notSupportedKey('httpsProxy') ?? '', /uses no proxy/);
  assert.match(notSupportedKey('clientCertificate') ?? '', /no client certificate/);
  assert.match(notSupportedKey('sslCert') ?? '', /no client certificate/);
  assert.match(notSupportedKey('proxyProtocol') ?? '', /PROXY protocol/);
  for (const key of ['key', 'certificate', 'token', 'caFile', 'repo'])
    assert.equal(notSupportedKey(key), null, key);
  assert.match(proxyInEnvironment({ HTTPS_PROXY: 'http://p:3128' }) ?? '', /^HTTPS_PROXY is set/);
  assert.equal(proxyInEnvironment({ HTTPS_PROXY: '', PATH: '/bin' }), null);
  assert.match(notSupportedByPeer('tlsv13 alert certificate required') ?? '', /client certificate/);
  assert.equal(notSupportedByPeer('certificate has expired'), null);
});
