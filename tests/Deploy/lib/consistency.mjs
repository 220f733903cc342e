// What a schema cannot know: whether the objects of one rendering fit each other and the gateway.json they carry.
import { configurationOf, containersOf, gatewayOf, matches, ofKind, podsOf, seconds } from './pods.mjs';

/** The longest the program takes from the end of DrainDelay to its exit: the host's shutdown time-out. */
export const shutdownSeconds = 30;

export function inconsistencies(objects) {
  const found = [];
  const pods = podsOf(objects);
  for (const rule of [selectors, backends, networkPolicies, probes, volumes, restricted, drain, destinations, identity, streaming, hops, closed, observed, certified]) {
    rule(objects, pods, problem => found.push(`${rule.name}: ${problem}`));
  }
  return found;
}

function selectors(objects, pods, report) {
  for (const { deployment, metadata, spec } of pods) {
    const name = deployment.metadata.name;
    if (!matches(metadata.labels, deployment.spec.selector)) report(`Deployment ${name} does not select its own pods`);
    for (const spread of spec.topologySpreadConstraints ?? []) {
      if (!matches(metadata.labels, spread.labelSelector)) report(`Deployment ${name} spreads other pods than its own`);
    }
  }
  for (const object of objects) {
    const selector = { Service: o => o.spec.selector, PodDisruptionBudget: o => o.spec.selector, NetworkPolicy: o => o.spec.podSelector }[object.kind]?.(object);
    if (selector && !pods.some(pod => matches(pod.metadata.labels, selector)) && !(object.kind === 'NetworkPolicy' && ['mcp-servers', 'mcp-servers-egress', 'sidecar-egress'].includes(object.metadata.name))) {
      report(`${object.kind} ${object.metadata.name} selects no pod`);
    }
  }
  for (const { spec: { scaleTargetRef: target }, metadata } of ofKind(objects, 'HorizontalPodAutoscaler')) {
    if (!objects.some(object => object.kind === target.kind && object.apiVersion === target.apiVersion && object.metadata.name === target.name)) {
      report(`HorizontalPodAutoscaler ${metadata.name} scales nothing`);
    }
  }
}

function backends(objects, pods, report) {
  const services = ofKind(objects, 'Service');
  for (const service of services) {
    const behind = pods.filter(pod => matches(pod.metadata.labels, service.spec.selector));
    for (const port of service.spec.ports) {
      for (const pod of behind) {
        if (portOf(pod, port.targetPort) === undefined) report(`Service ${service.metadata.name} targets port ${port.targetPort}, which its pods lack`);
      }
    }
  }
  const named = [
    ...ofKind(objects, 'Ingress').flatMap(ingress => ingress.spec.rules.flatMap(rule => rule.http.paths.map(path => path.backend.service))),
    ...ofKind(objects, 'HTTPRoute').flatMap(route => route.spec.rules.flatMap(rule => rule.backendRefs.map(({ name, port }) => ({ name, port: { number: port } })))),
  ];
  for (const { name, port } of named) {
    const service = services.find(one => one.metadata.name === name);
    if (!service?.spec.ports.some(one => one.name === port.name || one.port === port.number)) report(`no Service ${name} with port ${port.name ?? port.number}`);
  }
  for (const ingress of ofKind(objects, 'Ingress')) {
    const hosts = ingress.spec.tls?.flatMap(tls => tls.hosts) ?? [];
    for (const { host } of ingress.spec.rules) if (!hosts.includes(host)) report(`Ingress ${ingress.metadata.name} serves ${host} without TLS`);
  }
}

