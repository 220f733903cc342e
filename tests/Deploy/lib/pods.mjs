import { parseJsonc } from './jsonc.mjs';

export const ofKind = (objects, kind) => objects.filter(object => object.kind === kind);
export const containersOf = pod => [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
export const podsOf = objects => ofKind(objects, 'Deployment').map(deployment => ({ deployment, ...deployment.spec.template }));
export const gatewayOf = pod => containersOf(pod).find(container => container.name === 'gateway');
export const matches = (labels, selector) =>
  Object.entries(selector?.matchLabels ?? selector ?? {}).every(([key, value]) => labels?.[key] === value);

/** The gateway.json that a pod's gateway reads, as the program would. */
export function configurationOf(objects, pod) {
  const map = pod.spec.volumes?.find(volume => volume.configMap?.name.startsWith('gateway-'))?.configMap.name;
  const text = ofKind(objects, 'ConfigMap').find(object => object.metadata.name === map)?.data?.['gateway.json'];
  return text === undefined ? undefined : { text, json: parseJsonc(text) };
}

export function seconds(timeSpan) {
  const [, days = '0', h, m, s] = /^(?:(\d+)\.)?(\d+):(\d+):(\d+)/.exec(timeSpan);
  return Number(days) * 86400 + Number(h) * 3600 + Number(m) * 60 + Number(s);
}
