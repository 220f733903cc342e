// node --test's events as one line per test, ending with `N passed, N failed`.
import { relative } from 'node:path';

export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    // A file that could not be run fails as a test of its own name; suites are counted by their tests.
    if (type === 'test:pass' && data.details.type !== 'suite' && data.file !== data.name) {
      passed += 1;
      yield `  ok    ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
    } else if (type === 'test:diagnostic' && data.file) {
      // What a test has measured; the runner's own totals are of no file.
      yield `        ${data.message}\n`;
    } else if (type === 'test:fail') {
      const error = data.details.error?.cause ?? data.details.error;
      const where = `${data.name} (${relative(process.cwd(), data.file ?? '')})\n${indent(error?.stack ?? String(error))}\n`;
      if (data.details.type !== 'suite') {
        failed += 1;
        yield `  FAIL  ${where}`;
      } else if (data.details.error?.failureType === 'hookFailed') {
        // Its tests count as failed, one by one; only here it is said why.
        yield `  could not set up: ${where}`;
      }
    }
  }
  yield `${passed} passed, ${failed} failed\n`;
}

const indent = (text) => text.split('\n').map((line) => `        ${line}`).join('\n');
