"""The orders that were written down.

GET /orders            {"count": N, "orders": [the last twenty]}
GET /orders/USER       one shopper's
GET /healthz, /readyz
"""

import json
import signal
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

import ledger

LAST = """
select id, shopper, items, cents, to_char(taken, 'YYYY-MM-DD HH24:MI:SS') from orders
where %(user)s is null or shopper = %(user)s order by taken desc limit 20"""
COUNT = "select count(*) from orders where %(user)s is null or shopper = %(user)s"

local = threading.local()  # a connection for each thread, and so for each client's connection


def rows(query, **values):
    connection = getattr(local, "connection", None)
    if connection is None or connection.closed:
        connection = local.connection = ledger.connect()
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def orders_of(user):
    names = ("id", "user", "items", "cents", "taken")
    return {
        "count": rows(COUNT, user=user)[0][0],
        "orders": [dict(zip(names, row)) for row in rows(LAST, user=user)],
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            status, body = self.route()
        except psycopg2.Error as error:
            status, body = 503, {"error": str(error).strip()}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def route(self):
        match self.path.split("/")[1:]:
            case ["healthz"]:
                return 200, {"status": "ok"}
            case ["readyz"]:
                rows("select from orders limit 1")
                return 200, {"status": "ok"}
            case ["orders"]:
                return 200, orders_of(None)
            case ["orders", user]:
                return 200, orders_of(user)
        return 404, {"error": "not found"}

    def finish(self):
        super().finish()
        connection = getattr(local, "connection", None)
        if connection is not None:
            connection.close()

    def log_message(self, *_):
        pass


def make_table():
    """As soon as there is a database. Another replica may do so at the same moment: then one tries again."""
    while True:
        try:
            with closing(ledger.connect()) as connection, connection.cursor() as cursor:
                return cursor.execute(ledger.TABLE)
        except psycopg2.Error as error:
            print(f"orders: {error}".strip(), flush=True)
            time.sleep(0.5)


def main():
    server = ThreadingHTTPServer(("", 8080), Handler)
    threading.Thread(target=make_table, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("orders: port 8080", flush=True)
    server.serve_forever(poll_interval=0.1)
    time.sleep(1)  # what was asked is answered
    print("orders: ended", flush=True)


if __name__ == "__main__":
    main()
