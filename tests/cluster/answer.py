"""Says who it is and who asked: HTTP at 8080, UDP datagrams at 8081, in both families.

GET /           "NAME CLIENT"
GET /wait?2     the same, after so many seconds
GET /stream     a line each tenth of a second, until the client goes
After SIGTERM nobody new is let in; who has asked gets an answer, and that is the end.
"""

import os
import signal
import socket
import socketserver
import threading
import time

NAME = os.environ.get("NAME") or socket.gethostname()
HTTP, UDP = int(os.environ.get("HTTP_PORT", 8080)), int(os.environ.get("UDP_PORT", 8081))


def address(client):
    return client[0].removeprefix("::ffff:")


class Request(socketserver.StreamRequestHandler):
    timeout = 60

    def handle(self):
        while line := self.rfile.readline():
            with self.server.asked:
                self.server.waiting += 1
            try:
                self.serve(line.decode().split()[1])
            finally:
                with self.server.asked:
                    self.server.waiting -= 1

    def serve(self, path):
        while self.rfile.readline().strip():
            pass
        if path.startswith("/wait?"):
            time.sleep(float(path.partition("?")[2]))
        if path == "/stream":
            return self.stream()
        self.answer(f"{NAME} {address(self.client_address)}\n")

    def answer(self, body):
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def stream(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for number in range(100_000):
            self.wfile.write(f"{NAME} {number}\n".encode())
            time.sleep(0.1)


class Server(socketserver.ThreadingTCPServer):
    address_family, allow_reuse_address, request_queue_size = socket.AF_INET6, True, 128
    daemon_threads, asked, waiting = True, threading.Lock(), 0

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request, client):
        pass  # a client that went


def datagrams():
    one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    one.bind(("::", UDP))
    while True:
        _, client = one.recvfrom(2000)
        one.sendto(f"{NAME} {address(client)}".encode(), client)


server = Server(("::", HTTP), Request)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
threading.Thread(target=datagrams, daemon=True).start()
server.serve_forever(poll_interval=0.05)
server.socket.close()
time.sleep(0.2)  # who is connected may be about to ask
while server.waiting:
    time.sleep(0.02)
