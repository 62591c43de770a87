/** Schemas of what judges certificates: Policy, PolicyPack, Rule, Waiver. The settings of each rule come from the rule itself. */
import { limits } from '../../limits.ts';
import type { JsonSchema } from '../../ports/plugin.ts';
import { date, envelope, line, name, selector, whenThen } from './parts.ts';

const actions = ['block', 'remediate', 'report', 'off'];

/** One use of a rule, in a policy or in a pack. */
function ruleUse(ruleSchemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['rule', 'action'],
    properties: {
      rule: name('Id of a rule (docs/rules.md), or name of a Rule document.'),
      id: name(
        'Tells this use of the rule from another; the name of the rule when absent. A narrower policy overrides by it.',
      ),
      action: {
        description:
          'block stops an issuance before it starts; remediate does too and replaces what is installed; report only says so; off takes back what a wider policy set.',
        enum: actions,
      },
      settings: { description: 'Settings of the rule.', type: 'object' },
      lock: { description: 'A narrower policy may add to it, not override it.', type: 'boolean' },
      waivable: { description: 'false: no waiver excepts from it.', type: 'boolean' },
      effective: date('The rule is only announced before this day; as the rule says when absent.'),
      citation: line('Where the standard says so.', 'PCI DSS 4.0.1, 4.2.1'),
    },
    allOf: Object.keys(ruleSchemas)
      .sort()
      .map((rule) =>
        whenThen(
          // What is taken back needs no settings.
          {
            properties: { rule: { const: rule }, action: { not: { const: 'off' } } },
            required: ['rule', 'action'],
          },
          {
            properties: { settings: ruleSchemas[rule] ?? {} },
            // Without this a rule with its settings left out would be read, and could only guess.
            ...(ruleSchemas[rule]?.['required'] === undefined ? {} : { required: ['settings'] }),
          },
        ),
      ),
  };
}

/** Rule id to the schema of its settings. */
export function policySchema(ruleSchemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return envelope(
    'Policy',
    'Rules that certificates must keep to, for everyone, a group, or one certificate.',
    {
      team: 'none',
      spec: {
        type: 'object',
        additionalProperties: false,
        anyOf: [{ required: ['rules'] }, { required: ['packs'] }],
        properties: {
          description: line('What it is for.', 'What every certificate must keep to'),
          selector: selector(
            'Whom it applies to; everyone when absent. Everything given must match. One that names certificates counts before one for a group, and that before one for everyone.',
          ),
          packs: {
            description: 'Standards, each a list of rules: docs/packs.md.',
            type: 'array',
            minItems: 1,
            maxItems: 50,
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['pack'],
              properties: {
                pack: name('Name of a pack: built in, or a PolicyPack document.'),
                action: { description: 'In place of the actions of the pack.', enum: actions },
                lock: { description: 'As if each of its rules were locked.', type: 'boolean' },
              },
            },
          },
          rules: { type: 'array', minItems: 1, maxItems: 200, items: ruleUse(ruleSchemas) },
        },
      },
    },
  );
}

/** Rule id to the schema of its settings. */
export function policyPackSchema(ruleSchemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return envelope('PolicyPack', 'A standard as rules that a Policy can take as a whole.', {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['title', 'version', 'status', 'reference', 'rules'],
      properties: {
        title: line('Name of the standard.', 'PCI DSS'),
        version: line('Its version or date.', '4.0.1'),
        status: { description: 'Whether it is in force or still being written.', enum: ['final', 'draft'] },
        reference: line('Where it stands.', 'https://www.pcisecuritystandards.org'),
        rules: { type: 'array', minItems: 1, maxItems: 200, items: ruleUse(ruleSchemas) },
      },
    },
  });
}

const expression = (description: string, example: string): JsonSchema => ({
  description,
  type: 'string',
  minLength: 1,
  maxLength: limits.expressions.textMaxChars,
  examples: [example],
});

export const customRuleSchema = envelope(
  'Rule',
  'A rule of your own, as a condition in CEL (docs/rules.md).',
  {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['title', 'explanation', 'fix', 'stages', 'expression'],
      properties: {
        title: line('What is demanded, in a few words.', 'No wildcards in production'),
        citation: line('Where it comes from; internal when absent.', 'Security handbook 4.2'),
        explanation: line(
          'Why, for people who are no TLS experts.',
          'A stolen wildcard key speaks for every name.',
        ),
        fix: line('What to do about it.', 'List the names instead of the wildcard.'),
        stages: {
          description: 'When it is asked: of a request, of what was issued, of what is found in place.',
          type: 'array',
          minItems: 1,
          uniqueItems: true,
          items: { type: 'string', enum: ['request', 'issued', 'observed'] },
        },
        when: expression(
          'Where this is false the rule does not apply.',
          'team.labels.?tier.orValue("") == "prod"',
        ),
        expression: expression('Must be true.', '!certificate.dnsNames.exists(name, name.startsWith("*."))'),
        effective: date('The rule is only announced before this day.'),
      },
    },
  },
);

export const waiverSchema = envelope('Waiver', 'An exception from rules that ends by itself.', {
  team: 'none',
  spec: {
    type: 'object',
    additionalProperties: false,
    required: ['rules', 'selector', 'owner', 'reason', 'compensatingControl', 'expires'],
    properties: {
      rules: {
        description: 'Rules that are excepted.',
        type: 'array',
        minItems: 1,
        maxItems: 50,
        uniqueItems: true,
        items: name('Id of a rule.'),
      },
      selector: {
        ...selector(
          'For whom. An exception for everyone is a change of policy, so one thing at least is named.',
        ),
        minProperties: 1,
      },
      owner: line('Who answers for the risk.', 'Ines Okafor'),
      reason: line('Why the rule cannot be kept now.', 'The appliance takes RSA 2048 only until firmware 9'),
      compensatingControl: line('What lowers the risk meanwhile.', 'Reachable from the plant network only'),
      granted: date('When it was granted.'),
      expires: date('The rule holds again from this day on.'),
      ticket: line('Where it was discussed.', 'RISK-117'),
    },
  },
});
