// Checks answers against api/openapi.yaml with an independent validator (Ajv, JSON Schema 2020-12).
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';

export const contract = parse(readFileSync(new URL('../../../api/openapi.yaml', import.meta.url), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'contract', ...contract });

const operations = [];
for (const [template, item] of Object.entries(contract.paths)) {
  const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, '([^/]+)')}$`);
  for (const method of ['get', 'post', 'put', 'patch', 'delete'])
    if (item[method]) operations.push({ method: method.toUpperCase(), template, pattern, operation: item[method] });
}

function resolve(node) {
  return node?.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key.replace(/~1/g, '/')], contract) : node;
}

const validators = new Map();

// operationId -> statuses of the answers that were validated in this process.
export const seen = new Map();
export const operationIds = operations.map((each) => each.operation.operationId);
export function saw(operationId, status) {
  if (!seen.has(operationId)) seen.set(operationId, new Set());
  seen.get(operationId).add(status);
}

// Throws when the operation, status, media type or body is not as the contract says. Fixed paths win over templates.
export function checkResponse(method, target, result, contentType) {
  const path = target.split('?')[0];
  const found = operations.filter((each) => each.pattern.test(path)).sort((a, b) => a.template.split('{').length - b.template.split('{').length);
  const match = found.find((each) => each.template === found[0].template && each.method === method);
  const error = contract.components.responses.Error;
  const declared = match ? match.operation.responses[result.status] ?? (result.status >= 400 ? match.operation.responses.default : undefined) : error;
  assert.ok(declared, `${method} ${path} answered ${result.status}, which its operation does not declare: ${result.text.slice(0, 300)}`);
  assert.ok(match || result.status >= 400, `${method} ${path} is not in the contract but answered ${result.status}`);
  const response = resolve(declared);
  if (match) saw(match.operation.operationId, result.status);
  if (!response.content) {
    assert.strictEqual(result.bytes.length, 0, `${method} ${path} ${result.status} must have no body`);
    return;
  }
  const media = contentType.split(';')[0];
  assert.ok(response.content[media], `${method} ${path} ${result.status} has Content-Type ${contentType}`);
  if (media !== 'application/json') return;
  const schema = response.content[media].schema;
  const key = schema.$ref ? `contract${schema.$ref}` : JSON.stringify(schema);
  if (!validators.has(key)) validators.set(key, ajv.compile(schema.$ref ? { $ref: key } : JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/'))));
  const validate = validators.get(key);
  assert.ok(validate(result.body), `${method} ${path} ${result.status}: ${ajv.errorsText(validate.errors)}\n${result.text.slice(0, 800)}`);
}
