/** Shows a certificate that has no page of its own, from its shard. The name behind the # is as anybody wrote it: it is looked up and never believed. */
import { certificateBody } from '../details/certificate-body.ts';
import { clean } from '../lib/clean.ts';
import { createLinks } from '../lib/links.ts';
import { el, type Markup } from '../lib/markup.ts';
import type { CertificateDetail, ShardIndex } from '../lib/model.ts';
import { commitLink, type Frame } from '../lib/pieces.ts';
import { shardOf } from '../lib/shards.ts';
import { find } from './find.ts';
import { readFrame } from './frame.ts';
import { loadJson } from './load.ts';
import { toNodes } from './nodes.ts';

/** Where the index of the shards is; empty when every certificate has a page. */
const indexAt = find('#view', HTMLElement).dataset['index'] ?? '';
const main = find('#main', HTMLElement);
const frame = readFrame(() => false);
const plainTitle = document.title;
let index: ShardIndex | null = null;

function idBehindHash(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}

/** The record; null when it has a page of its own; undefined when there is none. */
async function detailOf(id: string): Promise<CertificateDetail | null | undefined> {
  if (indexAt === '') return null;
  index ??= (await loadJson(indexAt)) as ShardIndex;
  const shard = shardOf(id, index.width);
  const file = Object.hasOwn(index.files, shard) ? index.files[shard] : undefined;
  if (file === undefined) return undefined;
  const details = (await loadJson(frame.links.to(file))) as Readonly<
    Record<string, CertificateDetail | null>
  >;
  return Object.hasOwn(details, id) ? details[id] : undefined;
}

function missing({ links, state }: Frame, id: string): Markup {
  const search = `${links.to('certificates/')}?q=${encodeURIComponent(id.replaceAll('/', ' ').trim().toWellFormed())}`;
  return [
    el('p', { class: 'crumbs' }, el('a', { href: links.to('certificates/') }, 'Certificates')),
    el('h1', {}, 'There is no such certificate'),
    el(
      'p',
      { class: 'lead' },
      'The records at commit ',
      commitLink(frame, state),
      ' have no certificate ',
      el('span', { class: 'name' }, clean(id)),
      '. It may have been renamed or removed, or the address mistyped.',
    ),
    el('p', {}, el('a', { href: search }, 'Search for it')),
  ];
}

function failed({ links }: Frame, id: string, why: string): Markup {
  return [
    el('p', { class: 'crumbs' }, el('a', { href: links.to('certificates/') }, 'Certificates')),
    el('h1', { class: 'name' }, clean(id)),
    el('p', { class: 'lead' }, `The record could not be loaded: ${why}. Load this page again.`),
  ];
}

let puts = 0;

function put(title: string, markup: Markup): void {
  main.replaceChildren(...toNodes(markup));
  document.title = title;
  // After the first it is as if another page had been opened.
  if (puts++ > 0) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  dispatchEvent(new Event('rows'));
}

async function show(): Promise<void> {
  const id = idBehindHash();
  // Other anchors lead to places of this page.
  if (!id.includes('/')) return;
  // Another name may be asked for while this one is on its way.
  const current = (): boolean => idBehindHash() === id;
  try {
    const detail = await detailOf(id);
    if (!current()) return;
    // One that needs a person gets a page of its own, and an old link still leads here.
    if (detail === null) location.replace(createLinks(frame.links.to('')).certificate(id));
    else if (detail === undefined) put(plainTitle, missing(frame, id));
    else put(`${clean(id)} · renewd`, certificateBody(frame, detail));
  } catch (error) {
    if (current()) put(plainTitle, failed(frame, id, error instanceof Error ? error.message : 'unknown'));
  }
}

addEventListener('hashchange', () => {
  void show();
});
await show();
document.documentElement.dataset['view'] = 'ready';
