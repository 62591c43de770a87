/** Drives a headless Chromium over its debugging protocol: enough to open a page, run an expression in it and hear its complaints. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Browser {
  /** Opens a page `widthPx` wide and waits until it has loaded. */
  readonly open: (
    url: string,
    widthPx: number,
    options?: { readonly script?: boolean; readonly dark?: boolean },
  ) => Promise<void>;
  /** Value of an expression in the open page. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Errors of the console since the start: refused scripts and styles are among them. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** Path of an installed Chromium or Chrome; null when there is none. */
export function findBrowser(): string | null {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    if (spawnSync(name, ['--version']).status === 0) return name;
  return null;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly entry?: { readonly level: string; readonly text: string } };
  readonly result?: { readonly result?: { readonly value?: unknown } };
  readonly error?: { readonly message: string };
}

/** Starts the browser with a profile of its own, without network services of its own. */
export async function startBrowser(program: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'renewd-browser-'));
  const child = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const port = await portOf(profile);
  const socket = new WebSocket(await pageOf(port));
  await new Promise((done, fail) => {
    socket.addEventListener('open', done, { once: true });
    socket.addEventListener('error', fail, { once: true });
  });
  const waiting = new Map<number, (message: Message) => void>();
  const complaints: string[] = [];
  let loaded = (): void => {};
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    if (message.method === 'Page.loadEventFired') loaded();
    if (message.method === 'Log.entryAdded' && message.params?.entry?.level === 'error')
      complaints.push(message.params.entry.text);
  });
  let lastId = 0;
  const call = async (method: string, params: object = {}): Promise<Message> => {
    const id = ++lastId;
    const answer = new Promise<Message>((done) => waiting.set(id, done));
    socket.send(JSON.stringify({ id, method, params }));
    const message = await answer;
    waiting.delete(id);
    if (message.error !== undefined) throw new Error(`${method}: ${message.error.message}`);
    return message;
  };
  await call('Page.enable');
  await call('Log.enable');
  return {
    complaints,
    open: async (url, widthPx, { script = true, dark = false } = {}) => {
      const size = { width: widthPx, height: 900, deviceScaleFactor: 1, mobile: false };
      await call('Emulation.setDeviceMetricsOverride', size);
      await call('Emulation.setScriptExecutionDisabled', { value: !script });
      const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
      await call('Emulation.setEmulatedMedia', { features });
      const load = new Promise<void>((done) => {
        loaded = done;
      });
      await call('Page.navigate', { url });
      await load;
    },
    evaluate: async (expression) => {
      const { result } = await call('Runtime.evaluate', { expression, returnByValue: true });
      return result?.result?.value;
    },
    close: async () => {
      socket.close();
      child.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Where the first page is debugged; on a busy machine the browser listens before it has one. */
async function pageOf(port: number): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly {
      readonly type: string;
      readonly webSocketDebuggerUrl: string;
    }[];
    const page = targets.find(({ type }) => type === 'page');
    if (page !== undefined) return page.webSocketDebuggerUrl;
    await pause(50);
  }
  throw new Error('the browser opened no page');
}

/** The port that the browser chose, from the file it writes once it listens. */
async function portOf(profile: string): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      const port = Number(readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0]);
      if (port > 0) return port;
      await pause(50);
    } catch {
      await pause(50);
    }
  }
  throw new Error('the browser did not start listening');
}
