/** The model of this build, read once from the file that `site/build.ts` names, and the links under its base path. The only IO of the pages. */
import { readFileSync } from 'node:fs';
import type { ClientScript } from './client-scripts.ts';
import { frameOf } from './frame.ts';
import type { SiteModel } from './model.ts';
import { dataAge, isFirstTime, noFacts } from './posture.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set; build the site with buildSite()`);
  return value;
}

export const model = JSON.parse(readFileSync(setting('RENEWD_SITE_MODEL'), 'utf8')) as SiteModel;
/** What pieces of pages need to know of the site. */
export const frame = frameOf(model, setting('RENEWD_SITE_BASE'));
export const { links } = frame;
/** Goes into the addresses of the style sheet and the script, so that a browser never mixes two versions. */
export const assetVersion = setting('RENEWD_SITE_ASSETS');
const scripts = JSON.parse(setting('RENEWD_SITE_SCRIPTS')) as Readonly<Record<ClientScript, string>>;
/** Address of a script of the site. */
export const scriptPath = (name: ClientScript): string => links.to(`assets/${scripts[name]}`);
export const firstTime = isFirstTime(model);
export const age = firstTime ? noFacts : dataAge(model);
