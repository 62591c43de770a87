/** On the page for what is not there: an address of a certificate that is shown from a shard leads on to where that is done. */
const home = document.querySelector<HTMLElement>('#frame')?.dataset['base'] ?? '/';
const view = document.querySelector<HTMLElement>('[data-sharded]') !== null;
const match = /^certificates\/([^/]+)\/([^/]+)\/?$/.exec(
  location.pathname.startsWith(home) ? location.pathname.slice(home.length) : '',
);
if (view && match !== null && match[1] !== 'view')
  location.replace(`${home}certificates/view/#${match[1] ?? ''}/${match[2] ?? ''}`);
