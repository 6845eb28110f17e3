// Faults through the JavaScript SDK: each is an instance of its own class, with the members of its shape.
"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { sdk, send, unique, create, active } = require("./world.cjs");

async function fault(sent, Class, status, words) {
  const error = await sent.then(() => assert.fail("it was answered"), (caught) => caught);
  assert.ok(error instanceof Class, `${error.name}: ${error.message}`);
  assert.ok(error instanceof sdk.LambdaServiceException);
  assert.equal(error.$metadata.httpStatusCode, status);
  assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
  assert.match(error.message, words);
  return error;
}

test("a function that is not there", async () => {
  const name = unique();
  const error = await fault(
    send(sdk.GetFunctionCommand, { FunctionName: name }), sdk.ResourceNotFoundException, 404, /^Function not found: arn:aws:lambda:/);
  assert.equal(error.Type, "User");
  await fault(send(sdk.InvokeCommand, { FunctionName: name }), sdk.ResourceNotFoundException, 404, /^Function not found: /);
});

test("a name that is taken", async () => {
  const name = await active();
  await fault(create({ FunctionName: name }), sdk.ResourceConflictException, 409, /^Function already exist: /);
});

test("parameters and packages that are refused", async () => {
  await fault(create({ Runtime: "cobol85" }), sdk.InvalidParameterValueException, 400, /cobol85/);
  await fault(create({ Code: { ZipFile: Buffer.from("no zip") } }), sdk.InvalidParameterValueException, 400, /unzip/i);
});

test("a payload that is not JSON", async () => {
  const name = await active();
  await fault(send(sdk.InvokeCommand, { FunctionName: name, Payload: "{" }), sdk.InvalidRequestContentException, 400, /parse/);
});

test("a payload that is too large", async () => {
  const name = await active();
  const payload = JSON.stringify("x".repeat(6 * 1024 * 1024 + 1));
  await fault(send(sdk.InvokeCommand, { FunctionName: name, Payload: payload }), sdk.RequestTooLargeException, 413, /6291456 bytes/);
});

test("a throttled invocation says why and when to try again", async () => {
  const name = await active();
  await send(sdk.PutFunctionConcurrencyCommand, { FunctionName: name, ReservedConcurrentExecutions: 0 });
  const error = await fault(send(sdk.InvokeCommand, { FunctionName: name }), sdk.TooManyRequestsException, 429, /Rate Exceeded/);
  assert.equal(error.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
});

test("constraints of the model, and operations that are not there yet, are errors by name", async () => {
  const refused = await send(sdk.GetFunctionCommand, { FunctionName: "no such name!" }).catch((caught) => caught);
  assert.deepEqual([refused.name, refused.$metadata.httpStatusCode], ["ValidationException", 400]);
  const absent = await send(sdk.ListCapacityProvidersCommand, {}).catch((caught) => caught);
  assert.deepEqual([absent.name, absent.$metadata.httpStatusCode], ["NotImplementedException", 501]);
});

test("a policy that is not there, a layer that is not there, an alias that points nowhere", async () => {
  const name = await active();
  const key = { FunctionName: name };
  await fault(send(sdk.GetPolicyCommand, key), sdk.ResourceNotFoundException, 404, /./);
  await fault(send(sdk.CreateAliasCommand, { ...key, Name: "a", FunctionVersion: "7" }), sdk.ResourceNotFoundException, 404, /:7/);
  await fault(send(sdk.GetLayerVersionCommand, { LayerName: unique(), VersionNumber: 1 }), sdk.ResourceNotFoundException, 404, /./);
  await fault(
    send(sdk.PublishVersionCommand, { ...key, CodeSha256: "0".repeat(43) + "=" }), sdk.InvalidParameterValueException, 400, /CodeSHA256/i);
});