function networkPolicies(objects, pods, report) {
  for (const policy of ofKind(objects, 'NetworkPolicy')) {
    const name = policy.metadata.name;
    const selected = pods.filter(pod => matches(pod.metadata.labels, policy.spec.podSelector));
    for (const rule of policy.spec.ingress ?? []) {
      if (!rule.from?.length || !rule.ports?.length) report(`${name} lets anybody in, or at any port`);
      for (const { port } of rule.ports ?? []) {
        for (const pod of selected) if (portOf(pod, port) === undefined) report(`${name} admits to port ${port}, which ${pod.deployment.metadata.name} lacks`);
      }
    }
    for (const rule of policy.spec.egress ?? []) {
      if (!rule.to?.length || !rule.ports?.length) report(`${name} lets out to anywhere, or to any port`);
      const own = (rule.to ?? []).filter(peer => peer.podSelector && !peer.namespaceSelector);
      const reached = pods.filter(pod => own.some(peer => matches(pod.metadata.labels, peer.podSelector)));
      for (const { port } of rule.ports ?? []) {
        for (const pod of reached) if (portOf(pod, port) === undefined) report(`${name} lets out to port ${port}, which ${pod.deployment.metadata.name} lacks`);
      }
    }
  }
  for (const pod of pods) {
    const closed = ofKind(objects, 'NetworkPolicy').some(policy =>
      policy.spec.policyTypes.includes('Ingress') && matches(pod.metadata.labels, policy.spec.podSelector));
    if (!closed) report(`no policy closes ${pod.deployment.metadata.name}`);
  }
}

function probes(objects, pods, report) {
  for (const pod of pods) {
    const gateway = gatewayOf(pod);
    for (const kind of gateway ? ['startupProbe', 'livenessProbe', 'readinessProbe'] : []) {
      const probe = gateway[kind]?.httpGet;
      if (!probe) report(`${pod.deployment.metadata.name}: the gateway has no ${kind}`);
      else if (!gateway.ports.some(port => port.name === probe.port || port.containerPort === probe.port)) report(`${kind} asks port ${probe.port}, which the gateway lacks`);
    }
    const urls = gateway?.args[gateway.args.indexOf('--urls') + 1];
    if (gateway && Number(urls?.split(':').at(-1)) !== gateway.ports.find(port => port.name === 'http')?.containerPort) report(`--urls ${urls} is not port http`);
    const management = gateway && configurationOf(objects, pod)?.json.Gateway.Management?.Url;
    const declared = gateway?.ports.find(port => port.name === 'management')?.containerPort;
    if ((management ? Number(new URL(management).port) : undefined) !== declared) report(`Management:Url ${management} is not port management ${declared}`);
  }
}

function volumes(objects, pods, report) {
  for (const pod of pods) {
    const name = pod.deployment.metadata.name;
    const byName = new Map((pod.spec.volumes ?? []).map(volume => [volume.name, volume]));
    for (const container of containersOf(pod)) {
      for (const mount of container.volumeMounts ?? []) {
        const volume = byName.get(mount.name);
        if (!volume) report(`${name} mounts ${mount.name}, which does not exist`);
        if (!mount.readOnly && !volume?.persistentVolumeClaim) report(`${name} mounts ${mount.name} writable`);
        // A gateway's secrets are its own; the shared state has to know whom it lets in.
        if (volume?.secret && container.name !== 'gateway' && !(name === 'redis' && mount.mountPath === '/run/secrets/redis')) report(`${name}: ${container.name} mounts the Secret ${volume.secret.secretName}`);
      }
    }
    for (const volume of byName.values()) {
      if (volume.secret && volume.secret.defaultMode !== 0o400) report(`${name}: the Secret ${volume.secret.secretName} has mode ${volume.secret.defaultMode?.toString(8)}`);
      if (volume.configMap && !ofKind(objects, 'ConfigMap').some(map => map.metadata.name === volume.configMap.name)) report(`${name}: no ConfigMap ${volume.configMap.name}`);
    }
    const gateway = gatewayOf(pod);
    const configuration = gateway && configurationOf(objects, pod);
    if (!gateway) continue;
    if (!configuration) { report(`${name}: the gateway has no gateway.json`); continue; }
    const mounted = path => gateway.volumeMounts.some(mount => path === mount.mountPath || path.startsWith(`${mount.mountPath}/`));
    for (const path of paths(configuration.json)) if (!mounted(path)) report(`${name}: ${path} is in no volume`);
    if (!mounted(gateway.args[gateway.args.indexOf('--config') + 1])) report(`${name}: --config names no mounted file`);
  }
}

const paths = value =>
  typeof value === 'string' ? (value.startsWith('/run/') || value.startsWith('/etc/') ? [value] : [])
    : value && typeof value === 'object' ? Object.values(value).flatMap(paths) : [];

