// From a handler's name to its function, as Lambda resolves it (aws-lambda-ric: UserFunction, user-function-loader).
"use strict";

const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const errors = require("./errors.js");
const { HttpResponseStream, HANDLER_STREAMING, streamifyResponse } = require("./stream.js");

const CALLBACK_REFUSED =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
  "You need to modify this function to use a supported handler signature to use Node.js 24 or later. " +
  "For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

// Returns {handler, streaming}. Rejects with one of `errors`, or with whatever the module throws.
async function loadHandler(taskRoot, name, modern) {
  if (name.includes("..")) {
    const advice = "Use absolute paths when specifying root directories in handler names.";
    throw new errors.MalformedHandlerName(`'${name}' is not a valid handler name. ${advice}`);
  }
  const base = path.basename(name);
  const folder = name.substring(0, name.indexOf(base));
  const parts = base.match(/^([^.]*)\.(.*)$/);
  if (!parts) throw new errors.MalformedHandlerName("Bad handler");
  offerStreaming();
  const loaded = await loadModule(taskRoot, folder, parts[1], modern);
  const handler = findHandler(loaded, parts[2], modern);
  if (!handler) throw new errors.HandlerNotFound(`${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new errors.HandlerNotFound(`${name} is not a function`);
  const streaming = isStreaming(handler);
  if (modern && !streaming && handler.length >= 3) throw new errors.CallbackHandlerDeprecated(CALLBACK_REFUSED);
  return { handler, streaming };
}

function offerStreaming() {
  if (["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = { ...globalThis.awslambda, streamifyResponse, HttpResponseStream };
}

async function loadModule(taskRoot, folder, name, modern) {
  try {
    return await (modern ? importFirst : requireFirst)(taskRoot, folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw explained(new errors.UserCodeSyntaxError(error), modern && error.stack);
    if (error && error.code === "MODULE_NOT_FOUND") throw new errors.ImportModuleError(error);
    throw error;
  }
}

function explained(error, stack) {
  if (stack) error.stack = stack;
  return error;
}

// Up to Node 22: CommonJS first, ES modules where the name or package.json says so.
async function requireFirst(taskRoot, folder, name) {
  const file = path.resolve(taskRoot, folder, name);
  const isModule = fs.existsSync(`${file}.js`) && inModulePackage(path.dirname(file));
  const loaded =
    tryRequire(file) ||
    (!isModule && tryRequire(`${file}.js`)) ||
    (isModule && (await tryImport(`${file}.js`))) ||
    (await tryImport(`${file}.mjs`)) ||
    tryRequire(`${file}.cjs`);
  return loaded || requireResolved(taskRoot, name, [taskRoot, folder]);
}

// From Node 24: everything through import.
async function importFirst(taskRoot, folder, name) {
  const file = path.resolve(taskRoot, folder, name);
  for (const extension of ["", ".js", ".mjs", ".cjs"]) {
    const loaded = await tryImport(file + extension);
    if (loaded) return loaded;
  }
  return requireResolved(taskRoot, name, [taskRoot, path.join(taskRoot, folder)]);
}

function requireResolved(taskRoot, name, paths) {
  return require(require.resolve(name, { paths }));
}

const tryRequire = (file) => (fs.existsSync(file) ? require(file) : undefined);
const tryImport = async (file) => (fs.existsSync(file) ? import(pathToFileURL(file).href) : undefined);

function inModulePackage(folder) {
  if (folder.endsWith("/node_modules")) return false;
  const description = path.join(folder, "package.json");
  if (fs.existsSync(description)) {
    try {
      return JSON.parse(fs.readFileSync(description, "utf8")).type === "module";
    } catch (error) {
      console.warn(`${description} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return folder !== "/" && inModulePackage(path.resolve(folder, ".."));
}

function findHandler(loaded, property, modern) {
  const into = (nested, key) => (modern ? (nested && typeof nested === "object" ? nested[key] : undefined) : nested && nested[key]);
  const found = property.split(".").reduce(into, loaded);
  const hasDefault = modern && typeof loaded === "object" && loaded !== null && "default" in loaded;
  return found || !hasDefault ? found : property.split(".").reduce(into, loaded.default);
}

function isStreaming(handler) {
  const kind = handler[HANDLER_STREAMING];
  if (!kind) return false;
  if (kind === "response") return true;
  throw new errors.MalformedStreamingHandler("Only response streaming is supported.");
}

module.exports = { loadHandler };
