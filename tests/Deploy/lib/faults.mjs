// Mistakes that are valid Kubernetes, each with the rule that has to see it.
import { configurationOf, gatewayOf, ofKind, podsOf } from './pods.mjs';

const one = (objects, kind, name = 'gateway') => ofKind(objects, kind).find(object => object.metadata.name === name);
const pod = (objects, name = 'gateway') => one(objects, 'Deployment', name).spec.template;
const gateway = (objects, name) => gatewayOf(pod(objects, name));
const rewrite = (objects, name, from, to) => {
  const { text } = configurationOf(objects, podsOf(objects).find(each => each.deployment.metadata.name === name));
  const map = ofKind(objects, 'ConfigMap').find(each => each.data['gateway.json'] === text);
  if (!text.includes(from)) throw new Error(`gateway.json does not hold ${from}`);
  map.data['gateway.json'] = text.replace(from, to);
};

export const faults = [
  { name: 'the Service selects nothing', rule: 'selectors', variant: 'front-door', seed: o => { one(o, 'Service').spec.selector['app.kubernetes.io/name'] = 'mcp-gatway'; } },
  { name: 'the Deployment does not select its pods', rule: 'selectors', variant: 'base', seed: o => { pod(o).metadata.labels['app.kubernetes.io/component'] = 'door'; } },
  { name: 'the budget protects nothing', rule: 'selectors', variant: 'base', seed: o => { one(o, 'PodDisruptionBudget').spec.selector.matchLabels['app.kubernetes.io/name'] = 'gateway'; } },
  { name: 'the autoscaler scales another Deployment', rule: 'selectors', variant: 'base', seed: o => { one(o, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name = 'mcp-gateway'; } },
  { name: 'the Service targets a port that no container has', rule: 'backends', variant: 'front-door', seed: o => { one(o, 'Service').spec.ports[0].targetPort = 'web'; } },
  { name: 'the Ingress names another Service', rule: 'backends', variant: 'front-door', seed: o => { one(o, 'Ingress').spec.rules[0].http.paths[0].backend.service.name = 'mcp-gateway'; } },
  { name: 'the Ingress serves a host without TLS', rule: 'backends', variant: 'front-door', seed: o => { one(o, 'Ingress').spec.tls = []; } },
  { name: 'the HTTPRoute names another port', rule: 'backends', variant: 'front-door with an HTTPRoute', seed: o => { one(o, 'HTTPRoute').spec.rules[0].backendRefs[0].port = 80; } },
  { name: 'the policy admits to the Service port of another pod port', rule: 'networkPolicies', variant: 'front-door', seed: o => { one(o, 'NetworkPolicy').spec.ingress[0].ports[0].port = 80; } },
  { name: 'the policy admits anybody', rule: 'networkPolicies', variant: 'front-door', seed: o => { delete one(o, 'NetworkPolicy').spec.ingress[0].from; } },
  { name: 'the policy lets out to anywhere', rule: 'networkPolicies', variant: 'base', seed: o => { one(o, 'NetworkPolicy').spec.egress[0].to = []; } },
  { name: 'an MCP server is open to every pod', rule: 'networkPolicies', variant: 'front-door', seed: o => { delete pod(o, 'notes-mcp').metadata.labels['mcp-gateway/role']; } },
  { name: 'a probe asks a port that does not exist', rule: 'probes', variant: 'base', seed: o => { gateway(o).readinessProbe.httpGet.port = 'https'; } },
  { name: 'the program listens elsewhere', rule: 'probes', variant: 'base', seed: o => { gateway(o).args[4] = 'http://*:8081'; } },
  { name: 'the management listener is elsewhere', rule: 'probes', variant: 'base', seed: o => rewrite(o, 'gateway', '0.0.0.0:9090', '0.0.0.0:9091') },
  { name: 'a Secret is readable by everybody', rule: 'volumes', variant: 'two-hop', seed: o => { pod(o).spec.volumes.find(volume => volume.secret).secret.defaultMode = 0o444; } },
  { name: 'the server can read the sidecar\'s Secret', rule: 'volumes', variant: 'sidecar, mode credential', seed: o => { pod(o, 'legacy-mcp').spec.containers[0].volumeMounts = [{ name: 'server-credential', mountPath: '/x', readOnly: true }]; } },
  { name: 'gateway.json names a file in no volume', rule: 'volumes', variant: 'front-door', seed: o => rewrite(o, 'gateway', '/session/keys', '/sessions/keys') },
  { name: 'the container keeps a capability', rule: 'restricted', variant: 'base', seed: o => { gateway(o).securityContext.capabilities = { drop: ['ALL'], add: ['NET_BIND_SERVICE'] }; } },
  { name: 'the API token is mounted', rule: 'restricted', variant: 'two-hop', seed: o => { delete pod(o, 'legacy-mcp').spec.automountServiceAccountToken; } },
  { name: 'the gateway cannot read its Secrets', rule: 'restricted', variant: 'front-door', seed: o => { delete pod(o).spec.securityContext.fsGroup; } },
  { name: 'the drain outlasts the grace period', rule: 'drain', variant: 'base', seed: o => { pod(o).spec.terminationGracePeriodSeconds = 30; } },
  { name: 'the drain ends before readiness is seen to fail', rule: 'drain', variant: 'base', seed: o => rewrite(o, 'gateway', '00:00:15', '00:00:01') },
  { name: 'the server behind the sidecar stops at once', rule: 'drain', variant: 'sidecar, mode none', seed: o => { delete pod(o, 'legacy-mcp').spec.containers[0].lifecycle; } },
  { name: 'a destination has another port', rule: 'destinations', variant: 'front-door', seed: o => rewrite(o, 'gateway', 'weather-mcp.mcp.svc:8080', 'weather-mcp.mcp.svc:80') },
  { name: 'a destination is in another namespace', rule: 'destinations', variant: 'front-door', seed: o => rewrite(o, 'gateway', 'notes-mcp.mcp.svc', 'notes-mcp.default.svc') },
  { name: 'the sidecar sends to the pod\'s address', rule: 'destinations', variant: 'sidecar, mode none', seed: o => rewrite(o, 'legacy-mcp', '127.0.0.1:3000', 'legacy-mcp:3000') },
  { name: 'the bridge listens elsewhere than the gateway asks', rule: 'destinations', variant: 'sidecar, stdio server', seed: o => { pod(o, 'legacy-mcp').spec.containers[0].args[2] = 'http://127.0.0.1:8082'; } },
  { name: 'the server exposes its own port', rule: 'destinations', variant: 'sidecar, mode same-token', seed: o => { pod(o, 'legacy-mcp').spec.containers[0].ports = [{ containerPort: 3000 }]; } },
  { name: 'the sidecar is a plain init container', rule: 'destinations', variant: 'sidecar, mode none', seed: o => { delete gateway(o, 'legacy-mcp').restartPolicy; } },
  { name: 'the projected token is for another authorization server', rule: 'identity', variant: 'front-door', seed: o => rewrite(o, 'gateway', 'realms/corp', 'realms/other') },
  { name: 'the Ingress serves another host than tokens name', rule: 'identity', variant: 'sidecar, mode same-token', seed: o => rewrite(o, 'legacy-mcp', 'https://legacy.example.com"', 'https://mcp.example.com"') },
  { name: 'the HTTPRoute serves another host', rule: 'identity', variant: 'front-door with an HTTPRoute', seed: o => { one(o, 'HTTPRoute').spec.hostnames = ['mcp2.example.com']; } },
  { name: 'the Ingress buffers', rule: 'streaming', variant: 'front-door', seed: o => { one(o, 'Ingress').metadata.annotations['nginx.ingress.kubernetes.io/proxy-buffering'] = 'on'; } },
  { name: 'the HTTPRoute cuts streams', rule: 'streaming', variant: 'front-door with an HTTPRoute', seed: o => { delete one(o, 'HTTPRoute').spec.rules[0].timeouts; } },
  { name: 'nobody may ask DNS', rule: 'closed', variant: 'two-hop, closed by default', seed: o => { one(o, 'NetworkPolicy', 'allow-dns').spec.egress[0].ports = [{ port: 5353, protocol: 'UDP' }]; } },
  { name: 'the sidecar may not ask its authorization server', rule: 'closed', variant: 'sidecar, closed by default', seed: o => { one(o, 'NetworkPolicy', 'sidecar-egress').spec.egress = []; } },
  { name: 'the collector listens elsewhere', rule: 'closed', variant: 'front-door with every component', seed: o => { gateway(o).env.find(each => each.name === 'OTEL_EXPORTER_OTLP_ENDPOINT').value = 'http://collector:4318'; } },
  { name: 'the default is not to deny', rule: 'closed', variant: 'sidecar, closed by default', seed: o => { one(o, 'NetworkPolicy', 'default-deny').spec.egress = [{ to: [{ podSelector: {} }], ports: [{ port: 443 }] }]; } },
  { name: 'the monitor scrapes a port that does not exist', rule: 'observed', variant: 'front-door with every component', seed: o => { one(o, 'PodMonitor', 'mcp-gateway').spec.podMetricsEndpoints[0].port = 'metrics'; } },
  { name: 'the monitor sees no pod', rule: 'observed', variant: 'front-door with every component', seed: o => { one(o, 'PodMonitor', 'mcp-gateway').spec.selector.matchLabels['app.kubernetes.io/name'] = 'gateway'; } },
  { name: 'the certificate goes into another Secret', rule: 'certified', variant: 'front-door with every component', seed: o => { one(o, 'Certificate', 'mcp-example-com').spec.secretName = 'tls'; } },
  { name: 'the certificate names another host', rule: 'certified', variant: 'front-door with every component', seed: o => { one(o, 'Certificate', 'mcp-example-com').spec.dnsNames = ['example.com']; } },
  { name: 'the priority is nobody\'s', rule: 'certified', variant: 'front-door with every component', seed: o => { pod(o).spec.priorityClassName = 'high'; } },
  { name: 'the front door mints for another resource', rule: 'hops', variant: 'two-hop', seed: o => rewrite(o, 'gateway', 'cluster.local/mcp', 'cluster.local/mcp2') },
  { name: 'the sidecar trusts the front door\'s authorization server', rule: 'hops', variant: 'two-hop', seed: o => rewrite(o, 'legacy-mcp', 'https://mcp.example.com/hop', 'https://login.example.com/realms/corp') },
];
