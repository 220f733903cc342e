// gateway.schema.json by a validator of JSON Schema, as an editor uses it: what is shipped is valid, and every slip in it is found.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { assert, check, equal } from '../lib/checks.mjs';
import { parseJsonc } from '../lib/jsonc.mjs';

const root = new URL('../../../', import.meta.url);
const shipped = [
  'gateway.json',
  'deploy/k8s/base/gateway.json',
  'deploy/k8s/overlays/front-door/gateway.json',
  'deploy/k8s/components/sidecar-same-token/gateway.json',
  'deploy/k8s/components/sidecar-credential/gateway.json',
  'deploy/k8s/components/sidecar-none/gateway.json',
  'deploy/k8s/components/sidecar-bridge/gateway.json',
];
const read = path => readFileSync(fileURLToPath(new URL(path, root)), 'utf8');

/** The section whose keys are loggers' own, and maps whose names are the operator's own. */
const free = path => /^Logging(\/|$)/.test(path);
const named = path => /(^|\/)(AuthorizationServers|Servers|ExtraParameters|Endpoints|Certificates|Sni)$/.test(path);

/** Every place of a document, with what a slip there makes of it. */
function* slips(document) {
  for (const path of places(document, [])) {
    const [parent, name] = [path.slice(0, -1), path.at(-1)];
    const where = path.join('/');
    const broken = change => {
      const copy = structuredClone(document);
      change(parent.reduce((node, key) => node[key], copy));
      return copy;
    };
    if (free(where) || where === '$schema') continue;
    const value = path.reduce((node, key) => node[key], document);
    if (typeof name === 'string' && !named(parent.join('/'))) {
      yield [`${where} misspelt`, broken(node => { node[`${name}x`] = node[name]; delete node[name]; })];
      yield [`${where} in lower case`, broken(node => { node[name.toLowerCase()] = node[name]; delete node[name]; })];
    }
    yield [`${where} of another type`, broken(node => { node[name] = typeof value === 'string' ? 4711 : 'text'; })];
  }
}

function* places(node, path) {
  if (node === null || typeof node !== 'object') return;
  for (const key of Array.isArray(node) ? node.keys() : Object.keys(node)) {
    yield [...path, key];
    yield* places(node[key], [...path, key]);
  }
}

export default async function suite() {
  const schema = JSON.parse(read('gateway.schema.json'));
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { uri: true } });
  let validate;
  await check('gateway.schema.json is a valid schema of draft 2020-12, without a keyword that validators do not know', () => {
    validate = ajv.compile(schema);
  });

  await check('every shipped gateway.json is valid', () => {
    for (const path of shipped) {
      assert(validate(parseJsonc(read(path))), `${path}: ${ajv.errorsText(validate.errors)}`);
    }
    return `${shipped.length} files`;
  });

  await check('every misspelt key, key of another case and value of another type is refused', () => {
    const missed = [];
    let count = 0;
    for (const path of shipped) {
      for (const [slip, document] of slips(parseJsonc(read(path)))) {
        count++;
        if (validate(document)) missed.push(`${path}: ${slip}`);
      }
    }
    assert(count > 200, `only ${count} slips`);
    equal(missed, [], 'accepted');
    return `${count} slips`;
  });

  await check('every default and every example in it is valid where it stands', () => {
    let count = 0;
    for (const [path, option] of options(schema, '')) {
      for (const value of [...(option.examples ?? []), ...('default' in option ? [option.default] : [])]) {
        count++;
        const { examples, ...own } = option;
        assert(new Ajv2020({ allowUnionTypes: true, formats: { uri: true } }).validate(own, value), `${path}: ${JSON.stringify(value)}`);
      }
    }
    assert(count > 30, `only ${count}`);
    return `${count} values`;
  });

  await check('every option has a description', () => {
    equal([...options(schema, '')].filter(([, option]) => !option.description).map(([path]) => path), [], 'without a description');
  });
}

function* options(node, path) {
  for (const [name, option] of Object.entries(node.properties ?? {})) {
    yield [`${path}/${name}`, option];
    yield* options(option, `${path}/${name}`);
  }
  for (const inner of [node.items, node.additionalProperties]) {
    if (inner && typeof inner === 'object') yield* options(inner, `${path}/*`);
  }
}
