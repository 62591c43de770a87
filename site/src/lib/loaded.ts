/** The model of this build, read once from the file that `site/build.ts` names, and the links under its base path. The only IO of the pages. */
import { readFileSync } from 'node:fs';
import { createLinks } from './links.ts';
import { certificateId, parseModel } from './model.ts';
import { dataAge, isFirstTime, noFacts } from './posture.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set; build the site with buildSite()`);
  return value;
}

export const model = parseModel(readFileSync(setting('RENEWD_SITE_MODEL'), 'utf8'));
export const links = createLinks(setting('RENEWD_SITE_BASE'));
/** Goes into the addresses of the style sheet and the script, so that a browser never mixes two versions. */
export const assetVersion = setting('RENEWD_SITE_ASSETS');
export const firstTime = isFirstTime(model);
export const age = firstTime ? noFacts : dataAge(model);

const certificateIds = new Set(model.certificates.map(certificateId));
const endpointNames = new Set(model.endpoints.map((each) => each.metadata.name));
const teamNames = new Set([
  ...model.teams.map((each) => each.name),
  ...model.certificates.map((each) => each.metadata.team),
]);

/** Whether there is a page for it: a record may name what is gone, and then its name is no link. */
export const hasCertificate = (id: string): boolean => certificateIds.has(id);
export const hasEndpoint = (name: string): boolean => endpointNames.has(name);
export const hasTeam = (name: string): boolean => teamNames.has(name);
