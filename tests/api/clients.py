"""Connections that no proper client would make, and how the server bears them."""

import socket
import ssl
from pathlib import Path


def resident_kb(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def raw(server, protocols=("http/1.1",), timeout=10):
    context = server.caller_of(server.kubeconfig).context
    context.set_alpn_protocols(list(protocols))
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", server.port), timeout), server_hostname="127.0.0.1"
    )


def read_all(connection):
    data = b""
    try:
        while more := connection.recv(65536):
            data += more
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    return data


def assert_alive(server):
    assert server.admin.get("/api/v1/namespaces/default")["metadata"]["name"] == "default"
