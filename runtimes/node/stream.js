// Streaming handlers: the response stream they write to. Collected here, and sent as one response when it has ended.
"use strict";

const { Writable } = require("stream");
const { InvalidStreamingOperation } = require("./errors.js");

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

class ResponseStream extends Writable {
  constructor(highWaterMark) {
    super({ highWaterMark });
    this.chunks = [];
    this.isWritten = false;
    this.contentType = "application/octet-stream";
  }

  setContentType(contentType) {
    if (this.isWritten) throw new InvalidStreamingOperation("Cannot set content-type, too late.");
    this.contentType = contentType;
  }

  write(chunk, encoding, callback) {
    this._begin();
    const isPlain = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(isPlain ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  _begin() {
    if (this.isWritten) return;
    this.isWritten = true;
    if (typeof this._onBeforeFirstWrite === "function") this._onBeforeFirstWrite((part) => super.write(part));
  }

  _write(chunk, _encoding, callback) {
    this.chunks.push(Buffer.from(chunk));
    callback();
  }

  collected() {
    return Buffer.concat(this.chunks);
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

// Run a streaming handler to the end of its stream; resolves to the bytes it wrote. Rejects with what the handler rejects with,
// or with `refusal` when it is not asynchronous.
async function collectResponse(handler, event, context, refusal) {
  const stream = new ResponseStream(handler[HANDLER_HIGHWATERMARK]);
  const ended = new Promise((resolve, reject) => stream.once("finish", resolve).once("error", reject));
  ended.catch(() => {}); // reported through the await below, or the handler failed first
  const running = handler(event, stream, context);
  if (!running || typeof running.then !== "function") throw refusal;
  if ((await running) !== undefined) console.warn("Streaming handlers ignore return values.");
  await ended;
  return stream.collected();
}

module.exports = { HANDLER_STREAMING, HttpResponseStream, NOT_ASYNCHRONOUS, collectResponse, streamifyResponse };
