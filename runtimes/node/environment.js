// The variables of an execution environment, and what can only take effect in a new process: exec wrappers and Node's own options.
"use strict";

const fs = require("fs");
const Module = require("module");

// Set in the environment of the process that a wrapper starts: its environment is the wrapper's work and is kept.
const WRAPPED = "_LAMBENT_WRAPPED";
const TELEMETRY = 4;
const READ_AT_START = ["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS"];
const SEARCHED_ALREADY = [...(process.env.LD_LIBRARY_PATH || "").split(":"), "/lib64", "/usr/lib64"];

function replaceVariables(variables) {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
  Module._initPaths(); // NODE_PATH was read when this process started
}

// Make these the process's only variables; returns the handler's name, which a wrapper may have changed.
function adopt(variables, handler) {
  const wrapped = process.env[WRAPPED];
  delete process.env[WRAPPED];
  if (!wrapped) replaceVariables(variables);
  adopt.isWrapped = Boolean(wrapped);
  process.chdir(process.env.LAMBDA_TASK_ROOT || "/var/task");
  return (wrapped && process.env._HANDLER) || handler;
}

// The command that must replace this process, or null.
function replacement(bootstrap) {
  if (adopt.isWrapped) return null;
  const command = [process.execPath, ...process.execArgv, bootstrap];
  const wrapper = process.env.AWS_LAMBDA_EXEC_WRAPPER;
  if (wrapper) return [checked(wrapper), ...command];
  if (process.env.NODE_OPTIONS === "--enable-source-maps" && !process.env.NODE_EXTRA_CA_CERTS && !hasNewLibraries()) {
    process.setSourceMapsEnabled(true); // the common case needs no new process
    return null;
  }
  return READ_AT_START.some((name) => process.env[name]) || hasNewLibraries() ? command : null;
}

// Whether libraries lie in a folder where this process does not look: LD_LIBRARY_PATH is read once, at the start.
function hasNewLibraries() {
  const folders = (process.env.LD_LIBRARY_PATH || "").split(":").filter((each) => !SEARCHED_ALREADY.includes(each));
  return folders.some((each) => fs.existsSync(each) && fs.readdirSync(each).some((name) => name.includes(".so")));
}

// A wrapper that cannot be run ends the process with a shell's status, as Lambda's own start script does.
function checked(wrapper) {
  if (!fs.existsSync(wrapper) || !fs.statSync(wrapper).isFile()) refuse(`${wrapper}: does not exist`, 127);
  try {
    fs.accessSync(wrapper, fs.constants.X_OK);
  } catch (_) {
    refuse(`${wrapper}: is not an executable`, 126);
  }
  return wrapper;
}

function refuse(message, status) {
  fs.writeSync(1, message + "\n");
  process.exit(status);
}

// Run the command with our descriptors, and end as it ends. Node cannot exec: it sets close-on-exec on every descriptor it was given.
function replaceBy([program, ...parameters], channel) {
  channel.handOver();
  const child = require("child_process").spawn(program, parameters, {
    env: { ...process.env, [WRAPPED]: "1" },
    stdio: ["inherit", "inherit", "inherit", channel.fd, TELEMETRY],
  });
  child.on("error", (error) => refuse(`${program}: ${error.message}`, 126));
  child.on("exit", (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code)));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  channel.socket.destroy();
  fs.closeSync(TELEMETRY);
}

module.exports = { adopt, replaceVariables, replacement, replaceBy };
