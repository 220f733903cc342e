// The bill of materials and the image's labels: what is in the program, said completely.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, check, equal } from '../lib/checks.mjs';
import { repository } from '../lib/kustomize.mjs';

const read = path => readFileSync(join(repository, path), 'utf8');

/** The command of docs/install.md, as words. */
const documented = () => /^dotnet (dotnet-CycloneDX .*)$/m.exec(read('docs/install.md'))[1].split(' ');

/** What NuGet restored for the program and the program loads: name/version. */
function loaded() {
  const { targets } = JSON.parse(read('src/Gateway/obj/project.assets.json'));
  const files = group => Object.keys(group ?? {}).filter(file => !file.endsWith('_._'));
  return Object.entries(targets['net10.0']).filter(([, { type, runtime, runtimeTargets }]) => type === 'package' && [...files(runtime), ...files(runtimeTargets)].length > 0).map(([id]) => id.toLowerCase()).sort();
}

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'sbom-'));
  try {
    await check('the bill of materials names every package of the program, and none that only built it', () => {
      execFileSync('dotnet', ['tool', 'restore'], { cwd: repository, stdio: 'pipe' });
      const words = documented();
      words[words.indexOf('--output') + 1] = work;
      execFileSync('dotnet', words, { cwd: repository, stdio: 'pipe' });
      const { bomFormat, metadata, components: all } = JSON.parse(readFileSync(join(work, 'bom.json'), 'utf8'));
      // What it lists as excluded was there for the build alone.
      const components = all.filter(({ scope }) => scope !== 'excluded');
      equal([bomFormat, metadata.component.name], ['CycloneDX', 'mcp-gateway'], 'document');
      equal(metadata.component.version, /<Version>(.*)<\/Version>/.exec(read('Directory.Build.props'))[1], 'version');
      equal(components.map(({ name, version }) => `${name}/${version}`.toLowerCase()).sort(), loaded(), 'packages');
      for (const { name, purl, licenses, hashes } of components) assert(purl?.startsWith('pkg:nuget/') && licenses?.length && hashes?.length, `${name} has no purl, licence or hash`);
      return `${components.length} packages`;
    });
    await check('the image says what the OCI specification has a label for', () => {
      const labels = [...read('Dockerfile').matchAll(/org\.opencontainers\.image\.([a-z.]+)=/g)].map(match => match[1]);
      equal(['title', 'description', 'licenses', 'version', 'revision', 'created', 'source', 'base.name'].filter(label => !labels.includes(label)), [], 'missing');
      equal(/^ARG VERSION=(.*)$/m.exec(read('Dockerfile'))[1], /<Version>(.*)<\/Version>/.exec(read('Directory.Build.props'))[1], 'version');
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
