"""The cart: what each shopper means to buy, kept in Redis. A checkout queues an order, in the list `orders`.

GET  /carts/USER             {"items": [{"product", "count"}], "cents": N}
POST /carts/USER/items       {"product": "wine", "count": 1}
POST /carts/USER/checkout    202 {"order": ID}: accepted; who takes orders writes it down
GET  /healthz, /readyz
"""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

CATALOGUE = os.environ.get("CATALOGUE_URL", "http://catalogue:8080")
REDIS = os.environ.get("REDIS_HOST", "redis")
store = redis.Redis(REDIS, socket_timeout=2, socket_connect_timeout=2, decode_responses=True)


def product(name):
    with urllib.request.urlopen(f"{CATALOGUE}/products/{name}", timeout=2) as answer:
        return json.load(answer)


def cart_of(user):
    items = []
    for name, count in sorted(store.hgetall(f"cart:{user}").items()):
        found = product(name)
        items.append({"product": name, "name": found["name"], "cents": found["cents"], "count": int(count)})
    return {"items": items, "cents": sum(item["cents"] * item["count"] for item in items)}


def add(user, wanted):
    product(wanted["product"])  # there is such a product
    store.hincrby(f"cart:{user}", wanted["product"], int(wanted.get("count", 1)))
    return 200, cart_of(user)


def check_out(user):
    """The cart is emptied and the order queued in one step, so that neither is done without the other."""
    cart = cart_of(user)
    if not cart["items"]:
        return 409, {"error": "the cart is empty"}
    order = {"id": str(uuid.uuid4()), "user": user, **cart}
    with store.pipeline(transaction=True) as both:
        both.delete(f"cart:{user}").lpush("orders", json.dumps(order)).execute()
    return 202, {"order": order["id"]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(self.route_get)

    def do_POST(self):
        self.answer(self.route_post)

    def route_get(self):
        match self.path.split("/")[1:]:
            case ["healthz"]:
                return 200, {"status": "ok"}
            case ["readyz"]:
                store.ping()
                return 200, {"status": "ok"}
            case ["carts", user]:
                return 200, cart_of(user)
        return 404, {"error": "not found"}

    def route_post(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self.path.split("/")[1:]:
            case ["carts", user, "items"]:
                return add(user, json.loads(body))
            case ["carts", user, "checkout"]:
                return check_out(user)
        return 404, {"error": "not found"}

    def answer(self, route):
        try:
            status, body = route()
        except urllib.error.HTTPError as error:
            status, body = (404 if error.code == 404 else 502), {"error": f"catalogue: {error}"}
        except (ValueError, KeyError, TypeError) as error:
            status, body = 400, {"error": repr(error)}
        except (redis.RedisError, OSError) as error:
            status, body = 503, {"error": str(error)}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("", 8080), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("cart: port 8080", flush=True)
    server.serve_forever(poll_interval=0.1)
    time.sleep(1)  # what was asked is answered
    print("cart: ended", flush=True)


if __name__ == "__main__":
    main()
