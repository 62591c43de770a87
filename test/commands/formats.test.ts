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
  assert.equal(csvTable(['a', 'b'], [['x,y', 'say "hi"\n']]), 'a,b\r\n"x,y","say ""hi"" "\r\n');
});

test('HTML shows text as text', () => {
  assert.doesNotMatch(htmlText(evil), /[<>"'\u202e]|\p{Cc}/u);
});
