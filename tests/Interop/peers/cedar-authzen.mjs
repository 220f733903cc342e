// Cedar as a policy decision point: AuthZEN's four members become principal, action, resource and context. In this process.
import http from 'node:http';
import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { listen } from '../harness/loopback.mjs';

const typeOf = (name) => name.split('_').map((word) => word[0].toUpperCase() + word.slice(1)).join('');
const entityOf = ({ type, id, properties = {} }) => ({ uid: { type: typeOf(type), id }, attrs: valueOf(properties), parents: [] });

/** JSON as Cedar takes it: no null, and no number with a fraction but a decimal. */
function valueOf(value) {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(valueOf);
  if (typeof value === 'number' && !Number.isInteger(value)) return { __extn: { fn: 'decimal', arg: value.toFixed(4) } };
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null).map(([name, item]) => [name, valueOf(item)]));
}

function decide(policies, { subject, action, resource, context = {} }) {
  const [principal, target] = [entityOf(subject), entityOf(resource)];
  const answer = isAuthorized({
    principal: principal.uid,
    action: { type: 'Action', id: action.name },
    resource: target.uid,
    context: valueOf(context),
    policies: { staticPolicies: policies },
    entities: [principal, target],
  });
  if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
  return { decision: answer.response.decision === 'allow', context: { reason: answer.response.diagnostics.reason.join(' ') } };
}

/** Answers `/access/v1/evaluation` and `/access/v1/evaluations` by these policies. */
export async function startCedar(policies) {
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const asked = JSON.parse(Buffer.concat(chunks).toString());
    const { evaluations, ...defaults } = asked;
    const answer = evaluations ? { evaluations: evaluations.map((entry) => decide(policies, { ...defaults, ...entry })) } : decide(policies, asked);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return listen(server);
}
