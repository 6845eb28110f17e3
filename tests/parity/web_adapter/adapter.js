#!/var/lang/bin/node
// The AWS Lambda Web Adapter's part in its pattern, for a host whose sandbox has Node.js: the same as adapter.py.
const http = require("node:http");
const net = require("node:net");
const path = require("node:path");

const [host, runtimePort] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const port = Number(process.env.AWS_LWA_PORT ?? 8080);

const asked = (options, body) =>
  new Promise((resolve, reject) => {
    const request = http.request(options, (reply) => {
      const chunks = [];
      reply.on("data", (chunk) => chunks.push(chunk));
      reply.on("end", () => resolve({ reply, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end(body);
  });
const platform = (method, route, body, headers = {}) => asked({ host, port: runtimePort, method, path: route, headers }, body);

// Without events; the first `next` tells that it is initialised, and never returns.
async function register() {
  const { reply } = await platform("POST", "/2020-01-01/extension/register", JSON.stringify({ events: [] }), {
    "Lambda-Extension-Name": path.basename(__filename),
  });
  const identifier = reply.headers["lambda-extension-identifier"];
  platform("GET", "/2020-01-01/extension/event/next", undefined, { "Lambda-Extension-Identifier": identifier }).catch(() => {});
}

async function awaitReadiness() {
  for (const end = Date.now() + 8000; Date.now() < end; ) {
    const listens = await new Promise((resolve) => {
      const probe = net.connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      probe.on("connect", () => probe.destroy());
    });
    if (listens) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the web server did not listen in time");
}

// An event of API Gateway (format 2.0) or a function URL as an HTTP request; the reply as they expect it.
async function forwarded(event) {
  const headers = { ...event.headers, "x-amzn-request-context": JSON.stringify(event.requestContext) };
  if (event.cookies?.length) headers.cookie = event.cookies.join("; ");
  const content = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
  headers["content-length"] = content.length;
  const target = event.rawPath + (event.rawQueryString ? `?${event.rawQueryString}` : "");
  const { reply, body } = await asked(
    { host: "127.0.0.1", port, method: event.requestContext.http.method, path: target, headers },
    content,
  );
  const { "set-cookie": cookies = [], ...shown } = reply.headers;
  const text = /^(text\/|application\/json)/.test(shown["content-type"] ?? "");
  return {
    statusCode: reply.statusCode,
    headers: shown,
    cookies,
    body: body.toString(text ? "utf8" : "base64"),
    isBase64Encoded: !text,
  };
}

async function main() {
  await register();
  await awaitReadiness();
  for (;;) {
    const { reply, body } = await platform("GET", "/2018-06-01/runtime/invocation/next");
    const answer = JSON.stringify(await forwarded(JSON.parse(body)));
    await platform("POST", `/2018-06-01/runtime/invocation/${reply.headers["lambda-runtime-aws-request-id"]}/response`, answer);
  }
}

main();
