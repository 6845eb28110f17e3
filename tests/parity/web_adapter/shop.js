// A web application that knows nothing of Lambda (Node.js's own HTTP server).
const http = require("node:http");
let served = 0;

async function order(request, response, address, number) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  served += 1;
  const cookie = /session=([^;]*)/.exec(request.headers.cookie ?? "")?.[1] ?? null;
  response.writeHead(request.method === "POST" ? 201 : 200, { "Content-Type": "application/json", "Set-Cookie": "session=new; Path=/" });
  const colours = address.searchParams.getAll("colour");
  response.end(JSON.stringify({ method: request.method, order: number, colours, body: Buffer.concat(chunks).toString(), cookie, served }));
}

http
  .createServer((request, response) => {
    const address = new URL(request.url, "http://localhost");
    const found = /^\/orders\/(\w+)$/.exec(address.pathname);
    if (found) return order(request, response, address, found[1]);
    if (address.pathname === "/picture") {
      response.writeHead(200, { "Content-Type": "image/png" });
      return response.end(Buffer.from(Array.from({ length: 256 }, (_, each) => each)));
    }
    response.writeHead(address.pathname === "/broken" ? 500 : 404, { "Content-Type": "text/plain" });
    return response.end("no");
  })
  .listen(8080, "127.0.0.1");
