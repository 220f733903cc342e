// Starts typescript-server.mjs as a process of its own.
import { fileURLToPath } from 'node:url';
import { startNodeServer } from '../harness/processes.mjs';

export const startTypeScriptServer = () => startNodeServer(fileURLToPath(new URL('./typescript-server.mjs', import.meta.url)));
