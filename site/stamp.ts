/**
 * Writes the pages of single certificates and endpoints into shells that Astro made. They are many and alike: an Astro render takes a millisecond each,
 * this a twentieth (measured), and the frame around them is still Astro's (ADR 0010).
 */
import { createReadStream, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DetailLine } from './request.ts';
import { certificateBody } from './src/details/certificate-body.ts';
import { endpointBody } from './src/details/endpoint-body.ts';
import { certificatePath, slug } from './src/lib/links.ts';
import { toHtml } from './src/lib/markup.ts';
import { certificateId } from './src/lib/model.ts';
import type { Frame } from './src/lib/pieces.ts';
import { makeDirectory } from '../daemon/make-directory.ts';

/** What stands in a shell where a page has its own words. */
export const shellTitle = 'renewd-shell-title';
export const shellMain = 'renewd-shell-main';

/** A shell taken apart: `fill` puts it together again. Pure. @throws Error when the shell does not have both places once */
export function takeApart(shell: string): (title: string, main: string) => string {
  const [beforeTitle, afterTitle, ...moreTitles] = shell.split(shellTitle);
  const [beforeMain, afterMain, ...moreMains] = (afterTitle ?? '').split(shellMain);
  if (beforeTitle === undefined || beforeMain === undefined || afterMain === undefined)
    throw new Error('the shell of a page has no place for its title and content');
  if (moreTitles.length + moreMains.length > 0) throw new Error('the shell of a page has a place twice');
  return (title, main) => beforeTitle + toHtml(title) + beforeMain + main + afterMain;
}

/** Writes every page of `details.ndjson` below `out` and removes the shells. IO. @throws Error when two names would be one file */
export async function stampDetails(out: string, detailsFile: string, frame: Frame): Promise<number> {
  const shell = (name: string): ReturnType<typeof takeApart> =>
    takeApart(readFileSync(join(out, 'shell', name, 'index.html'), 'utf8'));
  const fill = { certificate: shell('certificate'), endpoint: shell('endpoint') };
  const written = new Set<string>();
  const write = (path: string, html: string): void => {
    if (written.has(path)) throw new Error(`two names lead to ${path}`);
    written.add(path);
    const full = join(out, path, 'index.html');
    makeDirectory(dirname(full));
    writeFileSync(full, html);
  };
  for await (const text of createInterface({ input: createReadStream(detailsFile), crlfDelay: Infinity })) {
    const line = JSON.parse(text) as DetailLine;
    if (line.kind === 'certificate') {
      const id = certificateId(line.detail.record);
      write(
        `certificates/${certificatePath(id)}`,
        fill.certificate(id, toHtml(certificateBody(frame, line.detail))),
      );
    } else {
      const { name } = line.detail.record.metadata;
      write(`endpoints/${slug(name)}`, fill.endpoint(name, toHtml(endpointBody(frame, line.detail))));
    }
  }
  rmSync(join(out, 'shell'), { recursive: true });
  return written.size;
}
