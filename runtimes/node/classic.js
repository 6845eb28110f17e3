// Invocations up to Node 22 (aws-lambda-ric 3.3.0): promises and callbacks; without an answer, an empty event loop ends the invocation.
"use strict";

const { parseInvoke } = require("./channel.js");
const { environmentData, forwardTrace, invocationData } = require("./context.js");
const { UnhandledPromiseRejection, documentOf } = require("./errors.js");
const logs = require("./logs.js");
const { HANDLER_HIGHWATERMARK, NOT_ASYNCHRONOUS, ResponseStream, runStreaming } = require("./stream.js");

const ANSWERED_TWICE = "Invocation has already been reported as done. Cannot call complete more than once per invocation.";
const REJECTION_STATUS = 128;
const EXCEPTION_STATUS = 129;

class Runtime {
  constructor(channel) {
    this.channel = channel;
    this.requestId = null; // of the invocation that is not answered yet
    this.stream = null; // of the latest invocation, when the handler streams
    this.isReady = false;
    this.whenLoopIsEmpty = () => {};
    process.on("beforeExit", () => this.whenLoopIsEmpty());
    process.on("uncaughtException", (error) => {
      logs.logError("Uncaught Exception", error);
      this.crash(error, EXCEPTION_STATUS);
    });
    process.on("unhandledRejection", (reason, promise) => {
      const error = new UnhandledPromiseRejection(reason, promise);
      logs.logError("Unhandled Promise Rejection", error);
      this.crash(error, REJECTION_STATUS);
    });
  }

  begin({ handler, streaming }) {
    this.handler = handler;
    this.handleOnce = streaming ? this.handleOnceStreaming : this.handleOnceNonStreaming;
    this.environment = environmentData();
    this.isReady = true;
  }

  failInit(error) {
    logs.logError("Uncaught Exception", error);
    this.crash(error, EXCEPTION_STATUS);
  }

  crash(error, status) {
    const document = documentOf(error);
    if (!this.isReady) this.channel.failInit(document.errorType, JSON.stringify(document));
    else if (this.requestId !== null && !(this.stream && this.stream.output.hasBegun)) {
      this.channel.fail(this.requestId, document.errorType, JSON.stringify(document), true);
    }
    process.exit(status);
  }

  receive(frame) {
    const invocation = parseInvoke(frame);
    this.requestId = logs.current.requestId = invocation.requestId;
    logs.current.tenantId = invocation.tenantId;
    global[Symbol.for("aws.lambda.runtime.requestId")] = invocation.requestId;
    this.channel.release();
    this.handleOnce(invocation);
  }

  // Answer once; from then on the process waits for the next invocation.
  answer(requestId, send) {
    if (this.requestId !== requestId) return;
    send();
    this.requestId = null;
    this.whenLoopIsEmpty = () => {};
    this.channel.hold();
  }

  complete(requestId, result) {
    const text = stringified(result);
    this.answer(requestId, () => this.channel.respond(requestId, text));
  }

  postError(requestId, error) {
    logs.logError("Invoke Error", error);
    const document = documentOf(error);
    this.answer(requestId, () => this.channel.fail(requestId, document.errorType, JSON.stringify(document)));
  }

  async handleOnceNonStreaming(invocation) {
    await undefined; // leaves our own frames out of the handler's stack traces
    const { callback, callbackContext, complete } = this.callbacks(invocation.requestId);
    this.whenLoopIsEmpty = () => complete(null);
    try {
      const result = this.handler(JSON.parse(invocation.event), this.contextOf(invocation, callbackContext), callback);
      if (result && typeof result.then === "function") {
        const { succeed, fail } = callbackContext;
        result.then(succeed, fail).catch(fail);
      }
    } catch (error) {
      callback(error);
    }
  }

  async handleOnceStreaming(invocation) {
    await undefined;
    const { requestId } = invocation;
    const waiting = { callbackWaitsForEmptyEventLoop: true };
    const stream = (this.stream = new ResponseStream(this.channel, requestId, this.handler[HANDLER_HIGHWATERMARK]));
    const done = () => this.answer(requestId, () => this.channel.send("R"));
    const giveUp = () => this.failStream(requestId, stream, "Response stream is not finished.");
    this.whenLoopIsEmpty = () => (stream.output.isFinished ? done() : giveUp());
    try {
      const context = this.contextOf(invocation, waiting);
      await runStreaming(this.handler, JSON.parse(invocation.event), stream, context, NOT_ASYNCHRONOUS);
      if (!waiting.callbackWaitsForEmptyEventLoop) done();
      else this.whenLoopIsEmpty = () => setImmediate(done);
    } catch (error) {
      this.failStream(requestId, stream, error);
    }
  }

  failStream(requestId, stream, error) {
    logs.logError("Invoke Error", error);
    const document = documentOf(error);
    this.answer(requestId, () => stream.fail(document.errorType, JSON.stringify(document)) && this.channel.send("R"));
  }

  contextOf(invocation, callbackContext) {
    forwardTrace(invocation.traceId);
    return Object.assign(callbackContext, this.environment, invocationData(invocation));
  }

  // The callback and the context's own ways to answer; only the first call of each counts, and only one is an answer.
  callbacks(requestId) {
    let waits = true;
    let isComplete = false;
    const complete = (result) => {
      if (isComplete) return console.error(ANSWERED_TWICE);
      isComplete = true;
      this.complete(requestId, result);
    };
    const settle = (error, result, finish) => {
      if (this.requestId === requestId) this.whenLoopIsEmpty = () => {};
      if (error !== undefined && error !== null) this.postError(requestId, error);
      else finish(result);
    };
    const later = (result) => {
      if (this.requestId === requestId) this.whenLoopIsEmpty = () => setImmediate(() => complete(result));
    };
    const once = onlyFirstCall();
    const done = (error, result) => settle(error, result, complete);
    const callbackContext = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: once((result) => done(null, result)),
      fail: once((error) => done(error === undefined || error === null ? "handled" : error, null)),
      done: once(done),
    };
    return { callback: once((error, result) => settle(error, result, waits ? later : complete)), callbackContext, complete };
  }
}

function onlyFirstCall() {
  let finished = false;
  return (wrapped) =>
    (...parameters) => {
      if (finished) return;
      wrapped(...parameters);
      finished = true;
    };
}

function stringified(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch (_) {
    throw new Error("Unable to stringify response body");
  }
}

module.exports = { Runtime };
