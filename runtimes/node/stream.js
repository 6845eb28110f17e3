// Streaming handlers: the response stream they write to, sent piece by piece.
"use strict";

const { Writable } = require("stream");
const { InvalidStreamingOperation, TruncatedResponse } = require("./errors.js");

const HANDLER_STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HANDLER_HIGHWATERMARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response";
const NOT_ASYNCHRONOUS = "Streaming does not support non-async handlers.";
const PRELUDE_END = Buffer.alloc(8);

// awslambda.streamifyResponse: marks a handler (event, responseStream, context) as streaming.
function streamifyResponse(handler, options) {
  handler[HANDLER_STREAMING] = "response";
  if (options && typeof options.highWaterMark === "number") handler[HANDLER_HIGHWATERMARK] = parseInt(options.highWaterMark);
  return handler;
}

// What a handler writes goes out as it writes it; when the caller reads slowly, writes wait, as on any stream.
class ResponseStream extends Writable {
  constructor(channel, requestId, highWaterMark) {
    super({ highWaterMark });
    this.output = { channel, requestId, contentType: "application/octet-stream", isWritten: false, hasBegun: false, isFinished: false };
  }

  setContentType(contentType) {
    if (this.output.isWritten) throw new InvalidStreamingOperation("Cannot set content-type, too late.");
    this.output.contentType = contentType;
  }

  write(chunk, encoding, callback) {
    this._prepare();
    const isPlain = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(isPlain ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  _prepare() {
    if (this.output.isWritten) return;
    this.output.isWritten = true;
    if (typeof this._onBeforeFirstWrite === "function") this._onBeforeFirstWrite((part) => super.write(part));
  }

  _begin() {
    const { channel, requestId, contentType, hasBegun, isFinished } = this.output;
    if (hasBegun || isFinished) return;
    this.output.hasBegun = true;
    channel.beginStream(requestId, contentType);
  }

  // What is left over from an invocation may write on when its response has ended: into nothing.
  _write(chunk, _encoding, callback) {
    if (this.output.isFinished) return callback();
    this._begin();
    this.output.channel.sendPiece(chunk, callback);
  }

  _writev(pieces, callback) {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), undefined, callback);
  }

  _final(callback) {
    this._begin();
    this._finish();
    callback();
  }

  _finish(errorType, document) {
    if (!this.output.isFinished) this.output.channel.finishStream(errorType, document);
    this.output.isFinished = true;
  }

  // End the response with an error; one that is whole stays as it is. Returns false when nothing had been sent: the error is the answer.
  fail(errorType, document) {
    const { channel, requestId, hasBegun } = this.output;
    if (hasBegun) this._finish(errorType, document);
    else channel.fail(requestId, errorType, document);
    this.output.isFinished = true;
    return hasBegun;
  }
}

// awslambda.HttpResponseStream: status and headers ahead of the body, ended by eight zero bytes.
class HttpResponseStream {
  static from(underlyingStream, prelude) {
    underlyingStream.setContentType(HTTP_INTEGRATION);
    const metadata = JSON.stringify(prelude);
    underlyingStream._onBeforeFirstWrite = (write) => {
      write(metadata);
      write(PRELUDE_END);
    };
    return underlyingStream;
  }
}

// Run a streaming handler until it is done and its stream has ended. Rejects with what the handler or the stream fails with, or with
// `refusal` when the handler is not asynchronous.
async function runStreaming(handler, event, stream, context, refusal) {
  const ended = new Promise((resolve, reject) => {
    stream.on("finish", resolve).on("error", reject);
    stream.on("close", () => stream.writableFinished || reject(new TruncatedResponse("Response payload is truncated")));
  });
  ended.catch(() => {}); // reported through the await below, or the handler failed first
  const running = handler(event, stream, context);
  if (!running || typeof running.then !== "function") throw refusal;
  if ((await running) !== undefined) console.warn("Streaming handlers ignore return values.");
  await ended;
}

module.exports = {
  HANDLER_HIGHWATERMARK,
  HANDLER_STREAMING,
  HttpResponseStream,
  NOT_ASYNCHRONOUS,
  ResponseStream,
  runStreaming,
  streamifyResponse,
};
