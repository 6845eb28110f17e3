// Says how many invocations this environment has had: a new environment answers `call: 1`.
let calls = 0
exports.handler = async (event) => ({ n: event.n, call: ++calls })
