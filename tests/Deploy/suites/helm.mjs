// deploy/helm, rendered by helm itself: the same objects as the kustomize base, and nothing else by mistake.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { assert, check, equal } from '../lib/checks.mjs';
import { inconsistencies } from '../lib/consistency.mjs';
import { chart, helm } from '../lib/helm.mjs';
import { manifests, parse, render, repository, variants } from '../lib/kustomize.mjs';
import { problems } from '../lib/schema.mjs';

const configuration = ['--set-file', `configuration=${join(manifests, 'base/gateway.json')}`];
const audience = ['--set', 'assertion.audience=https://login.example.com/realms/corp'];

function template(...values) {
  const { status, stdout, stderr } = helm('template', 'gateway', chart, '--namespace', 'mcp', ...values);
  assert(status === 0, stderr);
  return parse(stdout);
}

/** Without what differs on purpose: how a change of the configuration becomes a rollout. */
function comparable(objects) {
  return objects.map(object => {
    const copy = structuredClone(object);
    if (copy.kind === 'Deployment') delete copy.spec.template.metadata.annotations;
    return JSON.stringify(sorted(copy)).replace(/"gateway-config-[a-z0-9]{10}"/g, '"gateway-config"');
  }).sort();
}

const sorted = value => Array.isArray(value) ? value.map(sorted)
  : value && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])])) : value;

const everything = {
  component: 'second', image: { repository: 'registry.example.com/mcp-gateway', digest: `sha256:${'a'.repeat(64)}`, pullSecrets: [{ name: 'registry' }] },
  sessionKeysSecret: 'keys', assertion: { audience: 'https://login.example.com/realms/corp' }, secrets: { client: 'gateway-client', signing: 'gateway-signing' },
  env: [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://collector.monitoring.svc:4317' }], autoscaling: { minReplicas: 3, maxReplicas: 9, averageUtilization: 70 },
  resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { memory: '1Gi' } }, terminationGracePeriodSeconds: 90, priorityClassName: 'mcp-gateway',
  networkPolicy: { callers: [{ podSelector: { matchLabels: { app: 'caller' } } }], scrapers: [], egress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [53, 443, 4317, 8080].map(port => ({ port, protocol: 'TCP' })) }] },
};

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'helm-'));
  const file = join(work, 'values.json');
  const withValues = values => (writeFileSync(file, JSON.stringify(values)), ['--values', file]);
  try {
    await check('helm finds nothing to complain about in the chart', () => {
      const { status, stdout, stderr } = helm('lint', '--strict', chart, ...configuration);
      equal(status, 0, stdout + stderr);
    });
    await check('the chart renders what the kustomize base does', () => {
      const objects = template(...configuration, ...audience);
      const base = comparable(render(variants.find(variant => variant.name === 'base')));
      equal(comparable(objects).filter(object => !base.includes(object)), base.filter(object => !comparable(objects).includes(object)), 'what differs');
      equal(objects.length, base.length, 'how many');
      return `${objects.length} objects`;
    });
    await check('with every value set, every object is strictly valid and their parts fit each other', () => {
      const objects = template(...configuration, ...withValues(everything));
      equal(objects.flatMap(object => problems(object).map(problem => `${object.kind}: ${problem}`)), [], 'problems');
      const [priority] = parse(readFileSync(join(manifests, 'components/priority/priorityclass.yaml'), 'utf8'));
      equal(inconsistencies([...objects, priority]), [], 'problems');
      const [{ spec: { template: { spec } } }] = objects.filter(({ kind }) => kind === 'Deployment');
      equal(spec.containers[0].image, `registry.example.com/mcp-gateway@${everything.image.digest}`, 'image');
      equal(spec.containers[0].volumeMounts.map(({ mountPath }) => mountPath), ['config', 'session', 'assertion', 'client', 'signing'].map(name => name === 'config' ? '/etc/gateway' : `/run/secrets/gateway/${name}`), 'mounts');
    });
    await check('two releases of one namespace share no name, and with a component each no pod', () => {
      const [one, other] = [template(...configuration), parse(helm('template', 'second', chart, '--namespace', 'mcp', ...configuration, '--set', 'component=second').stdout)];
      const names = objects => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      equal(names(one).filter(name => names(other).includes(name)), [], 'names');
      const selector = objects => JSON.stringify(objects.find(({ kind }) => kind === 'Service').spec.selector);
      assert(selector(one) !== selector(other), 'one selector');
    });
    await check('a change of the configuration is a rollout', () => {
      const pod = objects => JSON.stringify(objects.find(({ kind }) => kind === 'Deployment').spec.template);
      const changed = join(work, 'gateway.json');
      writeFileSync(changed, readFileSync(join(manifests, 'base/gateway.json'), 'utf8').replace('weather', 'notes'));
      assert(pod(template(...configuration)) !== pod(template('--set-file', `configuration=${changed}`)), 'the same pods');
    });
    await check('what gateway.json says arrives character by character', () => {
      const text = '{\n  // "ä" \u2028 \\n {{ .Values.image }} <&> \t\n  "Gateway": {}\n}\n';
      const odd = join(work, 'odd.json');
      writeFileSync(odd, text);
      equal(template('--set-file', `configuration=${odd}`).find(({ kind }) => kind === 'ConfigMap').data['gateway.json'], text, 'gateway.json');
    });

    const wrong = {
      'no configuration': [[], /configuration is missing/],
      'a misspelt value': [[...configuration, '--set', 'image.repositry=x'], /repositry/],
      'a tag for a digest': [[...configuration, '--set', 'image.digest=latest'], /digest/],
      'a policy that lets nobody in': [[...configuration, ...withValues({ networkPolicy: { callers: [] } })], /callers/],
      'a Secret in the place of another': [[...configuration, '--set', 'secrets.session=mine'], /session/],
    };
    for (const [what, [values, why]] of Object.entries(wrong)) {
      await check(`${what} is refused`, () => {
        const { status, stderr } = helm('template', 'gateway', chart, ...values);
        assert(status !== 0 && why.test(stderr), stderr || 'accepted');
      });
    }

    await check('the chart is of the version that it installs, and docs/kubernetes.md names every value', () => {
      const { version, appVersion } = parseYaml(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
      const [, built] = /<Version>(.*)<\/Version>/.exec(readFileSync(join(repository, 'Directory.Build.props'), 'utf8'));
      equal([version, appVersion], [built, built], 'versions');
      const page = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8');
      const keys = Object.entries(parseYaml(readFileSync(join(chart, 'values.yaml'), 'utf8')))
        .flatMap(([name, value]) => value && typeof value === 'object' && !Array.isArray(value) && name !== 'resources' && Object.keys(value).length ? Object.keys(value).map(key => `${name}.${key}`) : [name]);
      equal(keys.filter(key => !page.includes(`\`${key}\``)), [], 'not named');
      return `${keys.length} values`;
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
