/**
 * The second process of a build: Astro renders the pages, then single certificates and endpoints are written into their shells and the files of data
 * are put beside them. Started by `build.ts`, told everything by its environment, ends with 0 when all is written. Nothing is written into the source
 * tree: root, caches and output are in directories that `build.ts` made.
 */
import { build } from 'astro';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleScripts } from './scripts.ts';
import { frameOf } from './src/lib/frame.ts';
import type { SiteModel } from './src/lib/model.ts';
import { withheldPages } from './src/lib/sections.ts';
import { stampDetails } from './stamp.ts';
import { styleSheet } from './style-sheet.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set; call buildSite() of site/build.ts`);
  return value;
}

const scratch = setting('RENEWD_SITE_SCRATCH');
const out = setting('RENEWD_SITE_OUT');
const base = setting('RENEWD_SITE_BASE');
const model = JSON.parse(readFileSync(setting('RENEWD_SITE_MODEL'), 'utf8')) as SiteModel;
const scriptFiles = join(scratch, 'scripts');
process.env['RENEWD_SITE_SCRIPTS'] = JSON.stringify(await bundleScripts(scriptFiles, scratch));

await build({
  // Astro writes `.astro/` into its root, so the root is not the source tree.
  root: scratch,
  srcDir: join(import.meta.dirname, 'src'),
  publicDir: join(import.meta.dirname, 'public'),
  outDir: out,
  cacheDir: join(scratch, 'cache'),
  base,
  configFile: false,
  output: 'static',
  trailingSlash: 'always',
  // `jsx` would join words of a sentence that stand on two lines.
  compressHTML: true,
  build: { format: 'directory', inlineStylesheets: 'never' },
  devToolbar: { enabled: false },
  logLevel: 'error',
  security: {
    csp: {
      directives: [
        "default-src 'none'",
        "img-src 'self' data:",
        // Scripts read the files of data beside the pages, and nothing else.
        "connect-src 'self'",
        "font-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
      ],
      scriptDirective: { resources: ["'self'"] },
      styleDirective: { resources: ["'self'"] },
    },
  },
  vite: { cacheDir: join(scratch, 'vite'), logLevel: 'error' },
});
cpSync(scriptFiles, join(out, 'assets'), { recursive: true });
writeFileSync(join(out, 'site.css'), styleSheet());
await stampDetails(out, setting('RENEWD_SITE_DETAILS'), frameOf(model, base));
for (const path of withheldPages(model.redaction)) rmSync(join(out, path), { recursive: true, force: true });
const dataFiles = join(scratch, 'data-files');
if (existsSync(dataFiles)) cpSync(dataFiles, out, { recursive: true });
