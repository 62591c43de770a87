/** Every kind of finding: how bad, what it means, and the next step for a person on call. `docs/findings.md` is checked against this table. */
import type { Severity } from './model.ts';

export interface FindingKind {
  readonly severity: Severity;
  readonly title: string;
  readonly meaning: string;
  readonly remedy: string;
}

export const findingCodes = {
  'served-match': {
    severity: 'info',
    title: 'Served as issued',
    meaning: 'The address shows the certificate that was issued, and its chain verifies.',
    remedy: 'Nothing.',
  },
  'served-previous': {
    severity: 'error',
    title: 'The previous certificate is served',
    meaning:
      'The address shows the certificate from before the last renewal: a reload was lost, or somebody rolled back.',
    remedy:
      'renewd reloads the server with drift: enforce. If it comes back, look for a process that was not reloaded or a second server behind the address.',
  },
  'served-other-known': {
    severity: 'error',
    title: 'Another certificate of ours is served',
    meaning:
      'The address shows a certificate that renewd installed for something else: the wrong virtual host answers. As info: one of this installation that is not finished yet.',
    remedy: 'Compare server names and certificate paths in the server configuration with the declared paths.',
  },
  'served-unknown': {
    severity: 'error',
    title: 'An unknown certificate is served',
    meaning:
      'The address shows a certificate that is neither the current nor the previous one of any installation: somebody else installed it, or it is an older one of renewd.',
    remedy:
      'Find out who installed it (the finding shows subject, issuer and since when). With drift: enforce renewd puts the issued one back.',
  },
  expired: {
    severity: 'critical',
    title: 'An expired certificate is served',
    meaning: 'Clients refuse to connect to the address.',
    remedy:
      'If renewd manages it, the finding beside this one says why it was not renewed: fix that, then run renewd once, or send SIGHUP to the daemon that runs.',
  },
  'not-yet-valid': {
    severity: 'error',
    title: 'A certificate from the future is served',
    meaning: 'Its validity has not begun: the clock of the CA or of this machine is wrong.',
    remedy: 'Check the clocks (timedatectl) of the daemon, the endpoint and the CA.',
  },
  'name-mismatch': {
    severity: 'error',
    title: 'The name does not match',
    meaning: 'The certificate that is served does not cover the name clients ask for.',
    remedy:
      'Where the declaration has the name, the server reads other files than the installed ones: point it there, or name its paths under parameters (docs/profiles.md). Else add the name to dnsNames, or correct the server name under serves.',
  },
  'chain-incomplete': {
    severity: 'error',
    title: 'The chain is incomplete',
    meaning: 'The server does not send the intermediate certificate; some clients cannot verify it.',
    remedy: 'Point the server at the fullchain file, not at the certificate alone.',
  },
  untrusted: {
    severity: 'error',
    title: 'The chain does not verify',
    meaning: 'What is served does not lead to a root that clients of this issuer trust.',
    remedy:
      'If the issuer is private, check the roots in its declaration; otherwise find out who issued what is served.',
  },
  'trust-unknown': {
    severity: 'warning',
    title: 'Trust is not judged',
    meaning:
      'The right certificate is served, and its issuer cannot say just now by which roots clients trust it.',
    remedy: 'See what the issuer lacks: the findings of the repository and of its certificates say it.',
  },
  'no-certificate': {
    severity: 'error',
    title: 'No certificate is shown',
    meaning: 'The server speaks TLS but shows no certificate for this name.',
    remedy: 'Check that the server has a certificate configured for this server name.',
  },
  'handshake-failed': {
    severity: 'error',
    title: 'The TLS handshake fails',
    meaning: 'The port answers, but not with TLS that a client can finish.',
    remedy:
      'Check that the port speaks TLS and which protocol versions it allows: openssl s_client -connect <address> -servername <name>. A listener that expects the PROXY protocol cannot be proved: name an address that takes TLS directly.',
  },
  'connection-failed': {
    severity: 'error',
    title: 'The address cannot be connected to',
    meaning: 'Nothing answers at the declared address within the time allowed.',
    remedy:
      'Check that the server runs and that the daemon may reach the port (firewall); or correct the address under serves.',
  },
  'name-unresolved': {
    severity: 'error',
    title: 'The host name does not resolve',
    meaning: 'DNS has no address for the declared host.',
    remedy:
      'Correct the host under serves, or the DNS record: getent hosts <name> on the host of the daemon.',
  },
  'address-refused': {
    severity: 'error',
    title: 'The address may not be looked at',
    meaning:
      'The declared address leads to a network that neither the endpoint nor the team allows, or its name has more addresses than are looked at. Of a name with several addresses, one that was not looked at is enough: nothing is proved there.',
    remedy:
      'Correct the address under serves, or have the owner of the endpoint add the network that the message names to its networks. Where a name has more than 32 addresses, declare its addresses in place of the name.',
  },
  'store-changed': {
    severity: 'error',
    title: 'The files on the endpoint were changed',
    meaning: 'Key, certificate or link on the endpoint are not what renewd installed.',
    remedy:
      'Find out who changes them (an old deployment script?). With drift: enforce renewd puts its own back; with report it waits for you.',
  },
  'not-adopted': {
    severity: 'warning',
    title: 'A certificate that stood there was not taken over',
    meaning:
      'A generation in the store of the endpoint is none that renewd issued, as far as can be proved: the finding says what is missing. A new certificate is issued in its place.',
    remedy:
      'Find out who put it there. Nothing is lost: it stays as the previous generation until the next renewal. A restored journal makes renewd know its own certificates again.',
  },
  'helper-outdated': {
    severity: 'warning',
    title: 'The script on the endpoint is old',
    meaning:
      'The script installed for privilege: { mode: helper } is older than this renewd: protections are missing there, and certificates cannot be taken over after a lost journal.',
    remedy:
      'Copy daemon/targets/renewd-endpoint.sh of this renewd to the endpoint and install it again as docs/endpoint-helper.md says; its list stays as it is, once the owners of files are in it.',
  },
  'rolled-back': {
    severity: 'error',
    title: 'The previous certificate was put back',
    meaning: 'Somebody switched the endpoint back to the certificate from before the last renewal.',
    remedy:
      'If that was meant, say so in the declaration (drift: report); otherwise renewd switches forward again with drift: enforce.',
  },
  'installed-expired': {
    severity: 'critical',
    title: 'The installed certificate has expired',
    meaning: 'It was not renewed in time.',
    remedy:
      'The finding beside this one says why. Fix that and run renewd once, or send SIGHUP to the daemon that runs; renewd doctor tells what cannot be reached.',
  },
  'renewal-overdue': {
    severity: 'warning',
    title: 'Renewal is overdue',
    meaning: 'It should have been renewed by now; tries have failed or were not possible.',
    remedy: 'The finding beside this one says what fails. There is still time.',
  },
  'renewal-critical': {
    severity: 'critical',
    title: 'It will expire soon and renewal fails',
    meaning: 'Little of its lifetime is left.',
    remedy:
      'Act now: the finding beside this one says what fails. Fix that; renewd once, or SIGHUP to the daemon that runs, tries it at once.',
  },
  'placement-refused': {
    severity: 'error',
    title: 'Its place on the endpoint is refused',
    meaning:
      'The certificate sets what only the owner of the endpoint may set, its files would stand where the endpoint does not allow them, or another installation has the path. Nothing is done there; what is installed stays and is not renewed.',
    remedy: 'Change the declaration, or the endpoint, as the message says; renewd check shows the line.',
  },
  'policy-violation': {
    severity: 'warning',
    title: 'A policy rule is broken',
    meaning: 'What is declared or installed breaks a rule that only reports.',
    remedy: 'The message says which rule of which file, and how to keep to it.',
  },
  'policy-blocked': {
    severity: 'error',
    title: 'Policy forbids it',
    meaning: 'A rule stops the issuance before it starts. What is installed stays.',
    remedy: 'Change the declaration as the message says, or ask the owners of the policy file.',
  },
  'policy-waived': {
    severity: 'info',
    title: 'A broken rule is excepted',
    meaning: 'A waiver excepts this certificate from the rule until a day that the message names.',
    remedy: 'Keep to the rule before the exception ends: the message says how.',
  },
  'waiver-ending': {
    severity: 'warning',
    title: 'An exception ends soon',
    meaning: 'Less than 30 days are left of the waiver; then the rule holds again.',
    remedy:
      'Keep to the rule as the message says, or ask the owner of the waiver for another before it ends.',
  },
  'waiver-ended': {
    severity: 'error',
    title: 'An exception has ended',
    meaning: 'The waiver is over and the rule is still broken.',
    remedy: 'Keep to the rule as the message says. A new waiver is a new decision of its owner.',
  },
  'policy-upcoming': {
    severity: 'info',
    title: 'A rule will be broken soon',
    meaning:
      'The rule is announced and not yet in effect; from the day the message names on it will be broken.',
    remedy: 'Keep to the rule before that day: the message says how.',
  },
  'issue-failed': {
    severity: 'error',
    title: 'Issuing failed',
    meaning: 'The key could not be made, or the issuer did not issue.',
    remedy:
      'Read the message: it holds what the CA or the endpoint said. It is tried again with growing pauses.',
  },
  'install-failed': {
    severity: 'error',
    title: 'Installing failed',
    meaning:
      'The certificate is issued, but a step of its installation failed; the one before is served, unless it has expired.',
    remedy: 'The message names the step and what the server said. It is tried again without a new order.',
  },
  'rollback-untold': {
    severity: 'error',
    title: 'The server was not told of the switch back',
    meaning:
      'After a failed installation everything on the endpoint is as it was before, but the reload failed: the server may use what was taken back until it is reloaded.',
    remedy:
      'Look at what is served (addresses of the record). Reload or restart the server by hand, then find out why the reload command of the profile fails.',
  },
  'endpoint-unreachable': {
    severity: 'error',
    title: 'The endpoint cannot be reached',
    meaning: 'The daemon cannot log in to the endpoint or cannot work there.',
    remedy: 'renewd doctor tries it again and says why. Nothing is changed until it works.',
  },
  'host-key-changed': {
    severity: 'critical',
    title: 'The host key has changed',
    meaning: 'The endpoint shows another SSH host key than the one pinned. Nothing was sent to it.',
    remedy:
      'If the machine was set up anew, compare the fingerprint on its console and change hostKeys in its declaration. If not, somebody may be in between.',
  },
  'document-invalid': {
    severity: 'error',
    title: 'A document is invalid',
    meaning: 'A declaration cannot be used as it is written. What was accepted before stays in force.',
    remedy: 'Mend the line that the message names; renewd check shows every mistake at once.',
  },
  'governance-unreadable': {
    severity: 'error',
    title: 'What governs cannot be read',
    meaning:
      'A policy, a team or change control cannot be read, and no earlier version of it is known. Nothing new is issued; certificates in place are renewed.',
    remedy:
      'Fix the file that the message names, or delete it on purpose; renewd check shows every mistake at once.',
  },
  'reference-dangling': {
    severity: 'error',
    title: 'A reference leads nowhere',
    meaning: 'A declaration names a team, issuer, endpoint or profile that is not declared.',
    remedy: 'Correct the name or declare what it names.',
  },
  'intent-unread': {
    severity: 'critical',
    title: 'Declarations are not read',
    meaning:
      'A commit of the intent branch cannot be read (malformed, over a bound, or missing), or the repository cannot. What was accepted before it stays in force and is renewed and watched; new declarations do not count until it can be read again.',
    remedy:
      'The message names the commit and why. Push a commit on top whose files are those of the commit before it (git revert); renewd steps over what it cannot read once a later commit can be read. renewd doctor tries again.',
  },
  'text-withheld': {
    severity: 'warning',
    title: 'A text was withheld',
    meaning:
      'Something that was about to be recorded holds a secret of this daemon or looks like a private key or a token. It was replaced by a mark; everything else goes on.',
    remedy:
      'Look at where the message says it came from. If it is a real key or token, it is no longer secret: replace it. If it only looks like one, change the text.',
  },
  'history-rewritten': {
    severity: 'critical',
    title: 'The history of the intent branch was rewritten',
    meaning:
      'The branch no longer contains the commit that was accepted last. Changes are frozen, renewals go on.',
    remedy:
      'Find out who forced the push. Push the accepted commit back (the finding names it), or accept the new history on purpose: stop renewd, name its newest commit in trust.commit of the configuration, move journal.db* out of the data directory, leave custody/ and issuers/ where they are, and start it again.',
  },
  'history-rewound': {
    severity: 'critical',
    title: 'The intent branch was pushed back',
    meaning:
      'For half an hour the branch has shown a commit older than the one that was accepted last, or one that the server does not send. What was accepted stays in force, renewals go on, and nothing new is taken until the branch is back.',
    remedy:
      'Find out who forced the push, or which replica of the server is stuck. Push the accepted commit back (the finding names it); to undo a change, revert it with a new commit.',
  },
  'clock-doubted': {
    severity: 'critical',
    title: 'The clock of the daemon is not believed',
    meaning:
      'It differs from what servers say, from the uptime of the machine or from the last look by more than ten minutes. Nothing is issued, installed or revoked by it, and no change is put in force; looking goes on.',
    remedy:
      'Check the clock of the host (timedatectl). If it is right, run renewd once --trust-clock, which says so, also to a daemon that runs: it goes on with its next turn.',
  },
  'clock-contested': {
    severity: 'warning',
    title: 'A server gives another time, and nobody confirms the clock',
    meaning:
      'One server gives a time that differs by more than ten minutes from the clock of the daemon, which fits what the machine itself knows. One server alone stops nothing. In the first hour after a start of the machine no change is put in force; renewals go on.',
    remedy:
      'Check the clock of the host (timedatectl) and the server that the finding names. If the clock is right, run renewd once --trust-clock, which says so, also to a daemon that runs; if the server lies, take it out of issuers/.',
  },
  'another-instance': {
    severity: 'critical',
    title: 'Two renewd work on this repository',
    meaning:
      'Two processes with data directories of their own both changed things, so both have stopped: nothing is issued, installed or put back by either. The finding names both, their hosts and since when.',
    remedy:
      'End one of the two (SIGTERM, systemctl stop): the other goes on at its next turn. One that was killed counts as gone three hours after its last heartbeat.',
  },
  'instance-waits': {
    severity: 'warning',
    title: 'A second renewd waits',
    meaning:
      'Another process with a data directory of its own was started for this repository. It changes nothing while this one works, and takes over three hours after it stopped.',
    remedy: 'End the one that is not meant to run; the finding names its host and since when it waits.',
  },
  'records-changed': {
    severity: 'error',
    title: 'Somebody else changed the records',
    meaning:
      'A commit that the daemon did not sign changed records on the state branch, or its history was rewritten or deleted. What it says is not used; what was there is put back.',
    remedy:
      'Find out who may push there and protect the branch: only the daemon writes it. The message names the commit and the paths; an audit of this history fails from now on.',
  },
  'change-refused': {
    severity: 'error',
    title: 'A change is refused',
    meaning:
      'A commit of the intent branch is not signed as it must be, or was made by somebody who may not change these files. It is not in force; what was before it stays, and later changes go on.',
    remedy:
      'The message says what is wrong and with which commit. Revert it, or have somebody who may vouch for it.',
  },
  'change-waiting': {
    severity: 'warning',
    title: 'A change waits',
    meaning:
      'A commit of the intent branch lacks an approval, or only its own policy would let it through. It is not in force yet.',
    remedy: 'Approve exactly the plan that the message names, or revert the commit.',
  },
  'changes-not-kept': {
    severity: 'error',
    title: 'Changes that are not in force were too many to be kept',
    meaning:
      'More changes are refused or wait than are kept: so many of each signer, so many of unknown ones. The rest takes no effect, whoever approves it.',
    remedy:
      'Decide or revert what is held (the other findings name it), find out who pushes so much, and have lost requests pushed again.',
  },
  'emergency-open': {
    severity: 'warning',
    title: 'An emergency change waits for review',
    meaning:
      'Somebody used the emergency key: the change took effect at once, without approval, and nobody else has reviewed it.',
    remedy:
      'Somebody else looks at the commit and says so: git commit --allow-empty -S -m "Review" --trailer "Renewd-Review: <commit>".',
  },
  'emergency-overdue': {
    severity: 'error',
    title: 'The review of an emergency change is overdue',
    meaning: 'An emergency change was not reviewed within the time that change control allows.',
    remedy: 'Review it now, or revert it: the message names the commit and who made it.',
  },
  'issuance-log-changed': {
    severity: 'critical',
    title: 'The log of issuance was changed',
    meaning:
      'The log of an embedded CA does not say what its certificates say, or not what was published before. It is not published until it does; what it lacks is taken back from the records where this CA signed it. Renewals go on.',
    remedy:
      'Where you restored a backup, nothing: what it lacked was taken back. Else find out who had access to the data directory, and restore issued.jsonl from a backup.',
  },
  'issuer-ending': {
    severity: 'warning',
    title: 'A certificate of a CA ends soon',
    meaning:
      'The root or an intermediate of an issuer in use ends, and everything issued under it with it, at one instant. It is an error once what is issued is cut to that end, and critical in the last weeks.',
    remedy:
      'Bring a successor while both are good: another issuer (docs/restore.md), or the next root or intermediate of this CA, as the message says.',
  },
  'ca-lost': {
    severity: 'critical',
    title: 'An embedded CA is gone',
    meaning:
      'The signed records hold the root of an embedded CA, or nobody can say that they never did, and the data directory has neither it nor its key. No other root is made in its place; what is installed stays, and nothing is issued.',
    remedy:
      'Stop renewd and restore custody/ and issuers/ of the data directory from a backup; or begin anew on purpose with an issuer of another name. docs/restore.md has the steps.',
  },
  'journal-changed': {
    severity: 'critical',
    title: 'The journal was changed',
    meaning:
      'The journal of the daemon lacks entries that the signed records know of, or holds others. Renewals go on.',
    remedy:
      'Where you put an old copy back yourself, nothing: what it lacked is taken from the endpoints and from the records. Else find out who had access to the data directory, and compare the entries with the history of the state branch. It is said for fourteen days, over restarts: the message says until when.',
  },
  withdrawn: {
    severity: 'info',
    title: 'It is no longer declared',
    meaning:
      'Nothing was uninstalled; it is not renewed, and watched until something else is served there, until another installation took its place, or until it expires.',
    remedy:
      'To end a deleted certificate now, restore its file with state: retired, let one turn pass, and delete it again. To end an endpoint that a certificate left, name it under spec.released. To keep it, declare it again.',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingCode = keyof typeof findingCodes;
