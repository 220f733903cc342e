// A newcomer's sign-in with the official client: nothing is known but the URL of one MCP server.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { HeadlessUser } from './headless-user.mjs';

/** Answers { user, fetched, client, connect }: `fetched` is every request on the way, `connect` goes on with the token and answers the transport. */
export async function signIn(resource) {
  const user = new HeadlessUser();
  const fetched = [];
  const recordingFetch = async (input, init) => {
    const response = await fetch(input, init);
    fetched.push({ method: init?.method ?? 'GET', url: String(input), status: response.status, headers: response.headers });
    return response;
  };
  const client = new Client({ name: 'interop', version: '1.0.0' });
  const transport = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider: user, fetch: recordingFetch });
  const first = transport();
  await assert.rejects(client.connect(first), UnauthorizedError);
  await first.finishAuth(user.code);
  const connect = async () => {
    const next = transport();
    await client.connect(next);
    return next;
  };
  return { user, fetched, client, connect };
}
