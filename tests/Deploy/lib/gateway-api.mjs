// The standard channel's HTTPRoute, as far as this project uses it. A field outside of this tree is a misspelling, or
// something (a rewrite, a mirror, a retry) that must not stand before the gateway.
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
