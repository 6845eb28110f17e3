// The frame protocol's client end: u32be length, kind, body.
"use strict";

const fs = require("fs");
const net = require("net");

const RESPONSE_BYTES_AT_MOST = 6 * 1024 * 1024 + 100;
const PIECE_BYTES = 256 * 1024;
const CONTENT_TYPE_BYTES_AT_MOST = 1024;
const TOO_LARGE_TYPE = "Function.ResponseSizeTooLarge";
const TOO_LARGE = JSON.stringify({
  errorType: TOO_LARGE_TYPE,
  errorMessage: `Response payload size exceeded maximum allowed payload size (${RESPONSE_BYTES_AT_MOST} bytes).`,
});

class Channel {
  // `onFrame(kind, frame)` is called with each whole frame; the buffer is only valid during the call.
  constructor(fd) {
    this.fd = fd;
    this.onFrame = () => {};
    this.partial = null;
    this.filled = 0;
    const buffer = Buffer.allocUnsafeSlow(64 * 1024);
    this.socket = new net.Socket({
      fd,
      readable: true,
      writable: true,
      onread: { buffer, callback: (count, chunk) => this._received(chunk.subarray(0, count)) },
    });
    // The server is gone: nobody is left to tell, not even the function's own exit listeners.
    for (const event of ["end", "error", "close"]) this.socket.once(event, () => this.abandon());
    this.socket.resume();
  }

  abandon() {
    process.removeAllListeners("exit");
    process.exit(0);
  }

  // While an invocation runs, the channel must not keep the event loop alive: an empty loop ends the invocation.
  hold() {
    this.socket.ref();
  }

  release() {
    this.socket.unref();
  }

  // Stop reading, so that another process can take over the descriptor.
  handOver() {
    this.socket.removeAllListeners();
    this.socket.on("error", () => {});
    this.socket.pause();
  }

  _received(chunk) {
    if (this.partial === null && chunk.length >= 4 && chunk.readUInt32BE(0) + 4 === chunk.length && chunk.length > 4) {
      this._deliver(chunk);
      return true;
    }
    if (!this.partial) {
      this.partial = Buffer.allocUnsafe(4);
      this.filled = 0;
    }
    while (chunk.length) {
      const count = chunk.copy(this.partial, this.filled);
      this.filled += count;
      chunk = chunk.subarray(count);
      if (this.filled === this.partial.length) this._grow();
    }
    return true;
  }

  _grow() {
    const whole = this.partial.readUInt32BE(0) + 4;
    if (whole < 5) return this.abandon();
    if (this.partial.length === whole) {
      const frame = this.partial;
      this.partial = null;
      return this._deliver(frame);
    }
    const larger = Buffer.allocUnsafe(whole);
    this.partial.copy(larger);
    this.partial = larger;
  }

  _deliver(frame) {
    this.onFrame(String.fromCharCode(frame[4]), frame);
  }

  // An R, H or X frame.
  send(kind, body = Buffer.alloc(0)) {
    this._write(this._frame(kind, body.length, (frame) => body.copy(frame, 5)));
  }

  // The result of an invocation: JSON text, or bytes.
  respond(requestId, result) {
    const isText = typeof result === "string";
    const size = isText ? Buffer.byteLength(result) : result.length;
    if (size > RESPONSE_BYTES_AT_MOST) return this.fail(requestId, TOO_LARGE_TYPE, TOO_LARGE);
    this._write(
      this._frame("S", 36 + size, (frame) => {
        frame.latin1Write(requestId, 5, 36);
        return isText ? frame.utf8Write(result, 41) : result.copy(frame, 41);
      })
    );
  }

  // An error document of an invocation. `last`: the process is about to end, so write it all now.
  fail(requestId, errorType, document, last = false) {
    if (Buffer.byteLength(document) > RESPONSE_BYTES_AT_MOST) [errorType, document] = [TOO_LARGE_TYPE, TOO_LARGE];
    const body = Buffer.concat([Buffer.from(requestId, "latin1"), typeBytes(errorType), Buffer.from(document)]);
    this._write(this._frame("E", body.length, (frame) => body.copy(frame, 5)), last);
  }

  // A streamed response: its head, pieces of any size, its end. `whenTaken` is called when the socket has room for more.
  beginStream(requestId, contentType) {
    const name = Buffer.from(String(contentType)).subarray(0, CONTENT_TYPE_BYTES_AT_MOST);
    this.send("B", Buffer.concat([Buffer.from(requestId, "latin1"), name]));
  }

  sendPiece(bytes, whenTaken) {
    let at = 0;
    for (; bytes.length - at > PIECE_BYTES; at += PIECE_BYTES) this._sendPiece(bytes.subarray(at, at + PIECE_BYTES));
    this._sendPiece(bytes.subarray(at), whenTaken);
  }

  _sendPiece(bytes, whenTaken) {
    this._write(this._frame("D", bytes.length, (frame) => frame.set(bytes, 5)), false, whenTaken);
  }

  finishStream(errorType, document) {
    if (errorType === undefined) return this.send("F");
    if (Buffer.byteLength(document) > RESPONSE_BYTES_AT_MOST) [errorType, document] = [TOO_LARGE_TYPE, TOO_LARGE];
    this.send("F", Buffer.concat([typeBytes(errorType), Buffer.from(document)]));
  }

  failInit(errorType, document) {
    const body = Buffer.concat([typeBytes(errorType), Buffer.from(document)]);
    this._write(this._frame("X", body.length, (frame) => body.copy(frame, 5)), true);
  }

  _frame(kind, size, fill) {
    const frame = Buffer.allocUnsafe(5 + size);
    frame.writeUInt32BE(1 + size, 0);
    frame[4] = kind.charCodeAt(0);
    fill(frame);
    return frame;
  }

  // At once as far as the socket takes it: one system call for nearly every frame. The rest goes through the event loop, and what
  // comes after it too; or, when the process is about to end, is waited for. `whenTaken` is called when none of it is left.
  _write(frame, last = false, whenTaken = undefined) {
    let sent = 0;
    if (this.socket.writableLength > 0) return this.socket.write(frame, whenTaken);
    while (sent < frame.length) {
      try {
        sent += fs.writeSync(this.fd, frame, sent);
      } catch (error) {
        if (error.code !== "EAGAIN") return this.abandon();
        if (!last) return this.socket.write(frame.subarray(sent), whenTaken);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
    if (whenTaken) whenTaken();
  }
}

function typeBytes(errorType) {
  const name = Buffer.from(String(errorType)).subarray(0, 255);
  return Buffer.concat([Buffer.from([name.length]), name]);
}

// The fields of an invoke frame's head, and the event as text.
function parseInvoke(frame) {
  const end = 9 + frame.readUInt32BE(5);
  const fields = frame.toString("utf8", 9, end).split("\0");
  const [requestId, , deadline, functionArn, traceId, clientContext, identity, tenantId] = fields;
  return {
    requestId,
    deadline: Number(deadline),
    functionArn,
    traceId: traceId || undefined,
    clientContext: clientContext || undefined,
    identity: identity || undefined,
    tenantId: tenantId || undefined,
    event: frame.toString("utf8", end),
  };
}

module.exports = { Channel, parseInvoke };
