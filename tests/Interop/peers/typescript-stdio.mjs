// The same fixture over stdio, of the era that its first message is of.
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { create } from './typescript-fixture.mjs';

serveStdio(({ era }) => {
  const server = create(era, { toolsChanged: () => server.sendToolListChanged(), promptsChanged: () => server.sendPromptListChanged() });
  return server;
});
