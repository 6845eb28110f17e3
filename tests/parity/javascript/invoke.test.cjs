// Invocations through the JavaScript SDK: payloads as text and bytes, the log tail, function errors, event and response streams.
"use strict";
const assert = require("node:assert/strict");
const { before, test } = require("node:test");
const { sdk, send, packaged, active } = require("./world.cjs");

let name;
before(async () => {
  name = await active({ Code: { ZipFile: packaged("echo") } });
});

async function streamed(payload) {
  const reply = await send(sdk.InvokeWithResponseStreamCommand, { FunctionName: name, Payload: payload, LogType: "Tail" });
  const chunks = [];
  let complete;
  for await (const event of reply.EventStream) {
    if (event.PayloadChunk) chunks.push(Buffer.from(event.PayloadChunk.Payload));
    if (event.InvokeComplete) complete = event.InvokeComplete;
  }
  return { reply, complete, body: Buffer.concat(chunks).toString() };
}

test("a payload of text comes back, with the version that ran and the tail of the log", async () => {
  const payload = JSON.stringify({ text: "grüße", print: "a line" });
  const reply = await send(sdk.InvokeCommand, { FunctionName: name, Payload: payload, LogType: "Tail" });
  assert.deepEqual([reply.StatusCode, reply.ExecutedVersion, reply.FunctionError], [200, "$LATEST", undefined]);
  assert.deepEqual(JSON.parse(reply.Payload.transformToString()), JSON.parse(payload));
  const tail = Buffer.from(reply.LogResult, "base64").toString();
  assert.match(tail, /^START RequestId: /);
  assert.match(tail, /a line\n/);
  assert.match(tail, /REPORT RequestId: [^\n]*Billed Duration: \d+ ms/);
});

test("a payload of bytes is passed on as it is", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ n: [1, 2, "\u{1F600}"] }));
  const reply = await send(sdk.InvokeCommand, { FunctionName: name, Payload: bytes });
  assert.deepEqual(JSON.parse(Buffer.from(reply.Payload).toString()), { n: [1, 2, "\u{1F600}"] });
});

test("an exception of the function is a FunctionError in a 200", async () => {
  const reply = await send(sdk.InvokeCommand, { FunctionName: name, Payload: '{"raise":"so"}' });
  assert.deepEqual([reply.StatusCode, reply.FunctionError], [200, "Unhandled"]);
  const document = JSON.parse(reply.Payload.transformToString());
  assert.deepEqual([document.errorType, document.errorMessage], ["ValueError", "so"]);
});

test("an event is accepted with 202, a dry run answered with 204, both without a payload", async () => {
  for (const [type, status] of [["Event", 202], ["DryRun", 204]]) {
    const reply = await send(sdk.InvokeCommand, { FunctionName: name, InvocationType: type, Payload: "{}" });
    assert.deepEqual([reply.StatusCode, reply.Payload?.length ?? 0], [status, 0]);
  }
});

test("the client's context reaches the function", async () => {
  const given = Buffer.from(JSON.stringify({ custom: { a: "b" } })).toString("base64");
  const input = { FunctionName: name, Payload: '{"context":true}', ClientContext: given };
  assert.deepEqual(JSON.parse((await send(sdk.InvokeCommand, input)).Payload.transformToString()), { a: "b" });
});

test("a response stream ends with InvokeComplete, which has the log", async () => {
  const { reply, complete, body } = await streamed('{"n":1}');
  assert.equal(reply.StatusCode, 200);
  assert.equal(reply.ResponseStreamContentType, "application/vnd.amazon.eventstream");
  assert.deepEqual(JSON.parse(body), { n: 1 });
  assert.equal(complete.ErrorCode, undefined);
  assert.match(Buffer.from(complete.LogResult, "base64").toString(), /END RequestId/);
});

test("a response stream of a function that fails says so in InvokeComplete", async () => {
  const { complete } = await streamed('{"raise":"so"}');
  assert.equal(complete.ErrorCode, "Unhandled");
  assert.match(complete.ErrorDetails, /so/);
});
