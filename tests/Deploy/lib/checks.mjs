// One line per check. A check that throws has failed; the suite goes on.
let passed = 0;
let failed = 0;

export async function check(sentence, body) {
  const started = performance.now();
  try {
    const note = await body();
    passed++;
    const seconds = (performance.now() - started) / 1000;
    console.log(`ok    ${sentence}${note ? ` (${note})` : ''}${seconds >= 1 ? ` [${seconds.toFixed(1)} s]` : ''}`);
    return true;
  } catch (error) {
    failed++;
    console.log(`FAIL  ${sentence}\n      ${String(error?.stack ?? error).split('\n').slice(0, 12).join('\n      ')}`);
    return false;
  }
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(actual, expected, what) {
  const a = JSON.stringify(actual);
  const b = JSON.stringify(expected);
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
