// What every test program of the JavaScript SDK shares: an unmodified client, names nobody else has, waiters in a hurry.
"use strict";
const { randomUUID } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const sdk = require("@aws-sdk/client-lambda");

const client = new sdk.LambdaClient({
  endpoint: process.env.PARITY_ENDPOINT,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
});
const send = (Command, input) => client.send(new Command(input));
const unique = () => `js-${randomUUID().slice(0, 12)}`;
const patience = { client, maxWaitTime: 120, minDelay: 1, maxDelay: 1 };
const packaged = (name) => readFileSync(join(process.env.PARITY_PACKAGES, `${name}.zip`));

async function create(more = {}) {
  const input = {
    FunctionName: unique(),
    Runtime: process.env.PARITY_RUNTIME,
    Handler: "f.handler",
    Role: "arn:aws:iam::000000000000:role/test",
    Code: { ZipFile: packaged("one") },
    Timeout: 30,
    ...more,
  };
  return send(sdk.CreateFunctionCommand, input);
}

async function active(more = {}) {
  const made = await create(more);
  await sdk.waitUntilFunctionActiveV2(patience, { FunctionName: made.FunctionName });
  return made.FunctionName;
}

async function everyItem(pages, key) {
  const sizes = [];
  const items = [];
  for await (const page of pages) {
    sizes.push(page[key].length);
    items.push(...page[key]);
  }
  return { sizes, items };
}

module.exports = { sdk, client, send, unique, patience, packaged, create, active, everyItem };
