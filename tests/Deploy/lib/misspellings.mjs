// Seeds for the validator: every structural key with a letter lost, and every kind of wrong value.
const freeForm = new Set(['labels', 'matchLabels', 'data', 'stringData', 'selector', 'limits', 'requests']);

export function* misspellings(object) {
  for (const { owner, key, path, quantity } of keys(object, '')) {
    if (quantity) continue; // a resource's name is free: extended resources exist
    const misspelt = key.length > 1 ? key.slice(0, -2) + key.at(-1) + key.at(-2) + 'x' : `${key}x`;
    yield change(owner, path, object, target => {
      target[misspelt] = target[key];
      delete target[key];
    });
  }
}

const wrong = {
  imagePullPolicy: 'Sometimes', restartPolicy: 'always', protocol: 'tcp', pathType: 'prefix', whenUnsatisfiable: 'Schedule',
  unhealthyPodEvictionPolicy: 'Never', fsGroupChangePolicy: 'onRootMismatch',
  containerPort: 'eighty', periodSeconds: '2s', failureThreshold: 'three', minReplicas: 'two', maxReplicas: 'six',
  averageUtilization: '70%', runAsUser: 'app', runAsGroup: 'app', fsGroup: 'app', defaultMode: 'r--------', revisionHistoryLimit: 'five',
  memory: '128 MB', cpu: 'a little', readOnlyRootFilesystem: 'yes', allowPrivilegeEscalation: 'no', runAsNonRoot: 'true',
  automountServiceAccountToken: 'false', terminationGracePeriodSeconds: '60s', expirationSeconds: '10m', minReadySeconds: '5s',
  stabilizationWindowSeconds: '5m', enableServiceLinks: 'false', seconds: '15s', request: 'never', backendRequest: 'infinite',
};
const required = {
  containers: 'name', volumeMounts: 'mountPath', ports: 'containerPort', template: 'spec', scaleTargetRef: 'name', paths: 'pathType',
  backendRefs: 'name', topologySpreadConstraints: 'maxSkew', volumes: 'name',
};

export function* badValues(object) {
  for (const { owner, key, path } of keys(object, '')) {
    const at = owner.reduce((value, step) => value[step], object);
    if (key in wrong && (typeof at[key] !== 'object')) yield change(owner, `${path}=${wrong[key]}`, object, target => { target[key] = wrong[key]; });
    const item = Array.isArray(at[key]) ? at[key][0] : at[key];
    if (required[key] in (typeof item === 'object' && item !== null ? item : {})) {
      yield change(owner, `${path} without ${required[key]}`, object, target => {
        delete (Array.isArray(target[key]) ? target[key][0] : target[key])[required[key]];
      });
    }
  }
}

function change(owner, path, object, edit) {
  const broken = structuredClone(object);
  edit(owner.reduce((value, step) => value[step], broken));
  return { path, broken };
}

function* keys(value, path, owner = []) {
  if (value === null || typeof value !== 'object') return;
  for (const [key, item] of Object.entries(value)) {
    const at = `${path}.${key}`;
    if (!Array.isArray(value)) yield { owner, key, path: at };
    // A Service's selector is a plain map; elsewhere "selector" holds matchLabels, whose key is structure.
    const free = key === 'selector' ? !('matchLabels' in item) : freeForm.has(key);
    if (free) {
      if (key === 'limits' || key === 'requests') {
        for (const name of Object.keys(item)) if (name in wrong) yield { owner: [...owner, key], key: name, path: `${at}.${name}`, quantity: true };
      }
      continue;
    }
    yield* keys(item, at, [...owner, key]);
  }
}
