/** Templates of profiles: Handlebars in its strictest form, over strings only. The only door to it. A template makes one text, never a line of shell. */
import Handlebars from 'handlebars';
import { OperationError } from '../ports/failure.ts';

const compiled = new Map<string, Handlebars.TemplateDelegate>();

/**
 * The text of `template` with `values` put in. Pure but for a cache. Nothing is escaped: the caller uses the result as one word or one path. Helpers, partials and prototypes are out of reach.
 * @throws OperationError `unsupported` (stall) that names the template when it is broken or asks for a value that does not exist
 */
export function renderTemplate(template: string, values: Readonly<Record<string, string>>): string {
  if (!template.includes('{{')) return template;
  try {
    let run = compiled.get(template);
    if (run === undefined) {
      run = Handlebars.compile(template, { strict: true, noEscape: true, knownHelpersOnly: true });
      compiled.set(template, run);
    }
    // A bare map: `{{constructor}}` and its kin are no values. Nothing makes a text of the map itself; Handlebars tries to where a value is missing.
    const bare = Object.create(null, { [Symbol.toPrimitive]: { value: () => refuse(values) } }) as Record<
      string,
      string
    >;
    return run(Object.assign(bare, values), {
      allowProtoPropertiesByDefault: false,
      allowProtoMethodsByDefault: false,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new OperationError(
      'unsupported',
      `the template ${JSON.stringify(template)} of a profile cannot be filled in: ${reason}`,
      {
        disposition: 'stall',
        endsWhen: ['declaration'],
        cause,
      },
    );
  }
}

function refuse(values: Readonly<Record<string, string>>): never {
  const names = Object.keys(values).join(', ');
  throw new OperationError(
    'unsupported',
    `it asks for what is no value. Values are: ${names === '' ? 'none' : names}`,
    { disposition: 'stall', endsWhen: ['declaration'] },
  );
}

/** Words of a command: each template makes one word, whatever is in it; words that come out empty are left out. @throws as `renderTemplate` */
export function renderWords(
  templates: readonly string[],
  values: Readonly<Record<string, string>>,
): string[] {
  return templates.map((each) => renderTemplate(each, values)).filter((word) => word !== '');
}
