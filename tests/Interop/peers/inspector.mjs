// The Inspector's web page, which reaches MCP servers through a process of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../harness/loopback.mjs';
import { eventually, packages, start } from '../harness/processes.mjs';

export const inspector = join(packages, '@modelcontextprotocol/inspector/clients/launcher/build/index.js');

/** Serves the page for one MCP server; answers { url, stop }. */
export async function startInspector(server) {
  const directory = await mkdtemp(join(tmpdir(), 'inspector-'));
  const port = await freePort();
  const process_ = start(process.execPath, [inspector, '--web', '--transport', 'http', '--server-url', server], {
    cwd: directory,
    env: {
      HOME: directory,
      CLIENT_PORT: String(port),
      MCP_SANDBOX_PORT: '0',
      MCP_STORAGE_DIR: directory,
      MCP_INSPECTOR_SECRET_STORE: 'memory',
      MCP_AUTO_OPEN_ENABLED: 'false',
      DANGEROUSLY_OMIT_AUTH: 'true',
    },
  });
  const stop = async () => {
    await process_.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const url = `http://localhost:${port}`;
    await eventually('The Inspector serves its page', () => fetch(url).then((answer) => answer.ok, () => false), {
      giveUp: () => process_.child.exitCode !== null && process_.output() + process_.errors(),
    });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Signs in and calls `echo`, by the page's own controls; answers what the page then shows. `onTheWay` is what a user does between. */
export async function callInPage(page, url, said, onTheWay = async () => {}) {
  await page.goto(url);
  // What a user clicks is the label that lies over the switch; the switch itself is never drawn.
  await page.locator('label').filter({ has: page.getByRole('switch') }).click();
  await onTheWay(page);
  await page.getByText('Connected', { exact: true }).waitFor();
  await page.getByText('Tools', { exact: true }).first().click();
  await page.getByText('Echo Tool', { exact: true }).click();
  await page.getByRole('textbox', { name: 'message' }).fill(said);
  await page.getByRole('button', { name: 'Execute Tool' }).click();
  const answer = page.getByText(`Echo: ${said}`);
  await answer.first().waitFor();
  return answer.first().innerText();
}
