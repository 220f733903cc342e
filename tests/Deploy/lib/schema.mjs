// What an API server with strict field validation would say, offline: unknown fields from the official client's own
// attribute maps; required fields, types, enumerations and quantities from kubernetes-models; and the enumerations that
// the published schema leaves open.
import { createRequire } from 'node:module';
import * as official from '@kubernetes/client-node/dist/gen/models/all.js';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import { Certificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1';
import { PodMonitor, PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { certificateFields, podMonitorFields, prometheusRuleFields, routeFields } from './custom-resources.mjs';
import { knownAnnotations } from './annotations.mjs';

const require = createRequire(import.meta.url);

const enumerations = {
  pathType: ['Exact', 'Prefix', 'ImplementationSpecific'],
  protocol: ['TCP', 'UDP', 'SCTP'],
  policyTypes: ['Ingress', 'Egress'],
  whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'],
  unhealthyPodEvictionPolicy: ['IfHealthyBudget', 'AlwaysAllow'],
  fsGroupChangePolicy: ['Always', 'OnRootMismatch'],
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  restartPolicy: ['Always', 'OnFailure', 'Never'],
  ipFamilyPolicy: ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
  preemptionPolicy: ['PreemptLowerPriority', 'Never'],
  rotationPolicy: ['Never', 'Always'],
};
const typed = {
  V1Service: { 'spec.type': ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] },
  V1Deployment: {
    'spec.strategy.type': ['RollingUpdate', 'Recreate'],
    'spec.template.spec.securityContext.seccompProfile.type': ['RuntimeDefault', 'Localhost', 'Unconfined'],
  },
};

const customResources = {
  'gateway.networking.k8s.io/v1/HTTPRoute': { Strict: HTTPRoute, fields: routeFields },
  'monitoring.coreos.com/v1/PodMonitor': { Strict: PodMonitor, fields: podMonitorFields },
  'monitoring.coreos.com/v1/PrometheusRule': { Strict: PrometheusRule, fields: prometheusRuleFields },
  'cert-manager.io/v1/Certificate': { Strict: Certificate, fields: certificateFields },
};

export function problems(object) {
  const found = [];
  const { apiVersion, kind } = object;
  const model = modelOf(apiVersion, kind, found);
  if (!model) return found;
  if (model.fields) unknownIn(object, model.fields, '', found);
  if (model.official) unknown(object, model.official, '', found);
  try {
    new model.Strict(structuredClone(object)).validate();
  } catch (error) {
    found.push(error.message);
  }
  if (object.spec?.template && !object.spec.template.spec) found.push('.spec.template.spec: required by the API server, though not by the published schema');
  enumerationsIn(object, '', found);
  for (const [path, values] of Object.entries(typed[model.official] ?? {})) {
    const value = path.split('.').reduce((at, key) => at?.[key], object);
    if (value !== undefined && !values.includes(value)) found.push(`${path}: ${value} is none of ${values}`);
  }
  for (const key of Object.keys(object.metadata?.annotations ?? {})) {
    if (!knownAnnotations.has(key)) found.push(`metadata.annotations: ${key} is no annotation that a controller documents`);
  }
  return found;
}

function modelOf(apiVersion, kind, found) {
  const custom = customResources[`${apiVersion}/${kind}`];
  if (custom) return custom;
  try {
    const Strict = require(`kubernetes-models/${apiVersion}/${kind}`)[kind];
    const version = apiVersion.split('/').at(-1);
    return { Strict, official: `${version[0].toUpperCase()}${version.slice(1)}${kind}` };
  } catch {
    found.push(`there is no kind ${kind} in ${apiVersion}`);
    return null;
  }
}

function unknown(value, type, path, found) {
  const list = /^Array<(.+)>$/.exec(type);
  if (list) {
    if (!Array.isArray(value)) found.push(`${path}: not a list`);
    else value.forEach((item, index) => unknown(item, list[1], `${path}[${index}]`, found));
    return;
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map) {
    for (const [key, item] of Object.entries(value)) unknown(item, map[1], `${path}.${key}`, found);
    return;
  }
  const model = official[type];
  if (!model?.getAttributeTypeMap) return;
  if (value === null || typeof value !== 'object') {
    found.push(`${path}: not an object`);
    return;
  }
  const attributes = new Map(model.getAttributeTypeMap().map(attribute => [attribute.baseName, attribute.type]));
  for (const [key, item] of Object.entries(value)) {
    if (!attributes.has(key)) found.push(`${path}.${key}: unknown field of ${type}`);
    else unknown(item, attributes.get(key), `${path}.${key}`, found);
  }
}

/** For kinds without a map: a tree of the fields that exist; true is a leaf or a free-form map. */
function unknownIn(value, fields, path, found) {
  if (fields === true) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => unknownIn(item, fields, `${path}[${index}]`, found));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (!(key in fields)) found.push(`${path}.${key}: unknown field`);
    else unknownIn(item, fields[key], `${path}.${key}`, found);
  }
}

function enumerationsIn(value, path, found) {
  if (value === null || typeof value !== 'object') return;
  for (const [key, item] of Object.entries(value)) {
    const values = enumerations[key];
    for (const one of values ? [item].flat() : []) {
      if (!values.includes(one)) found.push(`${path}.${key}: ${one} is none of ${values}`);
    }
    if (!['labels', 'annotations', 'data', 'stringData', 'matchLabels'].includes(key)) enumerationsIn(item, `${path}.${key}`, found);
  }
}
