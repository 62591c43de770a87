/** What the page says of its site in the attributes of one element, as the pieces of pages want it. */
import { createLinks } from '../lib/links.ts';
import type { Forge } from '../lib/model.ts';
import type { Frame } from '../lib/pieces.ts';

/** The frame. `hasPage` tells whether a certificate has a page of its own. @throws Error when the page has no such element, which is a mistake of the page */
export function readFrame(hasPage: (id: string) => boolean): Frame {
  const at = document.querySelector<HTMLElement>('#frame')?.dataset;
  if (at === undefined) throw new Error('the page does not say of which site it is');
  const forge: Forge | null =
    at['forgeKind'] === undefined || at['forgeUrl'] === undefined
      ? null
      : { kind: at['forgeKind'] as Forge['kind'], url: at['forgeUrl'], branch: at['forgeBranch'] ?? 'main' };
  const yes = (): boolean => true;
  return {
    links: createLinks(at['base'] ?? '/', hasPage),
    forge,
    state: at['state'] ?? '',
    intent: at['intent'] ?? '',
    statePrefix: at['prefix'] ?? '',
    at: at['at'] ?? '',
    hasCertificate: yes,
    hasEndpoint: yes,
    hasTeam: yes,
    hasPolicy: yes,
  };
}
