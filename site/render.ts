/**
 * The process that runs Astro: started by `build.ts`, told everything by its environment, ends with 0 when the pages
 * are written. Nothing is written into the source tree: root, caches and output are in directories that `build.ts` made.
 */
import { build } from 'astro';
import { join } from 'node:path';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set; call buildSite() of site/build.ts`);
  return value;
}

const scratch = setting('RENEWD_SITE_SCRATCH');

await build({
  // Astro writes `.astro/` into its root, so the root is not the source tree.
  root: scratch,
  srcDir: join(import.meta.dirname, 'src'),
  publicDir: join(import.meta.dirname, 'public'),
  outDir: setting('RENEWD_SITE_OUT'),
  cacheDir: join(scratch, 'cache'),
  base: setting('RENEWD_SITE_BASE'),
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
        "connect-src 'none'",
        "font-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ],
      scriptDirective: { resources: ["'self'"] },
      styleDirective: { resources: ["'self'"] },
    },
  },
  vite: { cacheDir: join(scratch, 'vite'), logLevel: 'error' },
});
