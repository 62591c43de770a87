/** The frame of a whole site: its links, and for what there are pages. Pure. */
import { createLinks } from './links.ts';
import type { SiteModel } from './model.ts';
import type { Frame } from './pieces.ts';

/** The frame under a base path. */
export function frameOf(model: SiteModel, base: string): Frame {
  const { inventory, generatedFrom, redaction } = model;
  const pages = new Set(inventory.pages);
  const named = redaction !== 'public';
  const endpoints = new Set(model.endpoints.rows.map((each) => each.name));
  const teams = new Set(model.teams.map((each) => each.name));
  const policies = new Set(model.policies.map((each) => each.name));
  return {
    links: createLinks(base, (id) => pages.has(id)),
    forge: model.forge,
    state: generatedFrom.state,
    intent: generatedFrom.intent,
    statePrefix: generatedFrom.statePrefix,
    at: generatedFrom.at,
    hasCertificate: (id) => named && (pages.has(id) || (!inventory.allHavePages && id.includes('/'))),
    hasEndpoint: (name) => named && (endpoints.has(name) || model.endpoints.total > endpoints.size),
    hasTeam: (name) => teams.has(name),
    hasPolicy: (name) => policies.has(name),
  };
}
