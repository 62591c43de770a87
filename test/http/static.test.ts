/** The server of static files: what it sends, and that nothing outside its directory can be had. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { serveDirectory } from '../../daemon/http/static.ts';
import { OperationError } from '../../daemon/ports/failure.ts';

const parent = mkdtempSync(join(tmpdir(), 'renewd-static-'));
const directory = join(parent, 'site');
mkdirSync(join(directory, 'a', '.git'), { recursive: true });
writeFileSync(join(parent, 'secret.txt'), 'canary');
writeFileSync(join(directory, 'index.html'), '<!doctype html><title>front</title>');
writeFileSync(join(directory, '404.html'), '<!doctype html><title>none</title>');
writeFileSync(join(directory, 'a', 'index.html'), '<!doctype html><title>a</title>');
writeFileSync(join(directory, 'a', '.git', 'config'), 'canary');
writeFileSync(join(directory, 'site.css'), 'a{}');
writeFileSync(join(directory, 'blob.weird'), 'x');
symlinkSync(join(parent, 'secret.txt'), join(directory, 'link.txt'));
symlinkSync(parent, join(directory, 'up'));

const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
after(async () => {
  await server.close();
  rmSync(parent, { recursive: true, force: true });
});

/** The whole answer to a request written by hand: `fetch` would tidy the path first. */
function raw(requestLine: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.write(`${requestLine} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  });
}

test('pages, style sheets and unknown files have the right types', async () => {
  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/a/', 'text/html; charset=utf-8'],
    ['/site.css?v=1', 'text/css; charset=utf-8'],
    ['/blob.weird', 'application/octet-stream'],
  ] as const) {
    const response = await fetch(server.url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-type'), type);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.match(
      response.headers.get('content-security-policy') ?? '',
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    assert.doesNotMatch(response.headers.get('content-security-policy') ?? '', /unsafe/);
    await response.body?.cancel();
  }
});

test('HEAD has the headers of GET and no body', async () => {
  const answer = await raw('HEAD /');
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /content-length: 35\r\n/i);
  assert.match(answer, /\r\n\r\n$/);
});

test('a page that did not change is answered with 304', async () => {
  const etag = (await fetch(`${server.url}/`)).headers.get('etag') ?? '';
  const again = await fetch(`${server.url}/`, { headers: { 'if-none-match': `"other", W/${etag}` } });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), '');
  const other = await fetch(`${server.url}/`, { headers: { 'if-none-match': '"other"' } });
  assert.equal(other.status, 200);
});

test('a directory without its slash leads to the page with it', async () => {
  const response = await fetch(`${server.url}/a`, { redirect: 'manual' });
  assert.equal(response.status, 301);
  assert.equal(response.headers.get('location'), 'a/');
});

test('two slashes do not lead to another host', async () => {
  assert.doesNotMatch(await raw('GET //a'), /location: \/\//i);
});

test('nothing outside the directory, hidden or linked can be had', async () => {
  for (const path of [
    '/../secret.txt',
    '/a/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..\\secret.txt',
    '/link.txt',
    '/up/secret.txt',
    '/a/.git/config',
    '/secret.txt%00.html',
    '/%ff',
    'secret.txt',
    '/a/index.html/',
    `/${'a'.repeat(5000)}`,
  ]) {
    const answer = await raw(`GET ${path}`);
    assert.match(answer, /^HTTP\/1\.1 (400|404) /, path);
    assert.doesNotMatch(answer, /canary/, path);
  }
});

test('a page that is not there is the 404 page with status 404', async () => {
  const response = await fetch(`${server.url}/none/`);
  assert.equal(response.status, 404);
  assert.match(await response.text(), /<title>none/);
});

test('anything but GET and HEAD is refused', async () => {
  const response = await fetch(`${server.url}/`, { method: 'POST', body: 'x' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, HEAD');
});

test('the directory may be replaced while it is served', async () => {
  const next = join(parent, 'next');
  mkdirSync(next);
  writeFileSync(join(next, 'index.html'), 'new');
  renameSync(directory, join(parent, 'old'));
  renameSync(next, directory);
  assert.equal(await (await fetch(`${server.url}/`)).text(), 'new');
});

test('an address that is taken is a failure that says so', async () => {
  await assert.rejects(
    serveDirectory({ directory, host: '127.0.0.1', port: Number(new URL(server.url).port) }),
    (error) => error instanceof OperationError && error.code === 'http-unavailable',
  );
});
