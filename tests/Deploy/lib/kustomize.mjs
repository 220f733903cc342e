import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const repository = fileURLToPath(new URL('../../../', import.meta.url));
export const manifests = join(repository, 'deploy/k8s');

/** Every way the documentation tells a reader to combine the parts: an overlay and the lines to exchange in it. */
export const variants = [
  { name: 'base', path: 'base' },
  { name: 'front-door', path: 'overlays/front-door' },
  { name: 'front-door with an HTTPRoute', path: 'overlays/front-door', swap: ['components/ingress', 'components/http-route'] },
  {
    name: 'front-door with an external authorization server', path: 'overlays/front-door',
    swap: ['  - ../../components/ingress', '  - ../../components/ingress\n  - ../../components/external-authorization-server'],
  },
  {
    name: 'front-door with shared state', path: 'overlays/front-door',
    swap: ['  - ../../components/ingress', '  - ../../components/ingress\n  - ../../components/shared-state'],
  },
  { name: 'sidecar, mode none', path: 'overlays/sidecar' },
  { name: 'sidecar, mode credential', path: 'overlays/sidecar', swap: ['components/sidecar-none', 'components/sidecar-credential'] },
  { name: 'sidecar, mode same-token', path: 'overlays/sidecar', swap: ['components/sidecar-none', 'components/sidecar-same-token'] },
  { name: 'sidecar, stdio server', path: 'overlays/sidecar', swap: ['components/sidecar-none', 'components/sidecar-bridge'] },
  { name: 'two-hop', path: 'overlays/two-hop' },
  {
    name: 'front-door with every component', path: 'overlays/front-door',
    swap: ['  - ../../components/ingress', ['components/ingress', 'components/external-authorization-server', 'components/default-deny', 'components/node-local-dns', 'components/otlp', 'components/shared-state',
      'components/cert-manager', 'components/pull-secret', 'components/priority', '../observability'].map(component => `  - ../../${component}`).join('\n')],
  },
  { name: 'sidecar, closed by default', path: 'overlays/sidecar', swap: ['  - ../../components/sidecar\n', '  - ../../components/sidecar\n  - ../../components/default-deny\n'] },
  { name: 'two-hop, closed by default', path: 'overlays/two-hop', swap: ['configMapGenerator:', 'components:\n  - ../../components/default-deny\nconfigMapGenerator:'] },
];

/** The cluster's view of a variant: YAML 1.1, as kubectl and the API server read it. */
export function render(variant) {
  const root = mkdtempSync(join(tmpdir(), 'k8s-'));
  try {
    cpSync(join(repository, 'deploy'), root, { recursive: true });
    const overlay = join(root, 'k8s', variant.path);
    if (variant.swap) {
      const file = join(overlay, 'kustomization.yaml');
      const text = readFileSync(file, 'utf8');
      const [from, to] = variant.swap;
      // The last occurrence is the list entry; earlier ones are comments that mention the alternatives.
      const at = text.lastIndexOf(from);
      if (at < 0) throw new Error(`${variant.path}/kustomization.yaml does not name ${from}`);
      writeFileSync(file, text.slice(0, at) + to + text.slice(at + from.length));
    }
    return parse(execFileSync('kubectl', ['kustomize', overlay], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export function parse(text) {
  return parseAllDocuments(text, { version: '1.1', strict: true, uniqueKeys: true }).map(document => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  }).filter(object => object !== null);
}
