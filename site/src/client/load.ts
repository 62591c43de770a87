/** Files of data beside the pages. */

/** What a file says. IO: one request to this site. @throws Error whose message says in words why not */
export async function loadJson(path: string): Promise<unknown> {
  const response = await fetch(path).catch(() => {
    throw new Error('the server cannot be reached');
  });
  // The names of these files change with what is in them, so a page that was open for long asks for one that is gone.
  if (response.status === 404) throw new Error('a newer version of this site has been published');
  if (!response.ok) throw new Error(`the server answers with status ${String(response.status)}`);
  try {
    return (await response.json()) as unknown;
  } catch {
    throw new Error('the file is not whole');
  }
}
