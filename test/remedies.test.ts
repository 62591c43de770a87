/**
 * Each remedy that a finding names is played by a test, which does what it says and sees the finding end; or it is advice for a person, who must find something
 * out first. A new finding does not compile before it says which.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findingCodes, type FindingCode } from '../daemon/core/finding-codes.ts';

/** The file and the name of the test that plays it, as far as it begins; or why nobody can play it. */
type Remedy = readonly [file: string, test: string] | { readonly advice: string };

const seenElsewhere = {
  advice: 'what is served is changed where renewd has no hands: the message names address and names',
};
const otherFinding = { advice: 'points to the finding beside it, which has the remedy' };
const investigate = { advice: 'somebody must be found who did it' };
const decision = {
  advice: 'keeping to a rule, or an exception, is a decision of people; site and report show it',
};

const remedies: Readonly<Record<FindingCode, Remedy>> = {
  'served-match': { advice: 'nothing is to be done' },
  'served-previous': ['test/real/install.test.ts', 'somebody copies an old certificate back'],
  'served-other-known': seenElsewhere,
  'served-unknown': ['test/real/install.test.ts', 'the link is replaced by a file'],
  expired: otherFinding,
  'not-yet-valid': ['test/real/clock.test.ts', 'a year ahead where nothing could doubt it'],
  'name-mismatch': seenElsewhere,
  'chain-incomplete': seenElsewhere,
  untrusted: ['test/real/lost-data.test.ts', 'with custody and issuers restored'],
  'trust-unknown': ['test/real/lost-data.test.ts', 'with custody and issuers restored'],
  'no-certificate': seenElsewhere,
  'handshake-failed': seenElsewhere,
  'connection-failed': seenElsewhere,
  'name-unresolved': seenElsewhere,
  'address-refused': { advice: 'whether an address may be looked at is decided by who owns the endpoint' },
  'store-changed': ['test/real/install.test.ts', 'somebody copies an old certificate back'],
  'not-adopted': ['test/real/foreign.test.ts', 'after the journal was lost'],
  'helper-outdated': ['test/commands/privilege.test.ts', 'root runs it twice'],
  'rolled-back': ['test/real/install.test.ts', 'somebody copies an old certificate back'],
  'installed-expired': otherFinding,
  'renewal-overdue': otherFinding,
  'renewal-critical': otherFinding,
  'placement-refused': ['test/real/undo.test.ts', 'that is retried with copies serves them'],
  'policy-violation': decision,
  'policy-blocked': ['test/real/refuse.test.ts', 'policy stops a request before it starts'],
  'policy-waived': decision,
  'waiver-ending': decision,
  'waiver-ended': decision,
  'policy-upcoming': decision,
  'issue-failed': ['test/real/stalls.test.ts', 'the refused name, corrected'],
  'install-failed': ['test/real/month.test.ts', 'day 14 to 17'],
  'rollback-untold': ['test/real/undo.test.ts', 'says so when the server could not be told'],
  'endpoint-unreachable': ['test/real/stalls.test.ts', 'a log-in key that is replaced in its file'],
  'host-key-changed': { advice: 'a person must compare the key on the console of the machine' },
  'document-invalid': ['test/real/refuse.test.ts', 'a broken document is a finding with its line'],
  'governance-unreadable': [
    'test/shell/what-breaks-keeps.test.ts',
    '// What was broken can be put right, and then counts again',
  ],
  'reference-dangling': ['test/shell/held-sleeping.test.ts', 'that was agreed to stops nobody either'],
  'intent-unread': [
    'test/shell/unread.test.ts',
    'it is named, the turn goes on, and a commit that mends it is stepped to',
  ],
  'text-withheld': investigate,
  'history-rewritten': ['test/real/refuse.test.ts', 'a new history is accepted on purpose'],
  'history-rewound': ['test/real/history.test.ts', 'a branch that stays behind is named after half an hour'],
  'clock-doubted': [
    'test/commands/trust-clock.test.ts',
    'renewd once --trust-clock tells a daemon that works',
  ],
  'clock-contested': ['test/shell/clock-peers.test.ts', 'a person may say that the clock is right'],
  'another-instance': ['test/real/two-daemons.test.ts', 'started at the same time'],
  'instance-waits': ['test/real/two-daemons.test.ts', 'started at the same time'],
  'records-changed': investigate,
  'change-refused': ['test/shell/change-remedies.test.ts', 'a refused change ends with a git revert'],
  'change-waiting': ['test/shell/change-remedies.test.ts', 'a change that waits ends with a git revert'],
  'changes-not-kept': {
    advice: 'somebody must be found who pushes so much; what is held is decided like any change',
  },
  'emergency-open': ['test/real/attack.test.ts', 'the emergency key works at once'],
  'emergency-overdue': ['test/real/attack.test.ts', 'the emergency key works at once'],
  'issuance-log-changed': ['test/real/month.test.ts', 'day 24'],
  'ca-lost': ['test/real/lost-data.test.ts', 'without a backup an issuer of another name begins anew'],
  'issuer-ending': [
    'test/real/issuer-end.test.ts',
    'the root of an embedded CA that ends is said in good time',
  ],
  'journal-changed': [
    'test/shell/journal-changed.test.ts',
    'an old copy that was put back is said over a restart',
  ],
  withdrawn: ['test/real/withdrawn.test.ts', 'an endpoint that a certificate left is watched'],
};

test('each remedy is played, or is advice', () => {
  assert.deepEqual(Object.keys(remedies).sort(), Object.keys(findingCodes).sort());
  for (const [code, remedy] of Object.entries(remedies)) {
    if ('advice' in remedy) continue;
    const [file, name] = remedy;
    assert.ok(existsSync(file), `${code}: ${file} is not there`);
    assert.ok(readFileSync(file, 'utf8').includes(name), `${code}: ${file} has no test "${name}..."`);
  }
});
