// An MCP server on the official TypeScript packages with the tools, resources and prompts that the conformance suite
// looks for, for either era and any transport.
import { randomBytes } from 'node:crypto';
import { createRequestStateCodec, fromJsonSchema, inputRequired, inputResponse, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const text = (value) => ({ content: [{ type: 'text', text: value }] });
const object = (properties = {}, required = Object.keys(properties)) => fromJsonSchema({ type: 'object', properties, required });
const string = { type: 'string' };
const user = (content) => ({ messages: [{ role: 'user', content }] });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const states = createRequestStateCodec({ key: randomBytes(32) });

const askForName = () => inputRequired.elicit({ message: 'What is your name?', requestedSchema: { type: 'object', properties: { name: string }, required: ['name'] } });
const askForOneThing = (message, name, type = 'string') =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties: { [name]: { type } }, required: [name] } });
const askModel = (question, maxTokens) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: question } }], maxTokens });
/** What the user gave for `key`, or undefined so that the handler asks again. */
const given = (context, key, name) => {
  const answer = inputResponse(context.mcpReq.inputResponses, key);
  return answer.kind === 'elicit' && answer.action === 'accept' && typeof answer.content?.[name] !== 'undefined' ? answer.content[name] : undefined;
};

function plainTools(server) {
  const tool = (name, handler, inputSchema = object(), description = `Answers as ${name} is documented to.`) =>
    server.registerTool(name, { description, inputSchema }, handler);

  tool('test_simple_text', () => text('This is a simple text response for testing.'));
  tool('test_image_content', () => ({ content: [{ type: 'image', data: png, mimeType: 'image/png' }] }));
  tool('test_audio_content', () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] }));
  tool('test_embedded_resource', () => ({
    content: [{ type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' } }],
  }));
  tool('test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: png, mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' } },
    ],
  }));
  tool('test_error_handling', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  tool('echo', ({ message }) => text(`Echo: ${message}`), object({ message: string }), 'Says it back.');
  tool('test_custom_headers', ({ region }) => text(region), object({ region: { ...string, 'x-mcp-header': 'Region' } }), 'Mirrors an argument into a header.');

  tool('test_tool_with_logging', async (_, { mcpReq }) => {
    for (const [index, line] of ['Tool execution started', 'Tool processing data', 'Tool execution completed'].entries()) {
      if (index) await pause(50);
      await mcpReq.log('info', line);
    }
    return text('Logged three lines.');
  });
  tool('test_logging_tool', async (_, { mcpReq }) => {
    await mcpReq.log('info', 'Only for those who asked for logs');
    return text('Logged.');
  });
  tool('test_tool_with_progress', async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress) await pause(50);
      if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    }
    return text('Reported progress.');
  });
  // Closes its own event stream halfway; the answer waits in the event store for a client that comes back.
  tool('test_reconnection', async (_, { http: leg }) => {
    leg?.closeSSE?.();
    await pause(100);
    return text('Answered after the stream was closed.');
  });

  server.registerTool('json_schema_2020_12_tool', {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: fromJsonSchema({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: string, city: string } } },
      properties: {
        name: string,
        address: { $ref: '#/$defs/address' },
        contactMethod: { ...string, enum: ['phone', 'email'] },
        phone: string,
        email: string,
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    }),
  }, () => text('Valid.'));
}

/**
 * Tools that ask the client something while they run: only before 2026-07-28. They ask on the stream of the call; the
 * client may not have opened its listening stream yet, and what is sent there before it has is lost.
 */
