// How failures of a Node function look to its caller, as Lambda's own runtime clients write them.
"use strict";

const util = require("util");

const DOCUMENT_FAILED =
  "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack";

class ImportModuleError extends Error {}
class HandlerNotFound extends Error {}
class MalformedHandlerName extends Error {}
class UserCodeSyntaxError extends Error {}
class MalformedStreamingHandler extends Error {}
class InvalidStreamingOperation extends Error {}
class TruncatedResponse extends Error {}
class JSONStringifyError extends Error {}
class CallbackHandlerDeprecated extends Error {}
class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(reason);
    this.reason = reason;
    this.promise = promise;
  }
}

const classes = {
  ImportModuleError,
  HandlerNotFound,
  MalformedHandlerName,
  UserCodeSyntaxError,
  MalformedStreamingHandler,
  InvalidStreamingOperation,
  TruncatedResponse,
  JSONStringifyError,
  CallbackHandlerDeprecated,
  UnhandledPromiseRejection,
};
for (const [name, type] of Object.entries(classes)) type.prototype.name = `Runtime.${name}`;

function isErrorLike(value) {
  return [value.name, value.message, value.stack].every((part) => part && typeof part === "string");
}

const visible = (text) => (text === undefined || text === null ? undefined : text.replace(/\x7F/g, "%7F"));

// The error document. Never throws, whatever was thrown at it. Node 24's client no longer takes look-alikes of errors for errors.
function documentOf(error, modern = false) {
  try {
    if (modern ? error instanceof Error : util.types.isNativeError(error) || (error && isErrorLike(error))) {
      const trace = modern && !error.stack ? [] : error.stack.replace(/\x7F/g, "%7F").split("\n");
      return { errorType: visible(error.name), errorMessage: visible(error.message), trace };
    }
    return { errorType: typeof error, errorMessage: modern ? String(error) : error.toString(), trace: [] };
  } catch (_) {
    return { errorType: "handled", errorMessage: DOCUMENT_FAILED, ...(modern ? { trace: [] } : {}) };
  }
}

const intoError = (value) => (value instanceof Error ? value : new Error(value));

// An error as the text log format shows it: one JSON document with its own enumerable members.
function toFormatted(error) {
  try {
    return "\t" + JSON.stringify(error, (_, value) => withEnumerableProperties(value));
  } catch (_) {
    return "\t" + JSON.stringify(documentOf(error));
  }
}

function withEnumerableProperties(value) {
  if (!(value instanceof Error)) return value;
  const shown = Object.assign({ errorType: value.name, errorMessage: value.message, code: value.code }, value);
  if (typeof value.stack === "string") shown.stack = value.stack.split("\n");
  return shown;
}

module.exports = { ...classes, documentOf, intoError, toFormatted };
