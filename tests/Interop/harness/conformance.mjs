// Runs the official conformance suite and compares two runs check by check.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packages, run } from './processes.mjs';

const suite = join(packages, '@modelcontextprotocol/conformance/dist/index.js');
const authorize = new URL('./authorize.mjs', import.meta.url).href;
export const revisions = ['2025-11-25', '2026-07-28'];

/** Answers { scenario: ["check STATUS", …] } with the checks in the order in which the suite made them. */
export async function runConformance(url, revision, { token, timeout = 30_000, deadline = 150_000 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const preload = token ? ['--import', authorize] : [];
    const env = { BEARER_ORIGIN: new URL(url).origin, BEARER_TOKEN: token ?? '' };
    const args = ['server', '--url', url, '--requirements', revision, '--timeout', `${timeout}`, '-o', directory];
    const { stdout, stderr } = await run(process.execPath, [...preload, suite, ...args], { env, deadline });
    const results = {};
    for (const name of await readdir(directory)) {
      const scenario = /^server-(.*)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name)[1];
      // A scenario that could not even be carried out leaves an empty directory.
      const checks = await readFile(join(directory, name, 'checks.json'), 'utf8').catch(() => '[]');
      results[scenario] = JSON.parse(checks).map(({ id, name: check, status }) => `${id} ${check} ${status}`);
    }
    if (Object.keys(results).length === 0) throw new Error(`The suite wrote no results:\n${stdout}${stderr}`);
    return results;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Every scenario in which two runs differ, with the checks that only one of them has. */
export function compare(direct, through) {
  const differences = [];
  for (const scenario of new Set([...Object.keys(direct), ...Object.keys(through)])) {
    const expected = direct[scenario] ?? [];
    const actual = through[scenario] ?? [];
    if (expected.join('\n') === actual.join('\n')) continue;
    differences.push({ scenario, direct: without(expected, actual), through: without(actual, expected) });
  }
  return differences;
}

function without(list, other) {
  const rest = [...other];
  return list.filter((each) => {
    const index = rest.indexOf(each);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}
