// Lambent's Node client: loads a handler and answers invocations over the frame protocol (docs/frame-protocol.md).
//
// It runs inside the sandbox as a program, Node 16 to 26, on Node's own modules alone: the channel is descriptor 3, the telemetry pipe 4.
// Lambda has two Node clients, and so has this file's `start`: up to Node 22 handlers may be callbacks and an invocation ends when the event
// loop is empty (aws-lambda-ric 3.3.0); from Node 24 handlers are functions whose result is awaited (aws-lambda-ric 4.0.2).
"use strict";

const util = require("util");

const { Channel } = require("./channel.js");
const { environmentData } = require("./context.js");
const environment = require("./environment.js");
const logs = require("./logs.js");
const { loadHandler } = require("./handler.js");

const MODERN = Number(process.versions.node.split(".")[0]) >= 24;
const CHANNEL = 3;

const afterTurn = (value) => new Promise((resolve) => setImmediate(resolve, value));

async function main() {
  const { Runtime } = MODERN ? require("./modern.js") : require("./classic.js");
  await rehearse();
  const channel = new Channel(CHANNEL);
  channel.onFrame = (kind, frame) => {
    if (kind !== "I") return channel.abandon();
    const { environment: variables, handler } = JSON.parse(frame.toString("utf8", 5));
    const name = environment.adopt(variables, handler);
    const command = environment.replacement(__filename);
    if (command) return environment.replaceBy(command, channel);
    logs.patchConsole(process.env, MODERN);
    start(channel, new Runtime(channel), name);
  };
  channel.send("H");
}

// What costs time once is paid before anyone waits: module loaders, variables, standard output, formatting.
async function rehearse() {
  logs.blockOnOutput();
  environment.replaceVariables(JSON.parse(JSON.stringify({ ...process.env, PATH: process.env.PATH || "" })));
  environmentData();
  for (const name of ["rehearsal.handler", "rehearsal_module.handler"]) {
    const { handler } = await loadHandler(__dirname, name, MODERN).then(afterTurn);
    await handler(util.format("%s", {}));
  }
  delete globalThis.awslambda;
}

function start(channel, runtime, name) {
  channel.onFrame = (kind, frame) => (kind === "V" && runtime.handler ? runtime.receive(frame) : channel.abandon());
  loadHandler(process.env.LAMBDA_TASK_ROOT || "/var/task", name, MODERN)
    .then(afterTurn) // a rejection that loading left behind is a failure to load
    .then((loaded) => runtime.begin(loaded))
    .then(() => channel.send("R"))
    .catch((error) => runtime.failInit(error));
}

main();
