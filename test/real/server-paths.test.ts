/** A server that reads other files than the installed ones is told apart from every other failure: the finding names the paths. Real git, sshd and nginx. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

describe('a request without the paths of the server', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;

  before(async () => {
    estate = await startEstate();
    const file = 'policies/test-nginx.yaml';
    const files = declarations(estate);
    const { certificate, key } = estate.nginx;
    const settable = (files[file] ?? '')
      .replace(
        '  files:\n',
        "  parameters:\n    certificate: { setBy: certificate, description: a path, default: '' }\n    key: { setBy: certificate, description: a path, default: '' }\n  files:\n",
      )
      .replace(certificate, '{{certificate}}')
      .replace(key, '{{key}}');
    await estate.commit({ ...files, [file]: settable }, 'Declare web/shop without paths');
    house = await estate.openHouse();
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('the finding says where the files are, and that the server must name them', async () => {
    await turn(house);
    const { findings } = await recordOf(estate, 'web/shop');
    const message = findings.find(({ code }) => code === 'install-failed')?.message ?? '';
    const store = join(estate.root, 'machine/web/shop/current');
    assert.ok(
      message.includes(`certificate with chain ${store}/fullchain.pem, key ${store}/privkey.pem`),
      message,
    );
    assert.match(message, /the configuration of the server must name them, or name the paths .*parameters/);
  });
});