function pushTools(server) {
  const tool = (name, handler, inputSchema = object()) => server.registerTool(name, { description: `Answers as ${name} is documented to.`, inputSchema }, handler);
  const elicit = (name, message, properties) =>
    tool(name, async (_, { mcpReq }) => {
      const { action, content } = await mcpReq.elicitInput({ message, requestedSchema: { type: 'object', properties, required: [] } }, { relatedRequestId: mcpReq.id });
      return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
    });

  tool('test_sampling', async ({ prompt }, { mcpReq }) => {
    const { content } = await mcpReq.requestSampling({ messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 100 }, { relatedRequestId: mcpReq.id });
    return text(`LLM response: ${content.text}`);
  }, object({ prompt: string }));
  tool('test_elicitation', async ({ message }, { mcpReq }) => {
    const properties = { username: { ...string, description: "User's response" }, email: { ...string, description: "User's email address" } };
    const { action, content } = await mcpReq.elicitInput({ message, requestedSchema: { type: 'object', properties, required: ['username', 'email'] } }, { relatedRequestId: mcpReq.id });
    return text(`User response: action=${action}, content=${JSON.stringify(content)}`);
  }, object({ message: string }));
  elicit('test_elicitation_sep1034_defaults', 'Please review these values', {
    name: { ...string, default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { ...string, enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  });
  const options = ['option1', 'option2', 'option3'];
  const titled = (noun) => ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title: `${title} ${noun}` }));
  elicit('test_elicitation_sep1330_enums', 'Please choose', {
    untitledSingle: { ...string, enum: options },
    titledSingle: { ...string, oneOf: titled('Option') },
    legacyEnum: { ...string, enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { ...string, enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  });
}

/** Tools that answer `input_required` and are called again: 2026-07-28. */
function roundTripTools(server, notify) {
  const tool = (name, handler) => server.registerTool(name, { description: `Answers as ${name} is documented to.`, inputSchema: object() }, handler);
  const capabilities = (context) => context.mcpReq._meta?.['io.modelcontextprotocol/clientCapabilities'] ?? context.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};

  // The SDK answers -32021 by itself where the client cannot sample.
  tool('test_missing_capability', () => inputRequired({ inputRequests: { question: askModel('Can you?', 10) } }));
  tool('test_streaming_elicitation', async (_, context) => {
    const name = given(context, 'user_name', 'name');
    return name ? text(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: askForName() } });
  });
  tool('test_trigger_tool_change', () => (notify.toolsChanged(), text('The tools changed.')));
  tool('test_trigger_prompt_change', () => (notify.promptsChanged(), text('The prompts changed.')));

  tool('test_input_required_result_elicitation', (_, context) => {
    const name = given(context, 'user_name', 'name');
    return name ? text(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: askForName() } });
  });
  tool('test_input_required_result_sampling', (_, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'capital_question');
    return answer.kind === 'sampling' ? text(answer.result.content.text) : inputRequired({ inputRequests: { capital_question: askModel('What is the capital of France?', 100) } });
  });
  tool('test_input_required_result_list_roots', (_, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'client_roots');
    return answer.kind === 'roots' ? text(answer.roots.map((root) => root.uri).join(', ')) : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  for (const name of ['test_input_required_result_request_state', 'test_input_required_result_tampered_state']) {
    tool(name, async (_, context) => {
      if (given(context, 'confirm', 'ok') !== undefined && context.mcpReq.requestState()?.step === name) return text('state-ok');
      return inputRequired({ inputRequests: { confirm: askForOneThing('Please confirm', 'ok', 'boolean') }, requestState: await states.mint({ step: name }) });
    });
  }
  tool('test_input_required_result_multiple_inputs', async (_, context) => {
    const { inputResponses } = context.mcpReq;
    const [greeting, roots] = ['greeting', 'client_roots'].map((key) => inputResponse(inputResponses, key));
    const name = given(context, 'user_name', 'name');
    if (name && greeting.kind === 'sampling' && roots.kind === 'roots' && context.mcpReq.requestState()) return text(`${greeting.result.content.text}, ${name}`);
    return inputRequired({
      inputRequests: { user_name: askForName(), greeting: askModel('Generate a greeting', 50), client_roots: inputRequired.listRoots() },
      requestState: await states.mint({ step: 'all' }),
    });
  });
  tool('test_input_required_result_multi_round', async (_, context) => {
    const state = context.mcpReq.requestState();
    const color = given(context, 'step2', 'color');
    if (state?.name && color) return text(`${state.name} likes ${color}.`);
    const name = state?.name ?? given(context, 'step1', 'name');
    return name && state
      ? inputRequired({ inputRequests: { step2: askForOneThing('Step 2: What is your favorite color?', 'color') }, requestState: await states.mint({ name }) })
      : inputRequired({ inputRequests: { step1: askForOneThing('Step 1: What is your name?', 'name') }, requestState: await states.mint({ round: 1 }) });
  });
  tool('test_input_required_result_capabilities', (_, context) => {
    const { sampling, elicitation } = capabilities(context);
    if (Object.keys(context.mcpReq.inputResponses ?? {}).length) return text('Asked only what the client can answer.');
    return inputRequired({
      inputRequests: { ...(elicitation && { user_name: askForName() }), ...(sampling && { greeting: askModel('Generate a greeting', 50) }) },
    });
  });
  server.registerPrompt('test_input_required_result_prompt', { description: 'Needs a context first.' }, (context) => {
    const value = given(context, 'user_context', 'context');
    return value
      ? user({ type: 'text', text: `In the context of ${value}.` })
      : inputRequired({ inputRequests: { user_context: askForOneThing('What context should the prompt use?', 'context') } });
  });
}

function resourcesAndPrompts(server) {
  const resource = (name, uri, content) =>
    server.registerResource(name, uri, { description: `The resource ${name}.`, mimeType: content.mimeType }, () => ({ contents: [{ uri, ...content }] }));
  resource('static-text', 'test://static-text', { mimeType: 'text/plain', text: 'This is the content of the static text resource.' });
  resource('static-binary', 'test://static-binary', { mimeType: 'image/png', blob: png });
  resource('watched-resource', 'test://watched-resource', { mimeType: 'text/plain', text: 'Watched.' });
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'One per id.', mimeType: 'application/json' },
    (uri, { id }) => ({ contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }] }),
  );

  const prompt = (name, names, answer) =>
    server.registerPrompt(name, { description: `The prompt ${name}.`, ...(names.length && { argsSchema: object(Object.fromEntries(names.map((each) => [each, string]))) }) }, answer);
  prompt('test_simple_prompt', [], () => user({ type: 'text', text: 'This is a simple prompt for testing.' }));
  prompt('test_prompt_with_arguments', ['arg1', 'arg2'], ({ arg1, arg2 }) => user({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` }));
  prompt('test_prompt_with_embedded_resource', ['resourceUri'], ({ resourceUri }) =>
    user({ type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } }));
  prompt('test_prompt_with_image', [], () => user({ type: 'image', data: png, mimeType: 'image/png' }));
}

/** A server of the era; `notify` tells subscribers of 2026-07-28 what changed. */
export function create(era, notify) {
  const hint = { ttlMs: 60_000, cacheScope: 'private' };
  const server = new McpServer(
    { name: 'typescript-server', version: '1.0.0' },
    {
      capabilities: { logging: {}, completions: {}, tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true } },
      cacheHints: Object.fromEntries(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read', 'server/discover'].map((method) => [method, hint])),
      requestState: { verify: states.verify },
    },
  );
  plainTools(server);
  if (era === 'legacy') pushTools(server);
  else roundTripTools(server, notify);
  resourcesAndPrompts(server);
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: [], total: 0, hasMore: false } }));
  if (era === 'legacy') {
    server.server.setRequestHandler('resources/subscribe', () => ({}));
    server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  }
  return server;
}
