// What an MCP client sends, as options of fetch or of a pod's ask().
const accept = 'application/json, text/event-stream';

export const call = (token, { method = 'tools/list', params = {}, session } = {}) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json', accept, 'mcp-protocol-version': '2025-11-25',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(session ? { 'mcp-session-id': session } : {}),
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
});

export const initialize = token =>
  call(token, { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } } });

/** The error code of a Bearer challenge (RFC 6750 §3), null when it has none, undefined without a challenge. */
export const challenge = answer => answer.headers['www-authenticate'] && (/error="([^"]+)"/.exec(answer.headers['www-authenticate'])?.[1] ?? null);
