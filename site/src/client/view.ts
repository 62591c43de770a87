/** Shows a certificate that has no page of its own, from its shard. The name behind the # is as anybody wrote it: it is looked up and never believed. */
import { certificateBody } from '../details/certificate-body.ts';
import type { CertificateDetail, ShardIndex } from '../lib/model.ts';
import { shardOf } from '../lib/shards.ts';
import { readFrame } from './frame.ts';
import { toNodes } from './nodes.ts';

const main = document.querySelector<HTMLElement>('#main');
const index = document.querySelector<HTMLElement>('#view')?.dataset['index'] ?? '';
const frame = readFrame(() => true);

function idBehindHash(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
}

async function read(path: string): Promise<unknown> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`status ${String(response.status)}`);
  return response.json();
}

async function show(): Promise<void> {
  const id = idBehindHash();
  if (main === null || index === '' || id === '') return;
  const words = (text: string): void => {
    const lead = main.querySelector('.lead') ?? main;
    lead.textContent = text;
  };
  try {
    const { width, files } = (await read(index)) as ShardIndex;
    const file = files[shardOf(id, width)];
    const details =
      file === undefined ? {} : ((await read(frame.links.to(file))) as Record<string, CertificateDetail>);
    const detail = Object.hasOwn(details, id) ? details[id] : undefined;
    if (detail === undefined) {
      words(`There is no certificate ${id} in the records of this site.`);
      return;
    }
    main.replaceChildren(...toNodes(certificateBody(frame, detail)));
    document.title = `${id} · renewd`;
  } catch (error) {
    words(
      `The record could not be loaded (${error instanceof Error ? error.message : 'unknown'}). Load the page again.`,
    );
  }
}

addEventListener('hashchange', () => {
  void show();
});
await show();
document.documentElement.dataset['view'] = 'ready';