function restricted(objects, pods, report) {
  for (const pod of pods) {
    const name = pod.deployment.metadata.name;
    if (pod.spec.automountServiceAccountToken !== false) report(`${name} mounts a token for the Kubernetes API`);
    if (pod.spec.enableServiceLinks !== false) report(`${name} has service links`);
    if (pod.spec.securityContext?.runAsNonRoot !== true) report(`${name} may run as root`);
    if (pod.spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault') report(`${name} has no seccomp profile`);
    for (const container of containersOf(pod)) {
      const context = container.securityContext ?? {};
      const user = context.runAsUser ?? pod.spec.securityContext?.runAsUser;
      if (!(user > 0)) report(`${name}/${container.name} has no numeric user`);
      if (context.allowPrivilegeEscalation !== false) report(`${name}/${container.name} may escalate`);
      if (context.readOnlyRootFilesystem !== true) report(`${name}/${container.name} may write to its root`);
      if (JSON.stringify(context.capabilities?.drop) !== '["ALL"]' || context.capabilities.add) report(`${name}/${container.name} keeps capabilities`);
      if (!container.resources?.requests?.memory || !container.resources?.limits?.memory || !container.resources?.requests?.cpu) report(`${name}/${container.name} has no sizes`);
    }
    if (gatewayOf(pod) && pod.spec.volumes?.some(volume => volume.secret) && pod.spec.securityContext.fsGroup !== (gatewayOf(pod).securityContext.runAsGroup ?? pod.spec.securityContext.runAsGroup)) {
      report(`${name}: fsGroup is not the gateway's group, so it cannot read its Secrets`);
    }
  }
}

function drain(objects, pods, report) {
  for (const pod of pods.filter(gatewayOf)) {
    const name = pod.deployment.metadata.name;
    const delay = seconds(configurationOf(objects, pod)?.json.Gateway.DrainDelay ?? '00:00:05');
    const sleep = Math.max(0, ...pod.spec.containers.map(container => container.lifecycle?.preStop?.sleep?.seconds ?? 0));
    const needed = delay + sleep + shutdownSeconds;
    if (needed > pod.spec.terminationGracePeriodSeconds) report(`${name} needs ${needed} s to stop and has ${pod.spec.terminationGracePeriodSeconds}`);
    const readiness = gatewayOf(pod).readinessProbe;
    const unready = readiness ? readiness.periodSeconds * readiness.failureThreshold : Infinity;
    // The kubelet stops containers first and sidecars after them, so beside a sidecar the server itself has to wait.
    if ((pod.spec.initContainers?.some(container => container.name === 'gateway') ? sleep : delay) <= unready) report(`${name} stops before it is seen as not ready (${unready} s)`);
  }
}

function destinations(objects, pods, report) {
  for (const pod of pods.filter(gatewayOf)) {
    const sidecar = pod.spec.initContainers?.find(container => container.name === 'gateway');
    for (const [id, server] of Object.entries(configurationOf(objects, pod)?.json.Gateway.Servers ?? {})) {
      for (const url of server.Destinations.map(destination => new URL(destination))) {
        if (sidecar) {
          if (url.hostname !== '127.0.0.1') report(`the sidecar's server ${id} is not on loopback: ${url}`);
          continue;
        }
        const [service, namespace] = url.hostname.split('.');
        const found = ofKind(objects, 'Service').find(one => one.metadata.name === service && one.metadata.namespace === namespace);
        if (objects.some(one => one.kind === 'Service' && one.metadata.name !== 'gateway') && !found?.spec.ports.some(port => String(port.port) === url.port)) report(`server ${id}: no Service for ${url}`);
        const egress = ofKind(objects, 'NetworkPolicy').filter(policy => matches(pod.metadata.labels, policy.spec.podSelector)).flatMap(policy => policy.spec.egress ?? []);
        const behind = found ? pods.filter(one => matches(one.metadata.labels, found.spec.selector)) : [];
        for (const one of behind) {
          const open = egress.some(rule => rule.to.some(peer => peer.podSelector && !peer.namespaceSelector && matches(one.metadata.labels, peer.podSelector)));
          if (!open) report(`no policy lets the gateway out to ${one.deployment.metadata.name}`);
        }
      }
    }
    if (!sidecar) continue;
    if (sidecar.restartPolicy !== 'Always') report('the sidecar is an init container that has to end');
    for (const container of pod.spec.containers.filter(container => container.args?.[0] === 'bridge')) {
      const listens = container.args[container.args.indexOf('--url') + 1];
      const asked = Object.values(configurationOf(objects, pod)?.json.Gateway.Servers ?? {}).flatMap(server => server.Destinations);
      if (!asked.includes(`${listens}/mcp`)) report(`the bridge listens at ${listens}, the gateway asks ${asked}`);
      if (new URL(listens).hostname !== '127.0.0.1') report(`the bridge is not on loopback: ${listens}`);
    }
    for (const container of pod.spec.containers) {
      if (container.ports?.length) report(`${container.name} exposes a port beside the gateway`);
      if (container.securityContext.runAsUser === sidecar.securityContext.runAsUser) report(`${container.name} runs as the gateway's user`);
    }
    if (pod.spec.hostNetwork || pod.spec.shareProcessNamespace) report('the pod shares more than it may');
  }
}

function identity(objects, pods, report) {
  for (const pod of pods.filter(gatewayOf)) {
    const gateway = configurationOf(objects, pod)?.json.Gateway;
    for (const [id, server] of Object.entries(gateway?.AuthorizationServers ?? {})) {
      if (server.Client?.Authentication !== 'assertion_file') continue;
      const mount = gatewayOf(pod).volumeMounts.find(one => server.Client.AssertionFile.startsWith(`${one.mountPath}/`));
      const token = pod.spec.volumes.find(volume => volume.name === mount?.name)?.projected?.sources[0].serviceAccountToken;
      if (!token || `${mount.mountPath}/${token.path}` !== server.Client.AssertionFile) report(`${id}: no projected token at ${server.Client.AssertionFile}`);
      else if (token.audience !== server.Issuer) report(`${id}: the projected token is for ${token.audience}, not ${server.Issuer}`);
    }
    for (const ingress of ofKind(objects, 'Ingress')) {
      const services = ofKind(objects, 'Service').filter(service => matches(pod.metadata.labels, service.spec.selector)).map(service => service.metadata.name);
      for (const rule of ingress.spec.rules) {
        if (services.includes(rule.http.paths[0].backend.service.name) && `https://${rule.host}` !== gateway?.PublicUrl) report(`Ingress ${ingress.metadata.name} serves ${rule.host}, tokens name ${gateway?.PublicUrl}`);
      }
    }
    for (const route of ofKind(objects, 'HTTPRoute')) {
      if (!route.spec.hostnames.some(host => `https://${host}` === gateway?.PublicUrl)) report(`HTTPRoute ${route.metadata.name} does not serve ${gateway?.PublicUrl}`);
    }
  }
}

function streaming(objects, pods, report) {
  for (const ingress of ofKind(objects, 'Ingress')) {
    const annotations = ingress.metadata.annotations ?? {};
    const prefix = 'nginx.ingress.kubernetes.io/';
    if (annotations[`${prefix}proxy-buffering`] !== 'off' || annotations[`${prefix}proxy-request-buffering`] !== 'off') report(`${ingress.metadata.name} buffers`);
    if (!(Number(annotations[`${prefix}proxy-read-timeout`]) >= 3600)) report(`${ingress.metadata.name} cuts streams before MaxResponseDuration`);
    if (Object.keys(annotations).some(key => key.includes('rewrite'))) report(`${ingress.metadata.name} rewrites the path`);
  }
  for (const route of ofKind(objects, 'HTTPRoute')) {
    for (const rule of route.spec.rules) {
      if (rule.timeouts?.request !== '0s' || rule.timeouts?.backendRequest !== '0s') report(`${route.metadata.name} cuts streams`);
      if (rule.filters) report(`${route.metadata.name} changes requests`);
    }
  }
}

function hops(objects, pods, report) {
  const gateways = pods.filter(gatewayOf).map(pod => ({ pod, gateway: configurationOf(objects, pod)?.json.Gateway }));
  const front = gateways.find(({ gateway }) => Object.values(gateway?.Servers ?? {}).some(server => server.Outbound.Mode === 'local'
    && !server.Destinations[0].includes('127.0.0.1')))?.gateway;
  if (!front) return;
  const sidecar = gateways.find(({ gateway }) => gateway !== front)?.gateway;
  const outbound = Object.values(front.Servers).find(server => server.Outbound.Mode === 'local').Outbound;
  const expected = Object.entries(sidecar?.Servers ?? {}).map(([id, server]) => sidecar.PublicUrl + (server.Path ?? `/${id}`));
  if (!expected.includes(outbound.Resource)) report(`the front door mints for ${outbound.Resource}, the sidecar is ${expected}`);
  const trusted = Object.values(sidecar?.AuthorizationServers ?? {}).map(server => server.Issuer);
  if (JSON.stringify(trusted) !== JSON.stringify([front.LocalIssuer.Issuer])) report(`the sidecar trusts ${trusted}, the front door signs as ${front.LocalIssuer.Issuer}`);
}

/** Where nothing is allowed by default, everybody can ask DNS, and a gateway can reach the authorization server and the collector. */
function closed(objects, pods, report) {
  const policies = ofKind(objects, 'NetworkPolicy');
  const egressOf = pod => policies.filter(policy => policy.spec.policyTypes.includes('Egress') && matches(pod.metadata.labels, policy.spec.podSelector));
  for (const pod of pods) {
    const name = pod.deployment.metadata.name;
    const rules = egressOf(pod).flatMap(policy => policy.spec.egress ?? []);
    if (egressOf(pod).length === 0) continue;
    const open = port => rules.some(rule => rule.ports.some(one => one.port === port));
    // The shared state calls nobody.
    if (!open(53) && name !== 'redis') report(`${name} may not ask DNS`);
    if (!gatewayOf(pod)) continue;
    if (Object.keys(configurationOf(objects, pod)?.json.Gateway.AuthorizationServers ?? {}).length > 0 && !open(443)) report(`${name} may not ask its authorization server`);
    const collector = gatewayOf(pod).env?.find(one => one.name === 'OTEL_EXPORTER_OTLP_ENDPOINT')?.value;
    if (collector && !open(Number(new URL(collector).port))) report(`${name} may not send to ${collector}`);
  }
  const deny = policies.find(policy => Object.keys(policy.spec.podSelector).length === 0 && policy.spec.policyTypes.length === 2);
  if (deny && (deny.spec.ingress?.length || deny.spec.egress?.length)) report(`${deny.metadata.name} denies nothing`);
}

function observed(objects, pods, report) {
  for (const monitor of ofKind(objects, 'PodMonitor')) {
    const seen = pods.filter(pod => matches(pod.metadata.labels, monitor.spec.selector));
    if (seen.length === 0) report(`PodMonitor ${monitor.metadata.name} sees no pod`);
    for (const { port } of monitor.spec.podMetricsEndpoints) {
      for (const pod of seen) if (portOf(pod, port) === undefined) report(`PodMonitor ${monitor.metadata.name} scrapes port ${port}, which ${pod.deployment.metadata.name} lacks`);
    }
  }
}

function certified(objects, pods, report) {
  for (const certificate of ofKind(objects, 'Certificate')) {
    const used = ofKind(objects, 'Ingress').flatMap(ingress => ingress.spec.tls).find(tls => tls.secretName === certificate.spec.secretName);
    if (!used) report(`no Ingress uses the Secret ${certificate.spec.secretName}`);
    else for (const host of used.hosts) if (!certificate.spec.dnsNames.includes(host)) report(`the certificate does not name ${host}`);
  }
  for (const { spec, deployment } of pods) {
    if (spec.priorityClassName && !ofKind(objects, 'PriorityClass').some(one => one.metadata.name === spec.priorityClassName)) report(`${deployment.metadata.name} has a priority that nobody defines`);
  }
}

function portOf(pod, port) {
  const all = containersOf(pod).flatMap(container => container.ports ?? []);
  return all.find(one => one.name === port || one.containerPort === port)?.containerPort;
}
