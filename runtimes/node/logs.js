// The console of a Node function: lines or JSON documents in Lambda's form, as records on the telemetry pipe or lines on standard output.
"use strict";

const fs = require("fs");
const util = require("util");
const { intoError, toFormatted } = require("./errors.js");

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const TEXT_RECORD = 0xa55a0003;
const JSON_RECORD = 0xa55a0002;

// What lines carry of the invocation that is running. Not kept per asynchronous context: one invocation runs at a time, and Lambda's own
// client gives lines of left-over work to the invocation that runs meanwhile.
const current = { requestId: undefined, tenantId: undefined };
let isJson = false;

const className = (error) => (error.constructor && error.constructor.name) || "UnknownError";

function revealErrors(_, value) {
  if (!(value instanceof Error)) return value;
  const stackTrace = typeof value.stack === "string" ? value.stack.split("\n") : value.stack;
  return Object.assign({ errorType: className(value), errorMessage: value.message, stackTrace }, value);
}

function jsonDocument(timestamp, level, parameters) {
  const result = { timestamp, level, requestId: current.requestId };
  if (current.tenantId !== undefined) result.tenantId = current.tenantId;
  if (parameters.length === 1) {
    result.message = parameters[0];
    try {
      return JSON.stringify(result, revealErrors);
    } catch (_) {
      result.message = util.format(result.message);
      return JSON.stringify(result);
    }
  }
  result.message = util.format(...parameters);
  const error = parameters.find((parameter) => parameter instanceof Error);
  if (error) {
    const stackTrace = typeof error.stack === "string" ? error.stack.split("\n") : [];
    Object.assign(result, { errorType: className(error), errorMessage: error.message, stackTrace });
  }
  return JSON.stringify(result);
}

const textLine = (timestamp, level, parameters) => `${timestamp}\t${current.requestId}\t${level}\t${util.format(...parameters)}`;

function writeLine(line) {
  process.stdout.write(line.replace(/\n/g, "\r") + "\n");
}

// One record in one write, so that its line breaks stay inside it.
function recordWriter(fd, kind, end) {
  return (line, level, now) => {
    const size = Buffer.byteLength(line) + end.length;
    const record = Buffer.allocUnsafe(16 + size);
    record.writeUInt32BE((kind | (LEVELS[level] << 2)) >>> 0, 0);
    record.writeUInt32BE(size, 4);
    record.writeBigInt64BE(BigInt(now.valueOf()) * 1000n, 8);
    record.utf8Write(line + end, 16);
    for (let sent = 0; sent < record.length; ) sent += fs.writeSync(fd, record, sent);
  };
}

// What is printed must be out before the answer is: behind it the process may be frozen or ended.
function blockOnOutput() {
  for (const { _handle: handle } of [process.stdout, process.stderr]) if (handle && handle.setBlocking) handle.setBlocking(true);
}

// Replace the console's methods. Takes _LAMBDA_TELEMETRY_LOG_FD out of `environment`.
function patchConsole(environment, modern) {
  const fd = environment._LAMBDA_TELEMETRY_LOG_FD;
  delete environment._LAMBDA_TELEMETRY_LOG_FD;
  isJson = (environment.AWS_LAMBDA_LOG_FORMAT || "").toUpperCase() === "JSON";
  if (modern) current.requestId = "-";
  const format = isJson ? jsonDocument : textLine;
  const write = fd === undefined ? writeLine : recordWriter(Number(fd), isJson ? JSON_RECORD : TEXT_RECORD, isJson ? "" : "\n");
  const least = LEVELS[(environment.AWS_LAMBDA_LOG_LEVEL || "").toUpperCase()] || LEVELS.TRACE;
  for (const level of Object.keys(LEVELS)) {
    const log = (...parameters) => {
      const now = new Date();
      write(format(now.toISOString(), level, parameters.length ? parameters : [undefined]), level, now);
    };
    console[level.toLowerCase()] = LEVELS[level] >= least ? log : () => {};
  }
  console.log = console.info;
}

// An error of the function, as its own log record.
function logError(message, error) {
  if (isJson) console.error(intoError(error));
  else console.error(message, toFormatted(intoError(error)));
}

module.exports = { blockOnOutput, current, patchConsole, logError };
