// The shipped gateway.json files, with this test's addresses and directories in place of the cluster's.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonc } from './jsonc.mjs';
import { manifests } from './kustomize.mjs';

/** Writes a shipped file as the test needs it; `change` gets its Gateway section. */
export function shipped(path, target, change) {
  const configuration = parseJsonc(readFileSync(join(manifests, path), 'utf8'));
  change(configuration.Gateway);
  writeFileSync(target, JSON.stringify(configuration, null, 2));
  return target;
}

/** A file that only its owner may read, as the gateway demands. */
export function secret(path, content) {
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
