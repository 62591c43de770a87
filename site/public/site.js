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

  /** Headers become buttons: once ascending, again descending, a third time the order of the page. */
  function showSort(table) {
    const bodies = [...table.tBodies];
    const original = bodies.map((body) => [body, [...body.rows]]);
    const headers = [...table.tHead.rows[0].cells];
    const keyOf = (row, column) => {
      const cell = row.cells[column];
      return cell.querySelector('time')?.dateTime ?? cell.textContent.trim();
    };
    const restore = () => {
      for (const [body, rows] of original) body.append(...rows);
    };
    const { compare } = new Intl.Collator('en', { numeric: true });
    for (const [column, header] of headers.entries()) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener('click', () => {
        const wanted = { ascending: 'descending', descending: null }[header.ariaSort ?? ''];
        for (const each of headers) each.ariaSort = null;
        restore();
        if (wanted === null) return;
        header.ariaSort = wanted ?? 'ascending';
        const sign = wanted === undefined ? 1 : -1;
        const rows = original.flatMap(([, each]) => each);
        rows.sort((a, b) => sign * compare(keyOf(a, column), keyOf(b, column)));
        bodies[0].append(...rows);
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
    const more = document.querySelector('.more-sections');
    addEventListener('keydown', ({ key }) => {
      if (key !== 'Escape' || !more.open) return;
      more.open = false;
      more.querySelector('summary').focus();
    });
    addEventListener('click', ({ target }) => {
      if (!more.contains(target)) more.open = false;
    });
  });
})();
