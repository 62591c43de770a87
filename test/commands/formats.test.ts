/** What a pull request is told, in every format, when those who write declarations mean harm. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { ChangeReport, ReportedProblem } from '../../daemon/core/change-report.ts';
import { csvCell, csvTable } from '../../daemon/commands/evidence/csv.ts';
import { htmlText } from '../../daemon/commands/evidence/page.ts';
import { humanReport } from '../../daemon/commands/formats/human.ts';
import { junitReport, xmlText } from '../../daemon/commands/formats/junit.ts';
import { commentMarker, markdownReport, markdownText } from '../../daemon/commands/formats/markdown.ts';
import { sarifReport } from '../../daemon/commands/formats/sarif.ts';

const evil =
  '</script><img src=x onerror=alert(1)> [click](javascript:alert(1)) @everyone | `code` ```\n# head\u202e\u0000 https://evil.example ]]>&';

function problem(changes: Partial<ReportedProblem> = {}): ReportedProblem {
  return {
    file: 'inventory/certificates/web/shop.yaml',
    line: 5,
    column: 3,
    severity: 'error',
    code: 'policy/allowed-names',
    message: 'no',
    fix: 'do',
    rule: {
      id: 'allowed-names',
      policy: 'baseline',
      citation: 'internal',
      explanation: 'because',
      at: 'policies/baseline.yaml:9',
    },
    ...changes,
  };
}

function report(text: string): ChangeReport {
  return {
    apiVersion: 'renewd/v1',
    kind: 'ChangeReport',
    base: 'a'.repeat(40),
    head: 'b'.repeat(40),
    verdict: 'denied',
    waiting: true,
    hash: 'c'.repeat(64),
    plan: {
      apiVersion: 'renewd/v1',
      kind: 'ChangePlan',
      documents: [{ path: text, before: null, after: 'd'.repeat(40) }],
      certificates: [
        {
          certificate: text,
          change: 'changed',
          file: text,
          line: 1,
          dnsNames: [text],
          issuer: text,
          keyAlgorithm: text,
          fields: [{ field: 'names', before: text, after: text }],
          steps: [
            {
              action: 'replace',
              installation: text,
              endpoint: text,
              host: text,
              profile: text,
              profileFrom: 'repository',
              commands: [[text]],
              serves: [text],
              because: text,
            },
          ],
        },
      ],
      resources: [{ kind: 'Team', name: text, change: 'added', file: text }],
      orders: [{ issuer: text, certificates: 1, names: 1 }],
    },
    problems: [
      problem({
        file: text,
        message: text,
        fix: text,
        rule: { id: text, policy: text, citation: text, explanation: text, at: text },
      }),
    ],
    cost: [{ issuer: text, certificates: 1, limit: text }],
    approvals: [
      {
        rule: text,
        needed: 2,
        from: [text],
        by: [{ principal: text, commit: 'e' }],
        why: text,
        satisfied: false,
      },
    ],
    signatures: [],
    policyEffect: {
      certificates: 1,
      falling: [
        {
          certificate: text,
          team: text,
          file: text,
          rules: [{ rule: text, policy: text, action: 'block', message: text }],
        },
      ],
      recovering: [],
      byTeam: [{ team: text, falling: 1, recovering: 0 }],
      replaced: [{ issuer: text, installations: 1 }],
      byHand: 1,
      installations: 1,
      replacingMs: 10_000,
    },
  };
}

describe('Markdown', () => {
  test('nothing a declaration says is markup, a link, a mention or a line of its own', () => {
    const text = markdownReport(report(evil));
    assert.ok(text.startsWith(commentMarker));
    assert.doesNotMatch(text, /<(script|img)|\]\(javascript|[^;]@everyone|\u202e|https:\/\/evil/);
    assert.doesNotMatch(text, /^# head/m);
    for (const row of text.split('\n').filter((line) => line.startsWith('| ') && line.includes('replace'))) {
      assert.equal(row.replaceAll(String.raw`\|`, '').split('|').length, 7, row);
    }
  });
  test('what is escaped is escaped once: a reader sees the sign that was written', () => {
    assert.equal(markdownText('@a #1 & <b>'), '&#64;a &#35;1 &amp; &lt;b&gt;');
    assert.equal(markdownText('&#64;'), '&amp;&#35;64;');
    assert.equal(markdownText('$x$'), String.raw`\$x\$`);
    const entities: Readonly<Record<string, string>> = {
      amp: '&',
      lt: '<',
      gt: '>',
      '#64': '@',
      '#35': '#',
      '#8203': '',
    };
    // What CommonMark makes of it: backslash escapes, then entities, each once.
    const seen = (text: string): string =>
      text.replaceAll(/\\([!-/:-@[-`{-~])|&(#?\w+);/g, (_, sign?: string, name?: string) =>
        name === undefined ? (sign ?? '') : (entities[name] ?? '?'),
      );
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(seen(markdownText(text)), text);
      }),
    );
  });
  test('a comment is never longer than a forge takes, and always says the verdict', () => {
    const many = report('name');
    const long = 'x'.repeat(300);
    const cases: readonly (readonly [number, string])[] = [
      [1, 'short'],
      [400, long],
      [5000, long],
      [1, 'y'.repeat(200_000)],
      [300, '\ud83d\ude00'.repeat(400)],
    ];
    for (const [count, text] of cases) {
      const written = markdownReport({
        ...many,
        problems: Array.from({ length: count }, () => problem({ message: text })),
        plan: {
          ...many.plan,
          certificates: Array.from({ length: count }, () => many.plan.certificates[0]).flatMap(
            (each) => each ?? [],
          ),
        },
      });
      assert.ok(Buffer.byteLength(written) <= 65_536, String(Buffer.byteLength(written)));
      assert.ok(written.startsWith(`${commentMarker}\n\n## renewd: ❌ denied`));
      assert.match(written, /<sub>plan c{64}, base a{10}, head b{10}<\/sub>/);
      if (count > 1) assert.match(written, /The whole report is in the files of the job/);
    }
  });
  test('text stays on one line and what is escaped is the same text to a reader', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = markdownText(text);
        assert.doesNotMatch(escaped, /[\n\r<>@]/);
      }),
    );
  });
});

describe('JUnit', () => {
  test('a line end, a control or a sign that reorders text is shown, never passed on', () => {
    const hostile = 'a\r\nb\u2028c\u202ed\u0085e\ttab\u0000\ufffe';
    const text = junitReport(
      [
        problem({ message: hostile, fix: hostile, file: hostile, code: hostile }),
        problem({ severity: 'note', message: hostile }),
      ],
      [hostile],
    );
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.match(text, /a\\r\\nb\\u2028c\\u202ed\\x85e\\ttab\\x00/);
    assert.equal((text.match(/<failure /g) ?? []).length, 1);
  });
  test('it is well-formed whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(xmlText(text), /[<>"]|&(?!(amp|lt|gt|quot);)|\ufffe/);
        assert.doesNotMatch(xmlText(text).replaceAll(/[\t\n\r]/g, ''), /[^\P{Cc}\u007f-\u009f]/u);
      }),
    );
    const text = junitReport([problem({ message: evil })], ['a.yaml']);
    assert.match(text, /tests="2" failures="1"/);
    assert.equal((text.match(/<testcase/g) ?? []).length, 2);
  });
});

test('SARIF points at the line and says the rule in words', () => {
  const log = JSON.parse(sarifReport([problem({ file: 'inventory/ä b.yaml', message: evil })])) as {
    runs: {
      results: {
        ruleIndex: number;
        level: string;
        locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[];
      }[];
      tool: { driver: { rules: { fullDescription: { text: string } }[] } };
    }[];
  };
  const [run] = log.runs;
  const [result] = run?.results ?? [];
  assert.equal(result?.level, 'error');
  assert.deepEqual(result.locations[0]?.physicalLocation.region, { startLine: 5, startColumn: 3 });
  assert.equal(result.locations[0].physicalLocation.artifactLocation.uri, 'inventory/%C3%A4%20b.yaml');
  assert.equal(run?.tool.driver.rules[result.ruleIndex]?.fullDescription.text, 'because');
});

test('a terminal is sent no controls of a declaration', () => {
  assert.doesNotMatch(
    humanReport(report(`${evil}\u001b[2J`), { style: (_, text) => text }),
    /[^\P{Cc}\n]|\u202e/u,
  );
});

test('no cell of a table is a formula, and commas and quotes stay inside', () => {
  for (const start of ['=', '+', '-', '@'])
    assert.ok(csvCell(`${start}cmd|' /C calc'!A0`).replace(/^"/, '').startsWith("'"));
  // In full width, behind blanks, and behind a semicolon, at which spreadsheets of other countries split whatever is quoted.
  const split = (row: string): string[] =>
    row.split(';').map((each) => each.replace(/^["'\s]*/, (lead) => lead.replaceAll(/["\s]/g, '')));
  for (const sign of '=+-@＝＋－＠') {
    for (const lead of ['', ' ', '\t', '\n', 'a;', 'a; ', 'a;"', 'a;\t', "a;'"]) {
      const cell = csvCell(`${lead}${sign}1+1`);
      assert.doesNotMatch(cell, /^["\s]*[=+\-@＝＋－＠]/u, cell);
      for (const part of split(cell)) assert.doesNotMatch(part, /^[=+\-@＝＋－＠]/u, cell);
    }
  }
  assert.equal(csvCell('a;b'), '"a;b"');
  assert.equal(csvTable(['a', 'b'], [['x,y', 'say "hi"\n']]), 'a,b\r\n"x,y","say ""hi"" "\r\n');
});

test('HTML shows text as text', () => {
  assert.doesNotMatch(htmlText(evil), /[<>"'\u202e]|\p{Cc}/u);
});
