// Invocations from Node 24 on (aws-lambda-ric 4.0.2): the handler's result is awaited; what nobody catches ends the process, as in any Node.
"use strict";

const { parseInvoke } = require("./channel.js");
const { environmentData, forwardTrace, invocationData } = require("./context.js");
const { JSONStringifyError, documentOf } = require("./errors.js");
const logs = require("./logs.js");
const { HANDLER_HIGHWATERMARK, NOT_ASYNCHRONOUS, ResponseStream, runStreaming } = require("./stream.js");

const KEYS = {
  REQUEST_ID: Symbol.for("_AWS_LAMBDA_REQUEST_ID"),
  X_RAY_TRACE_ID: Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID"),
  TENANT_ID: Symbol.for("_AWS_LAMBDA_TENANT_ID"),
};

// What @aws/lambda-invoke-store, bundled with functions, finds as awslambda.InvokeStore.
class InvokeStore {
  getContext() {
    return this.context;
  }
  hasContext() {
    return this.context !== undefined;
  }
  get(key) {
    return this.context && this.context[key];
  }
  set(key, value) {
    if (Object.values(KEYS).includes(key)) throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    this.context = this.context || {};
    this.context[key] = value;
  }
  getRequestId() {
    return this.get(KEYS.REQUEST_ID) || "-";
  }
  getXRayTraceId() {
    return this.get(KEYS.X_RAY_TRACE_ID);
  }
  getTenantId() {
    return this.get(KEYS.TENANT_ID);
  }
  run(context, fn) {
    this.context = context;
    return fn();
  }
}

class Runtime {
  constructor(channel) {
    this.channel = channel;
    this.store = new InvokeStore();
    if (!["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) {
      globalThis.awslambda = { ...globalThis.awslambda, InvokeStore: this.store };
    }
  }

  begin({ handler, streaming }) {
    this.handler = handler;
    this.process = streaming ? this.processStreaming : this.processInvoke;
    this.environment = environmentData();
  }

  failInit(error) {
    logs.logError("Init Error", error);
    const document = documentOf(error, true);
    this.channel.failInit(document.errorType, JSON.stringify(document));
    process.exit(1);
  }

  receive(frame) {
    const invocation = parseInvoke(frame);
    const { requestId, traceId, tenantId } = invocation;
    logs.current.requestId = requestId;
    logs.current.tenantId = tenantId;
    // Of the event and the context, only the platform could be to blame: a failure ends the process.
    const event = JSON.parse(invocation.event);
    const context = { ...invocationData(invocation), xRayTraceId: traceId, ...this.environment };
    forwardTrace(traceId);
    this.channel.release();
    this.store.run({ [KEYS.REQUEST_ID]: requestId, [KEYS.X_RAY_TRACE_ID]: traceId }, () => this.process(requestId, event, context));
  }

  async processInvoke(requestId, event, context) {
    await undefined; // leaves our own frames out of the handler's stack traces
    try {
      const result = stringified(await this.handler(event, context));
      await nextTurn();
      this.channel.respond(requestId, result);
    } catch (error) {
      const document = await this.reported(error);
      this.channel.fail(requestId, document.errorType, JSON.stringify(document));
    }
    this.channel.hold();
  }

  async processStreaming(requestId, event, context) {
    await undefined;
    const stream = new ResponseStream(this.channel, requestId, this.handler[HANDLER_HIGHWATERMARK]);
    let isAnswered = false;
    try {
      await runStreaming(this.handler, event, stream, context, new Error(NOT_ASYNCHRONOUS));
      await nextTurn();
    } catch (error) {
      const document = await this.reported(error);
      isAnswered = !stream.fail(document.errorType, JSON.stringify(document));
    }
    if (!isAnswered) this.channel.send("R");
    this.channel.hold();
  }

  async reported(error) {
    await nextTurn();
    logs.logError("Invoke Error", error);
    return documentOf(error, true);
  }
}

// A rejection that the handler left behind must end the process before the answer is sent.
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function stringified(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch (_) {
    throw new JSONStringifyError("Unable to stringify response body");
  }
}

module.exports = { Runtime };
