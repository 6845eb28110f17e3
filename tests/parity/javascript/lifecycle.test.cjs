// A function's life through the JavaScript SDK: create, wait, update under a revision, publish, alias, page, delete.
"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { sdk, client, send, unique, patience, packaged, create, active, everyItem } = require("./world.cjs");

test("a new function is Pending, and every waiter sees it become usable", async () => {
  const made = await create({ Publish: true });
  const input = { FunctionName: made.FunctionName };
  assert.deepEqual([made.State, made.StateReasonCode, made.Version], ["Pending", "Creating", "1"]);
  assert.equal(made.$metadata.httpStatusCode, 201);
  assert.match(made.$metadata.requestId, /^[0-9a-f-]{36}$/);
  for (const wait of ["FunctionExists", "FunctionActive", "FunctionActiveV2", "FunctionUpdated", "FunctionUpdatedV2"]) {
    const outcome = await sdk[`waitUntil${wait}`](patience, input);
    assert.equal(outcome.state, "SUCCESS", wait);
  }
  const outcome = await sdk.waitUntilPublishedVersionActive(patience, { ...input, Qualifier: "1" });
  assert.equal(outcome.state, "SUCCESS");
});

test("an update with the current revision is done, with a stale one refused", async () => {
  const name = await active();
  const before = await send(sdk.GetFunctionConfigurationCommand, { FunctionName: name });
  const change = { FunctionName: name, MemorySize: 256, RevisionId: before.RevisionId };
  const after = await send(sdk.UpdateFunctionConfigurationCommand, change);
  assert.equal(after.MemorySize, 256);
  assert.notEqual(after.RevisionId, before.RevisionId);
  await sdk.waitUntilFunctionUpdatedV2(patience, { FunctionName: name });
  await assert.rejects(send(sdk.UpdateFunctionConfigurationCommand, change), (error) => {
    assert.ok(error instanceof sdk.PreconditionFailedException);
    assert.equal(error.$metadata.httpStatusCode, 412);
    return true;
  });
  const code = { FunctionName: name, ZipFile: packaged("two"), Publish: true };
  assert.equal((await send(sdk.UpdateFunctionCodeCommand, code)).Version, "1");
  await sdk.waitUntilFunctionUpdatedV2(patience, { FunctionName: name });
  const reply = await send(sdk.InvokeCommand, { FunctionName: name, Payload: "{}" });
  assert.equal(reply.Payload.transformToString(), '"two"');
});

test("Code.Location downloads the package that was uploaded", async () => {
  const name = await active();
  const found = await send(sdk.GetFunctionCommand, { FunctionName: name });
  const reply = await fetch(found.Code.Location);
  assert.equal(reply.status, 200);
  assert.deepEqual(Buffer.from(await reply.arrayBuffer()), packaged("one"));
});

test("versions and aliases are listed page by page, each once", async () => {
  const name = await active();
  for (let n = 1; n <= 3; n += 1) {
    await send(sdk.UpdateFunctionConfigurationCommand, { FunctionName: name, Description: `${n}` });
    await sdk.waitUntilFunctionUpdatedV2(patience, { FunctionName: name });
    await send(sdk.PublishVersionCommand, { FunctionName: name });
    await send(sdk.CreateAliasCommand, { FunctionName: name, Name: `a${n}`, FunctionVersion: `${n}` });
  }
  const pager = { client, pageSize: 2 };
  const versions = await everyItem(sdk.paginateListVersionsByFunction(pager, { FunctionName: name }), "Versions");
  assert.deepEqual(versions.items.map((each) => each.Version), ["$LATEST", "1", "2", "3"]);
  assert.ok(versions.sizes.every((size) => size <= 2));
  const aliases = await everyItem(sdk.paginateListAliases(pager, { FunctionName: name }), "Aliases");
  assert.deepEqual(aliases.items.map((each) => [each.Name, each.FunctionVersion]), [["a1", "1"], ["a2", "2"], ["a3", "3"]]);
});

test("functions and layers are listed page by page", async () => {
  const names = [await active(), await active(), await active()];
  const functions = await everyItem(sdk.paginateListFunctions({ client, pageSize: 2 }, {}), "Functions");
  const listed = functions.items.map((each) => each.FunctionName);
  assert.ok(names.every((each) => listed.filter((other) => other === each).length === 1));
  const layer = unique();
  for (let n = 0; n < 3; n += 1) {
    await send(sdk.PublishLayerVersionCommand, { LayerName: layer, Content: { ZipFile: packaged("one") } });
  }
  const versions = await everyItem(sdk.paginateListLayerVersions({ client, pageSize: 2 }, { LayerName: layer }), "LayerVersions");
  assert.deepEqual(versions.items.map((each) => each.Version), [3, 2, 1]);
  const layers = await everyItem(sdk.paginateListLayers({ client, pageSize: 1 }, {}), "Layers");
  assert.equal(layers.items.filter((each) => each.LayerName === layer).length, 1);
});

test("settings around a function are put, read as they were given, and taken away", async () => {
  const name = await active({ Publish: true, Tags: { team: "x" } });
  const key = { FunctionName: name };
  const policy = { ...key, StatementId: "s3", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com" };
  assert.equal(JSON.parse((await send(sdk.AddPermissionCommand, policy)).Statement).Sid, "s3");
  assert.equal(JSON.parse((await send(sdk.GetPolicyCommand, key)).Policy).Statement.length, 1);
  await send(sdk.RemovePermissionCommand, { ...key, StatementId: "s3" });
  const url = await send(sdk.CreateFunctionUrlConfigCommand, { ...key, AuthType: "AWS_IAM", Cors: { AllowOrigins: ["*"] } });
  assert.deepEqual((await send(sdk.GetFunctionUrlConfigCommand, key)).FunctionUrl, url.FunctionUrl);
  await send(sdk.PutFunctionConcurrencyCommand, { ...key, ReservedConcurrentExecutions: 1 });
  assert.equal((await send(sdk.GetFunctionConcurrencyCommand, key)).ReservedConcurrentExecutions, 1);
  const events = await send(sdk.PutFunctionEventInvokeConfigCommand, { ...key, MaximumRetryAttempts: 0 });
  assert.ok(events.LastModified instanceof Date);
  assert.ok(Math.abs(Date.now() - events.LastModified.getTime()) < 24 * 3600 * 1000);
  const arn = (await send(sdk.GetFunctionConfigurationCommand, key)).FunctionArn;
  await send(sdk.TagResourceCommand, { Resource: arn, Tags: { more: "é" } });
  await send(sdk.UntagResourceCommand, { Resource: arn, TagKeys: ["team"] });
  assert.deepEqual((await send(sdk.ListTagsCommand, { Resource: arn })).Tags, { more: "é" });
});

test("a deleted function is not found", async () => {
  const name = await active();
  const gone = await send(sdk.DeleteFunctionCommand, { FunctionName: name });
  assert.ok([200, 204].includes(gone.$metadata.httpStatusCode));
  await assert.rejects(send(sdk.GetFunctionCommand, { FunctionName: name }), sdk.ResourceNotFoundException);
});
