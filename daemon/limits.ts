/**
 * Every bound in the system, with its unit and its reason. Nothing else in the program states a number that bounds something.
 * Sections follow the corridor: documents, git, ssh, tls, issuers, work, http.
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const limits = {
  turn: {
    /** A Git server that is away this long becomes a finding; less would come and go in the records. */
    unreadQuietMs: hour,
    /** How often the intent branch is looked at when nothing else calls (a webhook makes it sooner). */
    pollIntervalMs: minute,
    /** Installations acted upon at the same time; each endpoint still sees one at a time. */
    concurrentEndpoints: 16,
    /** Observations at the same time: sockets, not CPU, are the cost. */
    concurrentObservations: 64,
    /** Time between two looks at an installation that gives no cause for worry. */
    observeIntervalMs: 6 * hour,
    /** Time between two looks at one that has an open finding. */
    observeAgainMs: 10 * minute,
    /** Heartbeat commits: at most this often (DESIGN section 2). */
    heartbeatIntervalMs: hour,
    /** A branch that shows an older commit than before for this long was pushed back; replicas of forges catch up within minutes. */
    behindMaxMs: 30 * minute,
    /** Between two turns at least: something that stays due must not become a busy loop. */
    pauseMinMs: second,
    /** What is under way may end by itself this long after SIGTERM; systemd's own default kills after 90 s. */
    stopGraceMs: 30 * second,
  },
  process: {
    /** A command that ended lets go of sockets and timers in this time, or is ended: standard output is written by then, pipes are written at once. */
    endGraceMs: 5 * second,
  },
  doctor: {
    /** Declared addresses looked at in one run: more take longer than anybody waits, and the daemon looks at all of them. */
    addressesTried: 500,
    /** All of them together: 500 that do not answer take 40 s side by side, but one by one where they are one address. Nobody waits longer. */
    addressesMaxMs: minute,
    /** Lines that a list lacks, in one message: the rest are counted. */
    missingLinesShown: 20,
  },
  renew: {
    /** Certificates named in one call; more are chosen by issuer, endpoint or team. */
    certificatesMax: 1000,
  },
  once: {
    /** Turns of one `renewd once`: what one turn changed may show the next need; an endless chain is a mistake. */
    turnsMax: 10,
    /** How long it waits for an issuer that asks to come back: longer is the daemon's work. */
    waitMaxMs: 5 * minute,
    /** Findings printed in full; more scroll the first away. */
    findingsShown: 20,
  },
  governance: {
    pathPatternMaxChars: 300,
    /** An exception that lasts longer is a policy; CA/Browser Forum and auditors think in years. */
    waiverMaxMs: 398 * day,
    /** Commits of the intent branch judged one by one in one turn; more is a history nobody reviewed. */
    commitsPerTurnMax: 2000,
    /** Commits that change no declaration, walked in one turn without judging each: some 0.1 ms a commit. */
    idlePerTurnMax: 200_000,
    /** No further commit is judged in a turn that judged for so long: renewals wait meanwhile. What people push in a turn takes seconds. */
    judgingPerTurnMaxMs: 30 * second,
    /** Parents of a merge up to which a file of it can merge by itself: every two of them are looked at. Forges make merges of two. */
    mergeParentsMax: 4,
    /** Best common ancestors compared for one merge; histories of people have one, after merges both ways two. */
    mergeBasesMax: 16,
    /** Records not yet published of changes that nobody known signed and that are not in force: beyond that one stands for the rest. No people make as many in one turn. */
    noiseRecordsMax: 1000,
    /** The same in text: they go into one commit, and the largest alone has 4 MiB. */
    noiseRecordsMaxChars: 16 * 1024 * 1024,
    /** Commits of which nothing took effect, before the journal says how far they are: what is held may be 64 MiB, and a crash judges so many again. */
    movesUnsavedMax: 100,
    /** Held changes judged again in one turn, over all its commits: each builds the estate anew (10 to 100 ms). What is left over is judged in the next turn. */
    judgedAgainPerTurnMax: 400,
    /** Commits of the branch looked back through, once, for who put a certificate there that was never judged: a millisecond each. */
    sleepersLookBackCommits: 5000,
    /** Faults of commits kept while the program runs, so that a flood of malformed ones is read once: two turns of them, with their messages some hundred bytes each. */
    faultsKeptMax: 4000,
    /** Approvals kept for one held change, of different signers; no rule asks for as many. */
    approvalsKeptMax: 100,
    /** Reasons kept of one held change, each a finding; the last says how many more there are. Nobody reads the fiftieth. */
    reasonsPerChangeMax: 20,
    /** Declarations one change may touch once something is in force: twice the estate we are measured with; a larger one comes in parts. */
    filesPerChangeMax: 20_000,
    /** Text of them, counted at each path: parsing 64 KiB takes up to 51 ms (measured), and one content may stand at 20,000 paths. 10,000 declarations are some 5 MB. */
    textPerChangeMaxBytes: 16 * 1024 * 1024,
    /** Files that differ, over all comparisons made to read the commits of one change: ten times what it may change, and some seconds of work. */
    filesReadPerChangeMax: 200_000,
    /** Files kept of a commit that can never be judged: one more than a record writes out. They tell when it is over. */
    leftBehindFilesKept: 501,
    /** A commit of which not even the files can be listed is shown for so long: nothing tells when it is over. */
    leftBehindShownMs: 14 * day,
    /** Text read in one go before others have their turn: some milliseconds (measured with certificates of 400 bytes). */
    parseSliceBytes: 64 * 1024,
    /** Commits one merge may bring in. */
    commitsPerMergeMax: 1000,
    subjectMaxChars: 200,
    /** Changes held back at the same time; a repository with more has another problem. What is not kept is counted in a finding. */
    heldMax: 200,
    /** Text of all of them together, as the journal keeps it: one text of Node ends at 512 million characters, and each turn may write it. */
    heldTextMaxChars: 64 * 1024 * 1024,
    /** Of these, of one signer: nobody fills them alone. */
    heldPerSignerMax: 40,
    /** Of these, signed by no known key, of all of them together: noise. */
    heldUnknownMax: 40,
    /** Commits named in the finding about changes that were not kept: enough to find the rest with git log. */
    notKeptNamed: 10,
    /** Somebody must still be able to govern this long after a change: keys that end tomorrow are nobody's keys, and a week is enough to see it. */
    lockOutAheadMs: 7 * day,
    /** People need this long to sign, push and be judged: approvals that count for less cannot be given. */
    lockOutApprovalMs: hour,
    /** Signers tried as makers of a change of governance, those first who do not approve: of more, one is like another. */
    lockOutMakersMax: 100,
  },
  expressions: {
    /** Nodes of one parsed expression; the longest sensible rule seen had 60. */
    nodesMax: 500,
    depthMax: 24,
    /** Elements of a list written out in an expression. */
    elementsMax: 200,
    /** Loops within loops: two over 100 names are 10,000 steps, three would be a million. */
    loopDepthMax: 2,
    textMaxChars: 2000,
  },
  work: {
    /** A certificate that was not used is ordered anew by itself no sooner: public CAs count five of the same names a week. */
    orderAgainMs: 7 * day,
    /** One question to the Git server, and a fetch of the records: asked only where an embedded CA is to be made. */
    publishedTimeoutMs: minute,
    /** Reading a store: one short command on the endpoint. */
    inspectTimeoutMs: 30 * second,
    /** RSA-4096 on a small machine takes tens of seconds. */
    generateKeyTimeoutMs: 2 * minute,
    /** An issuer that is not done by then is asked again later with its handle. */
    issueTimeoutMs: 2 * minute,
    /** Writing, testing, reloading: each. A reload that hangs is a failed reload. */
    installStepTimeoutMs: minute,
    /** One handshake: connect, hello, certificate. */
    handshakeTimeoutMs: 5 * second,
    /** Pause between two looks while waiting for a reload to show; 91 ms was the first probe that saw a reloaded nginx. */
    proofPauseMs: 150,
    /** Handshakes in a row that must show the new certificate: an old worker may answer once more. */
    proofInARow: 2,
    /** Started per turn at most; the rest is next turn's. Keeps one turn, and one commit, readable. */
    actionsPerTurnMax: 2000,
    /** Older generations kept besides current and previous. */
    generationsKept: 2,
  },
  records: {
    /** Commits looked through for the last one that speaks of this journal: others may write to the branch in between. */
    anchorStepsMax: 1000,
    /** Commits whose signers are compared by a command that only reads: two weeks at two an hour and more; an audit looks at all. */
    lineJudgedMax: 1000,
    /** Times that the list of keys is asked again because records it lets count lead to another list: each change of the key takes one. */
    listRoundsMax: 16,
    /** One record read from the state branch: a change of 500 documents is half a megabyte. */
    recordMaxBytes: 4 * 1024 * 1024,
    /** Brackets of a record inside one another: ours need seven. */
    depthMax: 32,
    /** One text in it: a chain of ten certificates, or the longest message a server sent. */
    textMaxChars: 262_144,
    /** Files that are no records, each named by an audit; the rest is counted. */
    badRecordsNamed: 100,
    /** Paths named in one finding about a commit that changed records. */
    pathsNamed: 5,
    /** How long it is said that somebody else changed records: long enough for a fortnight of leave. */
    incidentShownMs: 14 * day,
    /** Such things kept at the same time; the journal and Git have all. */
    incidentsMax: 50,
    /** The message of a failure, whatever a server put into it: what failed and what to do stand at its ends. */
    messageMaxChars: 4000,
    /** One text that is written: half of what is read, so that what we write we can read. The rest is cut and counted. */
    writtenTextMaxChars: 131_072,
    /** Entries of one list in it: ten times the installations of the largest certificate seen. */
    listMax: 10_000,
  },
  custody: {
    /** Writes of one key that an older journal may have missed: a key is written once a year, an account on each change of its CA. */
    generationsAheadMax: 1000,
  },
  instance: {
    /** Three heartbeats missed: another daemon that was not heard of for so long is gone, and this one takes over. */
    silentAfterMs: 3 * hour,
    /** Marks of our own heartbeats that are kept: four days of them, or as many starts of a process whose pushes got no answer. */
    noncesMax: 100,
    /** Tries to say on the branch of the records that this daemon ended: each reads it anew. */
    leavesMax: 3,
    /** Pause before the second try to claim the branch; doubled after that, and shortened by chance. */
    claimPauseMs: 100,
    claimPauseMaxMs: 4 * second,
    /** No further try to claim the branch is begun after this: renewals wait meanwhile, and the next turn tries again. */
    claimTimeMaxMs: 10 * second,
  },
  clock: {
    /** Two clocks that are right differ by less: NTP keeps milliseconds, a machine without it drifts minutes a month. */
    skewMaxMs: 10 * minute,
    /** Nobody looked for longer, no server gives a date and the machine was started anew: then the clock alone is not believed. */
    absenceMaxMs: 14 * day,
    /** How often the time of the last look is written down: a write is a wait for the disk. */
    rememberMs: 10 * minute,
    /** NTP has set the clock of a machine long before; until then a clock that a server contests puts no change in force. */
    settleMs: hour,
    /** Servers whose dates are kept. */
    votesMax: 32,
  },
  journal: {
    /** Another connection (a CLI command that reads) may hold the file for a moment. */
    busyTimeoutMs: 5 * second,
  },
  backoff: {
    /** Let's Encrypt's published schedule for failed renewals: 1 min, 10 min, 100 min, 1 day. */
    stepsMs: [minute, 10 * minute, 100 * minute, day],
    /** Retry-After is honoured up to here; a longer one is looked at again. */
    retryAfterMaxMs: day,
  },
  site: {
    /** Three heartbeats missed: one may be late, two may be a restart, three are a dead daemon. */
    staleAfterMs: 3 * hour,
    /** Of records that `renewd once` keeps: run once a day, and late by a day. */
    onceStaleAfterMs: 2 * day,
    /** A build that failed is tried again after this: what was wrong (a full disk, a directory) is corrected without a word to renewd. */
    buildAgainMs: 10 * minute,
    /** Less room than this after a failed build is its cause: a small site takes as much. */
    spaceMinBytes: 1024 * 1024,
    /** One string on a page: a long subject fits, a flood does not. */
    textMaxChars: 512,
    /** What is read of one string before it is cut: bounds the work of cleaning it. */
    textReadMaxChars: 65_536,
    /** A key of an object (label, address). */
    keyMaxChars: 256,
    /** Chain text of one installation: ten certificates of 8 KiB. */
    pemMaxChars: 81_920,
    /** Rows of one table: Chromium needs 3 s for 10,000 static rows (measured), so a page stays a tenth of that. */
    tableRowsMax: 1000,
    /** Names, addresses or owners listed before "and N more". */
    listItemsMax: 100,
    /** Commits whose signatures the audit verifies and lists; git has the rest. 0.2 ms each. */
    logEntriesMax: 5000,
    /** One declaration as text on a page: ten times what a certificate with a hundred names needs. */
    declarationMaxBytes: 65_536,
    /** Things that need a person, on the posture page. */
    firstItemsMax: 8,
    /** Teams on the posture page; the page of teams has all. */
    postureTeamsMax: 12,
    /** Planned renewals on the posture page: a look ahead, not the calendar. */
    renewalsShownMax: 5,
    /** Rows of certificates that stand in a page without a script: what a person reads, and a tenth of a second in Chromium. */
    staticRowsMax: 500,
    /** Rows of a table in an evidence pack to print: ten pages of paper; the CSV files and Git have all. */
    evidenceRowsMax: 500,
    /** Issued certificates that an auditor follows from the request to the handshake: what samples of daily controls have. */
    evidenceSampleMax: 25,
    /** Changes on the first page of the audit: a look at what is new; the months have all. */
    latestChangesMax: 20,
    /** Names and endpoints of one certificate in a table; its page has all. */
    rowNamesMax: 3,
    /** Names of one certificate that the search finds it by; its page has all. */
    searchNamesMax: 20,
    /** Rows of one page of the search: what a person looks through, 10 ms in Chromium. */
    searchPageRows: 100,
    /** What is searched for, and chosen values of one facet: an address anybody may have written. */
    searchTextMaxChars: 200,
    searchValuesMax: 50,
    /** Values of one facet that are listed at once, and from how many on they can be searched. */
    facetValuesShownMax: 100,
    facetSearchFrom: 13,
    /** Certificates on the page of a team, those that need a person first: a day's work is less, and the search has all. */
    teamRowsMax: 200,
    /** Findings, next dates and held changes on the page of a team: a day's work. */
    teamFindingsMax: 30,
    teamNextMax: 12,
    teamChangesMax: 20,
    /** Certificates that break one rule, on the page of its policy. */
    violatorsMax: 200,
    /** Certificates named behind one number of the cryptography page: enough to begin with; the search has all. */
    holdersMax: 20,
    /** A renewal is in time while this share of the lifetime before is left: five days of 47, enough for a weekend and a Monday. */
    renewalMarginShare: 0.1,
    /** Weeks of the trend: a quarter. */
    trendWeeks: 13,
    /** Weeks and days of the look ahead. */
    expiryWeeks: 26,
    expiryDays: 366,
    /** Months of the audit that have a page; Git has the others. */
    auditMonthsMax: 13,
    /** Offers, endpoints, issuers of the request form: lists a person can search. */
    catalogueItemsMax: 5000,
    /** Servers of the request form shown at once, and certificates that are there already: more is found by typing. */
    requestServersShownMax: 50,
    requestHoldersShownMax: 8,
    /** Names kept in the address of the request form, in characters: a link that can still be sent to somebody. */
    requestNamesMaxChars: 600,
    /** Pause after a key before names are looked up, in ms: shorter than between two words. */
    requestPauseMs: 250,
    /** History that is read for trend, drift and issuances: a quarter and the one before it. */
    historyWindowMs: 26 * 7 * day,
    /** Commits of the state branch that are looked at: one a turn that changed something, half a year of one every quarter of an hour. */
    historyCommitsMax: 20_000,
    /** Changes of single certificates in the history: 100,000 certificates that are renewed twice; about 1 KB each. */
    historyTransitionsMax: 200_000,
    /** Quarters before the running one that the audit shows. */
    pastQuarters: 3,
    /** Certificates up to which quarters that are over are gathered anew from Git: each costs two readings of the whole estate. */
    pastEvidenceCertificatesMax: 2000,
    /** Certificates beyond which files that hold one are not read for other kinds of documents: parsing 100,000 takes longer than the rest of the build. */
    sharedFilesReadMax: 2000,
    /** Events of one calendar, soonest first: calendar programs read all of them at every refresh. */
    calendarEventsMax: 2000,
    /** How often a calendar asks anew: a site is built hourly. */
    calendarRefreshSeconds: 3600,
    /** Reminder of an end: a week has working days in it, whatever the calendar. */
    calendarAlarmDays: 7,
    /** Letters of the name of a team on its badge: what fits beside a heading. */
    badgeTeamMaxChars: 40,
    /** Entries of one Atom feed, newest first: readers keep what they have seen. */
    atomEntriesMax: 500,
    /** Certificates up to which one CBOM lists all of them; beyond, it names those of the teams. 10,000 are 10 MB (measured). */
    cbomCertificatesMax: 10_000,
    /** Commits on the page of one certificate. */
    detailHistoryMax: 20,
    /** Pages of certificates before those in order move to shards: 10,000 files are what hosts of pages take in minutes (measured: 100,000 are 900 MB on disk). */
    staticDetailMax: 10_000,
    /** A site of 10,000 certificates takes 20 s on a quiet machine (measured); ten minutes is a hang. */
    buildMaxMs: 10 * minute,
    /** Heap of the building process: 100,000 certificates took 1.3 GB (measured). */
    buildHeapMaxMiB: 2048,
    /** What is kept of the building process's complaints for the error message. */
    buildErrorMaxChars: 4000,
  },
  git: {
    /** Patterns of one list in allowed_signers. */
    patternsMax: 1000,
    /** One pattern of such a list: the longest that OpenSSH reads (match.c keeps 1023 bytes and the end); its whole list matches nothing with a longer one. */
    patternMaxBytes: 1022,
    /** Characters of the names of one line times characters of what it excludes: each pair is compared (0.1 s). */
    patternWorkMax: 4_000_000,
    /** Why a signature does not count, in words of which the signer may have written some. */
    reasonMaxChars: 200,
    /** A list of revoked keys, text or binary: 10,000 keys are half of it. */
    revokedKeysMaxBytes: 4 * 1024 * 1024,
    /** One line of it: an RSA key of 16,384 bits with its comment has 3,000. */
    revokedLineMaxChars: 16_384,
    /** Armored OpenPGP keys of one principal. */
    openPgpKeyMaxChars: 1024 * 1024,
    /** One pack from a server, held in memory while it is indexed: a repository of declarations has tens of MB. */
    packMaxBytes: 512 * 1024 * 1024,
    /** One object that is read, inflated: a declaration has KiB, a folder of 400,000 records is this long; reading it holds the event loop for 50 ms (measured). */
    objectMaxBytes: 16 * 1024 * 1024,
    /** All objects that one read of a delta makes on its way: 50 versions of a folder of 100,000 records. */
    deltaChainMaxBytes: 256 * 1024 * 1024,
    /** Everything a received pack inflates to: so much whatever its size ... */
    packInflatedFloorBytes: 1024 * 1024 * 1024,
    /** ... and beyond it so many times its size: years of a state branch are 60 times (measured). */
    packInflatedRatioMax: 100,
    /** ... and never more: two minutes of work in slices. */
    packInflatedMaxBytes: 32 * 1024 * 1024 * 1024,
    /** Bytes worked on between two looks at the event loop: about 10 ms. */
    sliceBytes: 4 * 1024 * 1024,
    /** Objects up to here are inflated at once, larger ones as a stream beside the event loop. */
    inflateAtOnceBytes: 1024 * 1024,
    /** Commits we say we have when we fetch: the tips of the branches of a mirror. */
    havesMax: 64,
    /** Objects of one received pack: 100,000 certificates with years of history stay below. */
    packObjectsMax: 5_000_000,
    /** Deltas upon deltas: git itself makes 50, `--aggressive` 250 at most; 4095 is git's own ceiling. */
    deltaDepthMax: 4096,
    /** Bases of deltas kept per pack: trees of a state branch fit. */
    deltaBaseCacheMaxBytes: 16 * 1024 * 1024,
    /** Read at once from a pack: neighbours are read together. */
    packWindowBytes: 1024 * 1024,
    /** Packs in the mirror before they are joined to one: each costs a search per object. */
    mirrorPacksMax: 40,
    /** Objects read between two looks at the event loop: about 10 ms. */
    readsPerSlice: 256,
    /** Folders inside folders: PATH_MAX of Linux is 4096 bytes. */
    treeDepthMax: 128,
    /** Entries of one tree read or changed paths found: more is no repository of declarations. */
    changesMax: 2_000_000,
    /** Commits walked for one question about history; about 150 bytes each are kept. More is refused by name, never cut. */
    historyMaxCommits: 1_000_000,
    /** Parents of one commit: the widest merges of people have some ten. One with more is refused by its name; the history behind it is walked all the same. */
    parentsMax: 16,
    /** Parents beyond that of all commits of a repository together; 8 bytes each are kept. */
    wideParentsMax: 1_000_000,
    /** Sides of one commit with too many parents among which it is asked where a branch stood. */
    sidesMax: 256,
    /** References that are kept beside those asked for, to say what there is: forges with a ref per pull request reach tens of thousands. */
    refsMax: 200_000,
    /** All packed references of a repository on this machine, read in one piece: some four million branches. */
    packedRefsMaxBytes: 256 * 1024 * 1024,
    /** All references of one answer: 200,000 of 300 bytes. */
    advertisementMaxBytes: 64 * 1024 * 1024,
    /** The answer to a push: a line per ref and what hooks print. */
    pushReportMaxBytes: 1024 * 1024,
    /** Words of a server or hook that are shown: enough for GitHub's ruleset messages. */
    remoteWordsMaxChars: 2000,
    /** Tries of one publish: with n writers at once each needs at most n. */
    pushAttemptsMax: 8,
    /** First pause after a lost race; doubles with jitter. */
    pushPauseMs: 50,
    pushPauseMaxMs: 5 * second,
    /** Nothing received for this long: the server is gone. Counting objects of a large repository is silent for some seconds. */
    idleTimeoutMs: minute,
    /** A whole fetch or push: 512 MB at 1 MB/s. */
    transferTimeoutMs: 10 * minute,
    /** Redirects of the first request, as `http.followRedirects=initial` of git. */
    redirectsMax: 3,
    /** One allowed_signers file: thousands of people. */
    allowedSignersMaxChars: 1024 * 1024,
    /** A commit or its signature as text: forges show less. */
    commitMaxBytes: 1024 * 1024,
    /** Lines above the message: the largest merge of Linux has 66 parents, a signature 20 lines, a tag in it 50 more. */
    commitHeadLinesMax: 4096,
    /** Lines of the last paragraph of a message that are read as trailers: a merge that lists a hundred approvals has fewer. */
    trailerLinesMax: 1000,
  },
  terminal: {
    /** Where a stream does not tell its width: what a VT100 had, and what logs and mail wrap at. */
    defaultWidthColumns: 80,
    /** A table column is never cut below this: less shows nothing. */
    columnMinColumns: 8,
  },
  secrets: {
    /** One secret: an SSH key or a PEM bundle is a few KiB; more is the wrong file. */
    sizeMaxBytes: 64 * 1024,
    /** Shorter values are not searched for in output: erasing `true` or `8080` everywhere would hide the log itself. */
    redactMinCharacters: 6,
    /** Of one line of a secret, pieces are known up to here: an RSA key has lines of 64 to 70, a token rarely more than 2000. */
    piecesMaxCharacters: 8 * 1024,
    /** Fields named in one finding about withheld text. */
    withheldFieldsMax: 5,
    /** How long a finding about text withheld from the record of a change stays: long enough to rotate what was written there. */
    withheldShownMs: 30 * day,
    /** Changes named so at a time, newest kept: somebody who writes a key into every commit needs one finding, not a thousand. */
    withheldChangesMax: 50,
  },
  log: {
    /** One text in a log line; a server that answers megabytes must not fill the disk. */
    textMaxCharacters: 4096,
    /** Nesting of logged fields, also what ends a circular one. */
    depthMax: 5,
    /** Entries of one logged list or object. */
    entriesMax: 64,
  },
  acme: {
    /** One request, connect to last byte. */
    requestTimeoutMs: 30 * second,
    /** A directory, an order, a chain: a few KB each. */
    responseMaxBytes: 1024 * 1024,
    /** Brackets of an answer inside one another: RFC 8555 has four. A mebibyte of them takes the parser 0.3 s. */
    depthMax: 32,
    /** RFC 8555 section 6.5 asks to try again with the nonce of the refusal; a CA that refuses every nonce is broken. */
    nonceTriesMax: 8,
    /** Between two looks at an authorization or order when the CA names no time. */
    pollPauseMs: second,
    /** How long one call waits for a CA that is processing before it hands the order back to be resumed. */
    processingWaitMs: 10 * second,
    /** Orders of the account that are looked through for one whose address was lost in a crash. */
    listedOrdersMax: 20,
    /** Pages of that list; pebble puts three on one. */
    listedPagesMax: 100,
    /** Alternate chains that are fetched to find the preferred one. */
    alternatesMax: 4,
    /** Of what a CA says, in records and on screens: one sentence of Boulder's is 200 to 300 characters. */
    wordsMaxChars: 500,
    /** What it says of single names: the first ones are enough to act on. */
    subproblemsMax: 10,
    subproblemMaxChars: 200,
    /** Sockets of the standalone responder at the same time: a CA looks from some ten places. */
    responderConnectionsMax: 256,
    /** Header and body of a request to the standalone responder; a CA sends a few hundred bytes. */
    responderHeaderMaxBytes: 8 * 1024,
    responderTimeoutMs: 10 * second,
  },
  failures: {
    /** Of what was thrown and nobody expected, in the message of the failure: one sentence. */
    wordsMaxChars: 500,
    /** Of its stack, in the log: some twenty calls. */
    stackMaxChars: 4000,
  },
  tls: {
    /** Addresses of one host that are looked at side by side: the largest pools of DNS answers hold fewer. */
    addressesPerNameMax: 32,
    /** Signatures verified for one look, over all addresses of its name and in the units of `x509.pathSignaturesMax`: 0.2 s. What several of them show is verified once. */
    signaturesPerLookMax: 600,
    /** Parsed certificates kept between looks: one a certificate of a large estate. */
    factsKept: 20_000,
    /** What a server with a broken chain sent is read anew after this: reading it costs memory that Node never gives back. */
    sentKeptMs: hour,
  },
  target: {
    /** Of what a server said when a command failed: enough for a reason, too little for a flood. */
    lastWordsMaxChars: 600,
    /** Of what follows the reason on lines of its own, as a test of a configuration prints it. */
    lastLinesMax: 3,
    /** Generations, and leaves of them, that are taken from one look into a store: as many as the script shows. */
    generationsShownMax: 64,
    /** Links that are not as they were made, of one store: a profile has some ten. */
    brokenLinksShownMax: 1000,
    /** Of an answer that is no answer of the script, and of what it says when all is well. */
    answerShownMaxChars: 300,
  },
  ssh: {
    /** Of the list of algorithms that a server offers, in a message: OpenSSH's longest has some 350 characters. */
    offerShownMaxChars: 500,
    /** Of the last line that a command said before it was given up. */
    lastLineMaxChars: 300,
    /** TCP connect, key exchange and log-in together. */
    connectTimeoutMs: 15 * second,
    /** A peer that answers none of three probes is gone. */
    keepaliveIntervalMs: 10 * second,
    keepaliveMax: 3,
    /** A connection nobody uses is ended: log-ins are cheap, open sessions on a thousand hosts are not. */
    idleMs: 30 * second,
    /** ssh2 never rekeys by itself: no connection gets old. */
    ageMaxMs: 10 * minute,
    /** After a command's time is over: timeout(1) kills it hard 5 s later, then the connection is dropped. */
    killGraceMs: 7 * second,
    /** What is kept of a command's output; a certificate is a few KB, a flood is not read to its end. */
    stdoutMaxBytes: 1024 * 1024,
    stderrMaxBytes: 64 * 1024,
    /** What a command says beyond what is kept, before the connection is dropped: a chatty reload prints less. */
    droppedMaxBytes: 8 * 1024 * 1024,
    /** Prompts of one log-in by keyboard-interactive that are answered with the password: PAM asks once. */
    passwordPromptsMax: 1,
    /** Key exchanges of one connection: it lives for ten minutes, and OpenSSH exchanges anew after an hour or a gigabyte. */
    keyExchangesMax: 4,
    /** Hosts between here and an endpoint. */
    jumpsMax: 4,
    /** Text of a known_hosts file. */
    knownHostsMaxBytes: 1024 * 1024,
    /** Lines of it that are read, and hashed ones among them that are compared: each costs a computation. The rest is unknown. */
    knownHostsLinesMax: 10_000,
    knownHostsHashedMax: 4096,
    /** What a Git service says on its error channel. */
    gitStderrMaxBytes: 16 * 1024,
  },
  ca: {
    /** When the certificates above what is installed end is looked up again after this: they end in weeks, and finding out costs signatures. */
    endsLookMs: hour,
    /** How long one issuance waits for another process that has the log: signing takes milliseconds. */
    lockWaitMs: 10 * second,
    /** Pause between two tries for the lock of the log. */
    lockPauseMs: 20,
    /** A lock older than this was left by a process that is gone, whatever has its number now. */
    lockAgeMaxMs: 60 * second,
    /** notBefore is set back this far: clocks of clients may be slow. */
    backdateMs: 5 * minute,
    /** But never more than this part of a lifetime: a certificate of ten minutes must not be born half dead. */
    backdateMaxShare: 0.1,
    /** A CRL is good for this long, and is signed anew when half of it has passed. */
    crlLifetimeMs: 30 * day,
    /** How often a CA that issues nothing is asked for what it publishes: its CRL is then never older than half its time and this. */
    publishIntervalMs: day,
    /** The same for one that is in trouble: whoever corrected it sees the finding end within the hour. */
    publishAgainMs: hour,
    /** Random part of a serial number: 128 bits; CAs must have 64 (BR 7.1). */
    serialRandomBytes: 16,
    /** Longest common name (RFC 5280 appendix A, ub-common-name); a longer first name leaves the subject empty. */
    commonNameMaxChars: 64,
    /** One entry of the issuance log that is taken back: the largest certificate that may be declared has 70 KB. */
    entryMaxBytes: 128 * 1024,
    /** Entries of it that are read from the records at a time: 32 MiB at most, and a log of years has a hundred thousand. */
    entriesReadAtOnce: 256,
  },
  documents: {
    /** One file: the largest that stays harmless with a parser that is quadratic in places (57 KB took 0.5 s, 489 KB 98 s, measured). */
    fileMaxBytes: 64 * 1024,
    /** Words, signs, lines and escapes of one file: each costs the parser up to 10 µs, so that 64 KiB of them held the event loop for 0.5 to 3 s. A file of 64 KiB full of installations has 24,000. */
    piecesMax: 26_000,
    /** Brackets, or dashes of one line, inside one another: ours need 5; 100,000 cost 1.5 s (measured). */
    depthMax: 32,
    /** Documents in one file. */
    perFileMax: 200,
    /** Mistakes reported per file: enough to mend it in one go. */
    problemsPerFileMax: 50,
    /** One message about a document: names and values in it are the author's, and some are endless. */
    messageMaxChars: 1000,
    /** One line shown under a message; longer ones are cut around the column. */
    excerptMaxChars: 120,
    /** Folders inside folders below inventory/ and policies/. */
    directoryDepthMax: 16,
    /** Names of one certificate: CAs stop at 100, some sooner. */
    namesPerCertificateMax: 100,
    /** Places one certificate is installed at. */
    installationsMax: 1000,
  },
  config: {
    /** The daemon's own configuration file; the YAML parser's check for repeated keys is quadratic (0.5 s at 57 KB). */
    sizeMaxBytes: 64 * 1024,
    /** Mistakes reported at once: enough to mend a file in one go. */
    problemsMax: 50,
    /** Hosts or names of one secret: more are a domain or a range. */
    secretHostsMax: 200,
    /** Shorter poll intervals are refused: forges limit requests, and a webhook is what makes a turn sooner. */
    pollIntervalMinMs: 5 * second,
    /** Longest interval that may be configured: setTimeout overflows at 24.8 days. */
    intervalMaxMs: 7 * day,
    concurrencyMax: 1024,
  },
  report: {
    /** A comment: GitHub refuses more than 65,536 characters, and a refused comment would leave the verdict of before in place. */
    commentBytesMax: 60_000,
    /** Entries of each list in a comment that would be too long; halved until it fits. */
    problemsMax: 200,
    /** Commits of the base judged again when one of its files cannot be used: each costs some milliseconds, and a job has minutes. */
    replayCommitsMax: 5000,
    /** Certificates that fall out of compliance, listed by name before the rest is counted: more is a page nobody reads. */
    fallingMax: 50,
  },
  http: {
    /** Sockets at the same time: Prometheus, a load balancer and a forge need a handful. */
    connectionsMax: 64,
    /** All headers of one request. */
    headerMaxBytes: 16 * 1024,
    headersMaxCount: 64,
    /** From connection to the end of the headers: a slow client holds a socket no longer. */
    headersTimeoutMs: 10 * second,
    /** From connection to the end of the body. */
    requestTimeoutMs: 20 * second,
    /** Idle between requests: longer than the usual scrape keep-alive is of no use here. */
    keepAliveTimeoutMs: 5 * second,
    /** How often Node looks for sockets over their time. */
    connectionCheckIntervalMs: second,
    /** Requests on one socket before it is closed. */
    requestsPerSocketMax: 1000,
    /** GitHub sends up to 25 MiB, but a push event of a repository like ours is some KiB, and the body is only a hint. */
    webhookBodyMaxBytes: 2 * 1024 * 1024,
    /** A delivery seen within this time is a replay. */
    webhookReplayWindowMs: day,
    /** Deliveries remembered; the oldest is forgotten first. */
    webhookDeliveriesMax: 4096,
    /** At most one log line in this time for refused deliveries: a scanner must not fill the log. */
    webhookWarnIntervalMs: minute,
    /** One file of the static site, held in memory while it is sent: the largest page is some hundred KiB. */
    staticFileMaxBytes: 16 * 1024 * 1024,
    /** Label sets of one metric; further ones are counted under `other`. */
    metricSeriesMaxCount: 256,
  },
  x509: {
    /** One certificate: the largest seen in the wild with a hundred names is 8 KiB, post-quantum ones reach 20 KiB. */
    certificateMaxBytes: 64 * 1024,
    /** One CSR: like a certificate without signature chain; more is an attempt to keep us busy. */
    csrMaxBytes: 64 * 1024,
    /** One PEM text: a system trust store is 230 KiB. */
    pemMaxChars: 1024 * 1024,
    /** Blocks in one PEM text: a system trust store has 150. */
    pemBlocksMax: 1000,
    /** Names in one certificate: public CAs stop at 100, the largest legitimate ones seen have some hundreds. */
    namesMax: 2000,
    /** Names times constraints compared for one verdict, over all its paths: their product was 6 s for one pair, and 14 crossed CAs as many (measured). */
    nameComparisonsMax: 250_000,
    /** Values in a row inside one DER value: names are the longest such row. */
    derChildrenMax: 4000,
    /** Certificates an issuer or server may send: real chains have two to four. */
    chainMax: 16,
    /** Intermediates in one path: the web's longest have three. */
    pathDepthMax: 8,
    /**
     * Signatures verified for one verdict, in units of 0.3 ms: one by RSA over 4096 bits or P-384 counts 4, by P-521 12. A real chain needs four signatures; limbo's pathological ones
     * never end by themselves. 60 ms at most (measured).
     */
    pathSignaturesMax: 200,
    /** Steps of the search for one verdict, verified signatures being remembered. */
    pathStepsMax: 2000,
    /** Whole paths judged for one verdict: the web's crossed roots make a dozen. */
    pathsMax: 200,
    /** Certificates looked at for one verdict beside the leaf and the anchors: 100 are limbo's longest maze, servers send ten. */
    pathCertificatesMax: 128,
    /** Bytes of those certificates together: 128 of the usual size with room for some large ones. */
    pathBytesMax: 1024 * 1024,
    /** An RSA modulus that is verified with: 8192 is the largest that any client takes, and costs 1.1 ms with an exponent of 64 bits (measured). */
    rsaModulusMaxBits: 8192,
    /** Rounds of Fermat's method against moduli with close factors (BR 6.1.6). */
    fermatRounds: 100,
    /** One CRL: large public ones have some MB, private ones some KB. */
    crlMaxBytes: 4 * 1024 * 1024,
    /** Entries of one CRL. */
    crlEntriesMax: 100_000,
    /** CRLs for one verdict: one for each CA of a path, and some that are older. */
    crlsMax: 16,
    /** A certificate may begin this much in our future: clocks of CAs and ours differ by less. */
    clockSkewMs: 5 * minute,
    /** RFC 5280 section 4.1.2.5 counts the last second too, so 90 days are written as 90 days less one second or in full. */
    lifetimeToleranceMs: second,
  },
} as const;
