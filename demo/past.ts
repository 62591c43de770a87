/** How the demo's machines stood before renewd came, and what a hurried administrator does afterwards. */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoEstate } from './estate.ts';
import { legacyCa, put, selfSigned } from './legacy.ts';

/** Certificates of an old CA everywhere, one of them expired, and one that signs itself; then the web servers start. */
export async function layPast(estate: DemoEstate): Promise<void> {
  const old = await legacyCa();
  for (const [endpoint, sites] of estate.sites) {
    for (const site of sites) {
      if (await exists(site.certificate)) continue;
      const names = sites
        .filter((each) => each.certificate === site.certificate)
        .map((each) => each.serverName);
      const made =
        site.serverName === 'ledger.pay.example.internal'
          ? await old.issue(names, -400, -3)
          : site.serverName === 'grafana.platform.example.internal'
            ? await selfSigned(site.serverName)
            : await old.issue(names, -300, 40);
      await put(made, site.certificate, site.key);
    }
    const machine = estate.machines.get(endpoint);
    for (const site of sites) {
      await copyFile(site.certificate, `${site.certificate}.old`);
      await copyFile(site.key, `${site.key}.old`);
    }
    if (machine !== undefined && sites.length > 0) await machine.startServer(sites);
  }
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

/** Copies the certificates of the past over the new ones of two sites and reloads, as `cp` and `nginx -s reload` do. Says what was done. */
export async function mischief(estate: DemoEstate): Promise<readonly string[]> {
  const done: string[] = [];
  for (const name of ['blog.web.example.internal', 'preview.web.example.internal']) {
    for (const [endpoint, sites] of estate.sites) {
      const site = sites.find((each) => each.serverName === name);
      const machine = estate.machines.get(endpoint);
      if (site === undefined || machine === undefined) continue;
      await copyFile(`${site.certificate}.old`, site.certificate);
      await copyFile(`${site.key}.old`, site.key);
      machine.reload();
      done.push(
        `${endpoint}$ cp ${join('old', 'server.crt')} ${site.certificate.replace(machine.root, '')} && nginx -s reload     # ${name}`,
      );
    }
  }
  // A reload is not instantaneous, here as elsewhere.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return done;
}
