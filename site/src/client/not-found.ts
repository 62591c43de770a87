/** On the page for what is not there: an address of a certificate that is shown from a shard leads on to where that is done. */
import { find } from './find.ts';

const home = find('#frame', HTMLElement).dataset['base'] ?? '/';
const path = location.pathname.startsWith(home) ? location.pathname.slice(home.length) : '';
const [, team, name] = /^certificates\/([^/]+)\/([^/]+)\/?$/.exec(path) ?? [];
const sharded = document.querySelector('[data-sharded]') !== null;
if (sharded && team !== undefined && name !== undefined)
  location.replace(`${home}certificates/view/#${team}/${name}`);
