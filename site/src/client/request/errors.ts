/** What is wrong, at the field and in a summary on top that leads to it (the pattern of GOV.UK): nobody has to search for a red border. */
import type { FieldMessage } from '../../lib/request-problems.ts';
import { make, maybePart, part, tell } from './nodes.ts';

const titleBefore = document.title;

/** The first thing in a field that can have the focus. */
function controlOf(field: string): HTMLElement | null {
  const container = maybePart(`field-${field}`);
  const controls = container?.querySelectorAll<HTMLElement>('input, select, textarea') ?? [];
  return [...controls].find((each) => each.checkVisibility()) ?? null;
}

/** Opens what hides a field, and goes there. */
function goTo(field: string): void {
  const folded = maybePart(`field-${field}`)?.closest('details');
  if (folded != null) folded.open = true;
  const control = controlOf(field);
  control?.focus();
  maybePart(`field-${field}`)?.scrollIntoView({ block: 'nearest' });
}

/** Shows errors at their fields and takes away those that were mended. */
export function showErrors(problems: readonly FieldMessage[]): void {
  const byField = new Map(problems.map(({ field, message }) => [field as string, message]));
  for (const container of document.querySelectorAll<HTMLElement>('[id^="field-"]')) {
    const field = container.id.slice('field-'.length);
    const message = byField.get(field) ?? '';
    container.classList.toggle('wrong', message !== '');
    const place = maybePart(`${field}-error`);
    tell(place, message);
    if (message !== '') place?.prepend(make('span', { class: 'hidden' }, 'Error: '));
    for (const control of container.querySelectorAll('input, select, textarea'))
      if (message === '') control.removeAttribute('aria-invalid');
      else control.setAttribute('aria-invalid', 'true');
  }
  const list = part('summary').querySelector('ul');
  list?.replaceChildren(
    ...problems.map(({ field, message }) => {
      const link = make('a', { href: `#field-${field}` }, message);
      link.addEventListener('click', (event) => {
        event.preventDefault();
        goTo(field);
      });
      return make('li', {}, link);
    }),
  );
  part('summary').hidden = problems.length === 0;
  document.title = problems.length === 0 ? titleBefore : `Error: ${titleBefore}`;
}

/** Goes to the summary: what is wrong is read out, and the next stop is the first link. */
export function goToSummary(): void {
  const summary = part('summary');
  summary.focus();
  summary.scrollIntoView({ block: 'start' });
}

/** Shows what `renewd check` may say, at the fields; it stops nobody. */
export function showWarnings(warnings: readonly FieldMessage[]): void {
  for (const place of document.querySelectorAll<HTMLElement>('.warning')) {
    const field = place.id.slice(0, -'-warning'.length);
    tell(place, warnings.find((each) => each.field === field)?.message ?? '');
  }
}
