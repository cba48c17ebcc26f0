"""Takes orders out of Redis and writes them into PostgreSQL: none is lost, none is written twice.

An order moves from the list `orders` to this worker's own list, is written, and leaves that list. A worker
that dies in between finds it there when it comes back under the same name; another name's list is taken over
when nobody has held it for a while. Writing is idempotent: the order's id is the row's key.
"""

import json
import os
import signal
import time
from contextlib import closing

import psycopg2
import redis

import ledger

ALIVE = "/tmp/alive"  # touched while this works; the liveness probe looks at its age
LEASE = 10  # seconds that a worker's name is its own without a word from it


class Worker:
    def __init__(self):
        self.name = os.environ.get("HOSTNAME", "worker")
        self.mine = f"orders:taken:{self.name}"
        host = os.environ.get("REDIS_HOST", "redis")
        self.redis = redis.Redis(host, socket_timeout=3, socket_connect_timeout=2, decode_responses=True)
        self.ending = False

    def run(self):
        while not self.ending:
            try:
                with closing(ledger.connect()) as connection:
                    self.work(connection)
            except (redis.RedisError, psycopg2.Error) as error:
                print(f"worker: {error}".strip(), flush=True)
                time.sleep(1)

    def work(self, connection):
        self.take_over()
        while not self.ending:
            with open(ALIVE, "w"):
                pass
            self.redis.set(f"orders:lease:{self.name}", 1, ex=LEASE)
            text = self.redis.lindex(self.mine, -1)
            text = text or self.redis.blmove("orders", self.mine, 1, "RIGHT", "LEFT")
            if text:
                self.write(connection, json.loads(text))
                self.redis.lrem(self.mine, 1, text)
            else:
                self.take_over()

    def write(self, connection, order):
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into orders (id, shopper, items, cents) values (%s, %s, %s, %s)"
                " on conflict do nothing",
                (order["id"], order["user"], json.dumps(order["items"]), order["cents"]),
            )
        print(f"worker: order {order['id']} of {order['user']}: {order['cents']} cents", flush=True)

    def take_over(self):
        for key in self.redis.scan_iter("orders:taken:*"):
            name = key.removeprefix("orders:taken:")
            if name != self.name and not self.redis.exists(f"orders:lease:{name}"):
                while self.redis.lmove(key, "orders", "RIGHT", "RIGHT"):
                    pass

    def end(self, *_):
        self.ending = True


def main():
    worker = Worker()
    signal.signal(signal.SIGTERM, worker.end)
    print(f"worker: {worker.name}", flush=True)
    worker.run()
    print("worker: ended", flush=True)


if __name__ == "__main__":
    main()
