/** Reading aids: theme, distance of dates, stale facts, order of tables. Every page is complete without it. */
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const stored = (value) => {
    try {
      if (value) localStorage.setItem('renewd-theme', value);
      return localStorage.getItem('renewd-theme');
    } catch {
      return null;
    }
  };
  const theme = stored();
  if (theme === 'dark' || theme === 'light') root.dataset.theme = theme;
  const goStale = () => {
    const at = Date.parse(root.dataset.staleAt);
    if (at < Date.now()) root.dataset.stale = 'true';
  };
  goStale();
  setInterval(goStale, 60_000);

  const away = (at) => {
    const ms = at - Date.now();
    const [size, unit] =
      Math.abs(ms) >= 1728e5 ? [864e5, 'day'] : Math.abs(ms) >= 36e5 ? [36e5, 'hour'] : [6e4, 'minute'];
    return new Intl.RelativeTimeFormat('en').format(Math.trunc(ms / size), unit);
  };

  function showTheme() {
    const button = document.querySelector('#theme');
    const now = () => root.dataset.theme ?? (dark.matches ? 'dark' : 'light');
    const label = () => {
      button.textContent = now() === 'dark' ? 'Light' : 'Dark';
    };
    button.hidden = false;
    label();
    button.addEventListener('click', () => {
      root.dataset.theme = now() === 'dark' ? 'light' : 'dark';
      stored(root.dataset.theme);
      label();
    });
  }

  /** Heads become buttons: once ascending, again descending, a third time the order of the page. */
  function showSort(table) {
    const [body] = table.tBodies;
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
    const original = [...table.tBodies].map((each) => [each, [...each.rows]]);
    const { compare } = new Intl.Collator('en', { numeric: true });
    const keyOf = ({ cells }, column) => {
      const cell = cells[column];
      return cell?.querySelector('time')?.dateTime ?? cell?.textContent.trim() ?? '';
    };
    for (const [column, head] of heads.entries()) {
      if (!body || head.textContent.trim() === '') continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const wanted = { ascending: 'descending', descending: null }[head.ariaSort];
        for (const each of heads) each.ariaSort = null;
        for (const [each, rows] of original) each.append(...rows);
        if (wanted === null) return;
        head.ariaSort = wanted ?? 'ascending';
        const sign = wanted ? -1 : 1;
        const rows = original.flatMap(([, each]) => each);
        body.append(...rows.sort((a, b) => sign * compare(keyOf(a, column), keyOf(b, column))));
      });
    }
  }

  /** How far away each instant is: in its tooltip, and in words where the age of the facts is shown. */
  function showDistances() {
    for (const time of document.querySelectorAll('time[data-rel]')) {
      const distance = away(Date.parse(time.dateTime));
      time.title = distance;
      if (!('age' in time.dataset)) continue;
      time.dataset.text ??= time.textContent;
      time.textContent = `${time.dataset.text} (${distance})`;
    }
  }

  addEventListener('DOMContentLoaded', () => {
    showTheme();
    showDistances();
    setInterval(showDistances, 60_000);
    for (const table of document.querySelectorAll('table[data-sort]')) showSort(table);
    // Scripts that put new rows into a page say so.
    addEventListener('rows', showDistances);
  });

  /** Menus close on Escape, on a click elsewhere and when the keyboard has gone on. */
  const openMenus = () => document.querySelectorAll('details:is(.more-sections, .facet)[open]');
  const leaveMenus = (place) => {
    for (const menu of openMenus()) if (!menu.contains(place)) menu.open = false;
  };
  addEventListener('click', ({ target }) => leaveMenus(target));
  addEventListener('keyup', ({ key }) => {
    if (key === 'Tab') leaveMenus(document.activeElement);
  });
  addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape') return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  });
})();
