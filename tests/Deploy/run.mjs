import { readdirSync } from 'node:fs';
import { finish } from './lib/checks.mjs';

const order = ['manifests', 'helm', 'observability', 'schema', 'sbom', 'aot', 'image', 'sidecar', 'two-hop', 'rolling'];
const present = readdirSync(new URL('./suites', import.meta.url)).map(file => file.replace('.mjs', ''));
const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!present.includes(name)) {
    console.error(`There is no suite ${name}; there are ${present.join(', ')}.`);
    process.exit(2);
  }
}
for (const name of order.filter(each => present.includes(each) && (wanted.length === 0 || wanted.includes(each)))) {
  console.log(`# ${name}`);
  await (await import(`./suites/${name}.mjs`)).default();
}
process.exit(finish() ? 0 : 1);
