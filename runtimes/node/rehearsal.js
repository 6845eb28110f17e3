// Loaded once before an environment is assigned, as a function's own module would be; rehearsal_module.mjs is the same for ES modules.
"use strict";

exports.handler = async (event) => event;
