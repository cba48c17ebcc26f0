// The front end: the page, and its calls handed on to the services behind it.
//
//   GET /                      the page           GET /version          which one answers
//   /api/products...           catalogue          /api/carts/...        cart
//   /api/orders...             orders             GET /healthz, /readyz
//
// Node's own library, nothing else. SIGTERM: what was asked is answered, then it ends.
'use strict';
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');

const version = process.env.VERSION || '1';
const services = {
  products: process.env.CATALOGUE_URL || 'http://catalogue:8080',
  carts: process.env.CART_URL || 'http://cart:8080',
  orders: process.env.ORDERS_URL || 'http://orders:8080',
};
const page = fs.readFileSync(path.join(__dirname, 'page.html'), 'utf8')
  .replaceAll('{{version}}', version).replaceAll('{{pod}}', os.hostname());
const kept = new http.Agent({ keepAlive: true, maxSockets: 64 });
let ending = false;

function send(response, status, type, body) {
  const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
  if (ending) headers.Connection = 'close';
  response.writeHead(status, headers);
  response.end(body);
}
const sendJson = (response, status, value) =>
  send(response, status, 'application/json', JSON.stringify(value));

function bodyOf(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts)));
    request.on('error', reject);
  });
}

// Connections are kept for GET alone: a service may end one at the moment it is used again, and only a GET
// can be asked twice.
function ask(url, method, body, again = true) {
  return new Promise((resolve, reject) => {
    const agent = method === 'GET' ? kept : undefined;
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const call = http.request(url, { method, agent, headers, timeout: 5000 }, (answer) =>
      bodyOf(answer).then((data) => resolve({ status: answer.statusCode, data }), reject));
    call.on('timeout', () => call.destroy(new Error(`no answer from ${url}`)));
    call.on('error', (error) =>
      method === 'GET' && again && call.reusedSocket
        ? ask(url, method, body, false).then(resolve, reject)
        : reject(error));
    call.end(body);
  });
}

async function handOn(request, response) {
  const [, , service, ...rest] = request.url.split('/');
  if (!(service in services)) return sendJson(response, 404, { error: 'not found' });
  try {
    const body = await bodyOf(request);
    const url = [services[service], service, ...rest].join('/');
    const answer = await ask(url, request.method, body);
    return send(response, answer.status, 'application/json', answer.data.toString());
  } catch (error) {
    return sendJson(response, 502, { error: `${service}: ${error.message}` });
  }
}

const server = http.createServer((request, response) => {
  if (request.url === '/') return send(response, 200, 'text/html; charset=utf-8', page);
  if (request.url === '/version') return sendJson(response, 200, { version, pod: os.hostname() });
  if (['/healthz', '/readyz'].includes(request.url)) return sendJson(response, 200, { status: 'ok' });
  if (request.url.startsWith('/api/')) return handOn(request, response);
  return sendJson(response, 404, { error: 'not found' });
});

function end() {
  if (ending) return;
  ending = true;
  server.close(() => {
    console.log('front: ended');
    process.exit(0);
  });
  // Who still asks is told with the next answer; who is silent is not waited for.
  setTimeout(() => server.closeIdleConnections(), 3000).unref();
}
process.on('SIGTERM', end);
process.on('SIGINT', end);
server.keepAliveTimeout = 60000;
server.listen(8080, () => console.log(`front: version ${version}, port 8080`));
