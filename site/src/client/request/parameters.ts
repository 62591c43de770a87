/** The fields of a profile's parameters: those without a default are asked, the others stand under "more". */
import type { CatalogueProfile } from '../../lib/request-form.ts';
import { make, part } from './nodes.ts';

export interface ParameterFields {
  readonly values: () => Readonly<Record<string, string>>;
  /** Shows the parameters of this profile. What was typed for one of the same name stays. */
  readonly show: (profile: CatalogueProfile | null) => void;
}

/** Makes them in the places the page has for them. */
export function parameterFields(): ParameterFields {
  const typed = new Map<string, string>();
  let profile: CatalogueProfile | null = null;

  const field = ({
    name,
    description,
    default: preset,
  }: CatalogueProfile['parameters'][number]): HTMLElement => {
    const id = `parameter-${name}`;
    const hint = preset === null ? description : `${description}. Empty: ${preset === '' ? 'none' : preset}`;
    const input = make('input', {
      type: 'text',
      id,
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      'aria-describedby': `${id}-hint ${id}-error`,
    });
    input.value = typed.get(name) ?? '';
    input.addEventListener('input', () => typed.set(name, input.value.trim()));
    const error = make('p', { class: 'error', id: `${id}-error` });
    error.hidden = true;
    return make(
      'div',
      { id: `field-${id}` },
      make('label', { for: id }, make('code', {}, name)),
      make('p', { class: 'hint', id: `${id}-hint` }, hint),
      error,
      input,
    );
  };

  return {
    values: () =>
      Object.fromEntries((profile?.parameters ?? []).map(({ name }) => [name, typed.get(name) ?? ''])),
    show: (next) => {
      if (next?.name === profile?.name) return;
      profile = next;
      const parameters = profile?.parameters ?? [];
      part('parameters').replaceChildren(...parameters.filter((each) => each.default === null).map(field));
      part('optional-parameters').replaceChildren(
        ...parameters.filter((each) => each.default !== null).map(field),
      );
    },
  };
}
