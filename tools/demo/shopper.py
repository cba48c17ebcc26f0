"""Who shops in ./demo: python3 shopper.py URL order | load | wait PATH

order    puts two things into a cart, orders them, and waits until the order is written down
load     asks without a pause until standard input ends, then says what came back, as JSON: half of the
         clients keep their connection, half make one for each request
wait     until PATH answers; says for how long it did not
"""

import collections
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

CLIENTS = 4


class Shop:
    def __init__(self, url):
        self.host = urlsplit(url).netloc
        self.connection = None

    def ask(self, path, body=None, kept=False, timeout=5):
        connection = self.connection or http.client.HTTPConnection(self.host, timeout=timeout)
        self.connection = None
        try:
            connection.request("GET" if body is None else "POST", path, body and json.dumps(body))
            answer = connection.getresponse()
            data = answer.read()
            if kept and not answer.will_close:
                self.connection = connection
        finally:
            if self.connection is not connection:
                connection.close()
        value = json.loads(data)
        if answer.status >= 300:
            raise OSError(f"{answer.status}: {value.get('error')}")
        return value


def order(shop):
    shopper = f"demo-{os.getpid()}"
    begin = time.monotonic()
    for product in ("wine", "kyoho"):
        cart = shop.ask(f"/api/carts/{shopper}/items", {"product": product, "count": 1})
    wanted = shop.ask(f"/api/carts/{shopper}/checkout", {})["order"]
    accepted = time.monotonic()
    price, took = cart["cents"] / 100, (accepted - begin) * 1000
    print(f"order {wanted[:8]} of {price:.2f} EUR accepted after {took:.0f} ms")
    while True:
        written = shop.ask(f"/api/orders/{shopper}")["orders"]
        if any(one["id"] == wanted for one in written):
            break
        if time.monotonic() > accepted + 20:
            sys.exit("it was not written down within 20 s")
        time.sleep(0.01)
    print(f"written to PostgreSQL {(time.monotonic() - accepted) * 1000:.0f} ms later; "
          f"orders in all: {shop.ask('/api/orders')['count']}")  # fmt: skip


def load(url):
    ending, lock = threading.Event(), threading.Lock()
    versions, problems, slowest = collections.Counter(), [], [0.0]

    def client(number):
        shop = Shop(url)
        while not ending.is_set():
            begin = time.monotonic()
            try:
                version = shop.ask("/version", kept=number % 2)["version"]
                shop.ask("/api/products", kept=number % 2)
                with lock:
                    versions[version] += 2
            except (OSError, http.client.HTTPException, ValueError) as error:
                with lock:
                    problems.append(f"{type(error).__name__}: {error}")
            with lock:
                slowest[0] = max(slowest[0], time.monotonic() - begin)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for one in clients:
        one.start()
    sys.stdin.read()
    ending.set()
    for one in clients:
        one.join()
    answered = ", ".join(f"{count} by version {version}" for version, count in sorted(versions.items()))
    print(f"{sum(versions.values())} requests answered ({answered}), {len(problems)} lost; "
          f"the slowest pair took {slowest[0] * 1000:.0f} ms")  # fmt: skip
    for problem, count in collections.Counter(problems).most_common(3):
        print(f"lost {count}: {problem}")
    sys.exit(1 if problems else 0)


def wait(shop, path):
    begin = time.monotonic()
    while True:
        try:
            shop.ask(path, timeout=1)
            break
        except (OSError, http.client.HTTPException, ValueError):
            if time.monotonic() > begin + 30:
                sys.exit(f"{path} does not answer")
            time.sleep(0.01)
    print(f"{path} answers after {(time.monotonic() - begin) * 1000:.0f} ms")


if __name__ == "__main__":
    url, verb, *more = sys.argv[1:]
    load(url) if verb == "load" else {"order": order, "wait": wait}[verb](Shop(url), *more)
