// Kinds that are no part of Kubernetes, as far as this project uses them: true is a leaf or a free-form map. A field outside of
// these trees is a misspelling, or something (a rewrite, a mirror, a retry of a route) that must not stand before the gateway.
const metadata = { name: true, namespace: true, labels: true, annotations: true };

export const routeFields = {
  apiVersion: true,
  kind: true,
  metadata,
  spec: {
    parentRefs: { group: true, kind: true, name: true, namespace: true, sectionName: true, port: true },
    hostnames: true,
    rules: {
      name: true,
      matches: { path: { type: true, value: true } },
      timeouts: { request: true, backendRequest: true },
      backendRefs: { group: true, kind: true, name: true, namespace: true, port: true, weight: true },
    },
  },
};

export const podMonitorFields = {
  apiVersion: true,
  kind: true,
  metadata,
  spec: {
    selector: { matchLabels: true },
    podMetricsEndpoints: { port: true, path: true, interval: true, scheme: true },
  },
};

export const prometheusRuleFields = {
  apiVersion: true,
  kind: true,
  metadata,
  spec: { groups: { name: true, rules: { alert: true, expr: true, for: true, labels: { severity: true }, annotations: { summary: true } } } },
};

export const certificateFields = {
  apiVersion: true,
  kind: true,
  metadata,
  spec: {
    secretName: true,
    dnsNames: true,
    privateKey: { algorithm: true, size: true, rotationPolicy: true },
    issuerRef: { name: true, kind: true, group: true },
  },
};
