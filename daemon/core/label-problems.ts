/**
 * Labels of certificates where they would decide something: whoever requests a certificate writes them. What selects by one that nobody reserves is named, and what
 * it would loosen is not loosened (`policy-selection.ts`). Pure.
 */
import type { Selector } from './governance.ts';
import type { GovernanceRegister } from './governance-references.ts';
import type { DocumentProblem, SourcePosition } from './model.ts';

/** Labels of the certificate in a CEL expression: `certificate.labels.env`, `.?env`, `["env"]`. */
const inExpression = /certificate\.labels(?:\.\??([A-Za-z0-9_]+)|\[\??["']([^"']*)["']\])/g;

const instead =
  'Select by endpoints, teams or dnsNames, by endpointLabels or teamLabels that are reserved, or reserve the label (reservedLabels of ChangeControl)';

/** Every place where a label that a requester may write would decide something. */
export function labelProblems(
  register: Pick<GovernanceRegister, 'policies' | 'waivers' | 'customRules' | 'changeControls'>,
): DocumentProblem[] {
  const problems: DocumentProblem[] = [];
  const controls = [...register.changeControls.values()];
  const reserved = new Set(controls.flatMap((each) => each.reservedLabels.map(({ name }) => name)));
  const open = (names: Iterable<string>): string[] =>
    [...new Set(names)].filter((name) => !reserved.has(name)).sort();
  const say = (severity: 'warning' | 'error', source: SourcePosition, message: string): void => {
    const scope = source.file.slice(0, Math.max(source.file.lastIndexOf('/'), 0));
    problems.push({ code: 'label-open', message, source, excerpt: null, severity, scope });
  };
  /** Who may change an endpoint or a team takes its label off, asks, and puts it back. Without ChangeControl nobody is told apart. */
  const takeable = ({ endpointLabels = {}, teamLabels = {} }: Selector): string =>
    controls.length === 0 ? '' : open([endpointLabels, teamLabels].flatMap(Object.keys)).join(', ');
  const sayTakeable = (what: string, selector: Selector, source: SourcePosition): void => {
    const labels = takeable(selector);
    if (labels === '' || source.file.startsWith('built-in/')) return;
    say(
      'warning',
      source,
      `${what} selects by ${labels} of endpoints or teams, which whoever may change such a file can take off and put back. Reserve the label (reservedLabels of ChangeControl), or select by dnsNames`,
    );
  };
  const written = (selector: Selector): string => open(Object.keys(selector.labels)).join(', ');
  for (const { name, selector, rules, packs, source } of register.policies.values()) {
    sayTakeable(`policy ${name}`, selector, source);
    const labels = written(selector);
    if (labels === '' || source.file.startsWith('built-in/')) continue;
    const loosens = [...rules, ...packs].some((each) => each.action === 'off');
    say(
      loosens ? 'error' : 'warning',
      source,
      `policy ${name} selects by ${labels}, which whoever requests a certificate writes: ${loosens ? 'what it takes back it takes back for nobody' : 'it holds whatever the label says, beside wider policies and never in their place'}. ${instead}`,
    );
  }
  for (const { name, selector, source } of register.waivers.values()) {
    sayTakeable(`waiver ${name}`, selector, source);
    const labels = written(selector);
    if (labels === '') continue;
    say(
      'error',
      source,
      `waiver ${name} selects by ${labels}, which whoever requests a certificate writes: it excepts nobody. ${instead}, or name the certificates`,
    );
  }
  for (const { approvals } of controls) {
    for (const { name, certificates, source } of approvals) {
      if (certificates !== null) sayTakeable(`approval ${name}`, certificates.selector, source);
      const labels = certificates === null ? '' : written(certificates.selector);
      if (labels === '') continue;
      say(
        'warning',
        source,
        `approval ${name} selects by ${labels}, which whoever requests a certificate writes: it is needed whatever the label says. ${instead}`,
      );
    }
  }
  for (const { name, when, expression, source } of register.customRules.values()) {
    const text = `${when ?? ''} ${expression}`;
    const found = open([...text.matchAll(inExpression)].map((each) => each[1] ?? each[2] ?? ''));
    const rest = text.replaceAll(inExpression, '');
    // Looked at as a whole ("env" in certificate.labels): nobody can reserve every name.
    if (found.length === 0 && !rest.includes('certificate.labels')) continue;
    const labels = found.join(', ') || 'the labels';
    say(
      'warning',
      source,
      `rule ${name} looks at ${labels} of the certificate, which its requester writes and may leave out. Look at team.labels, or reserve the label (reservedLabels of ChangeControl)`,
    );
  }
  return problems;
}
