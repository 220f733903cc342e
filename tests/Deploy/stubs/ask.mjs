// node ask.mjs JSON: one request from wherever this process runs (a network namespace), told as one line of JSON.
const { url, method = 'POST', headers = {}, body, timeout = 5000 } = JSON.parse(process.argv[2]);
try {
  const response = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(timeout) });
  console.log(JSON.stringify({ status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }));
} catch (error) {
  console.log(JSON.stringify({ error: error.cause?.code ?? error.name }));
}
