"""Networks and published ports, with real traffic."""

import json
import socket
import subprocess
import sys

import pytest

from daemon import wait_until


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, host="127.0.0.1"):
    with socket.create_connection((host, port), 5) as connection:
        connection.settimeout(5)
        return connection.makefile().read()


def served(port, host="127.0.0.1"):
    """What fetch() gives once somebody listens: the server makes its socket anew for every connection."""

    def attempt():
        try:
            return fetch(port, host)
        except OSError:
            return None

    return wait_until(attempt)


def serve(engine, name, *words):
    engine.docker(
        "run",
        "-d",
        "--name",
        name,
        *words,
        "busybox",
        "sh",
        "-c",
        f"while :; do echo {name} | nc -l -p 80; done",
    )


def test_default_bridge(engine):
    engine.docker("run", "-d", "--name", "first", "busybox", "sleep", "100")
    address = engine.docker("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "first")
    assert (
        engine.docker("run", "--rm", "busybox", "ping", "-c1", "-W2", address).count("1 packets received")
        == 1
    )
    assert engine.docker("exec", "first", "ip", "route").startswith("default via")


def test_names_on_a_network_of_ones_own(engine):
    engine.docker("network", "create", "net1")
    engine.docker(
        "run",
        "-d",
        "--name",
        "server",
        "--network",
        "net1",
        "--network-alias",
        "web",
        "busybox",
        "sleep",
        "100",
    )
    assert "nameserver 127.0.0.11" in engine.docker(
        "run", "--rm", "--network", "net1", "busybox", "cat", "/etc/resolv.conf"
    )
    for name in ("server", "web", engine.docker("inspect", "-f", "{{.Id}}", "server")[:12]):
        assert "1 packets received" in engine.docker(
            "run", "--rm", "--network", "net1", "busybox", "ping", "-c1", "-W2", name
        )
    assert (
        engine.docker("run", "--rm", "--network", "net1", "busybox", "ping", "-c1", "-W2", "nobody", code=1)
        == ""
    )
    engine.docker("network", "create", "net2")
    assert (
        engine.docker("run", "--rm", "--network", "net2", "busybox", "ping", "-c1", "-W1", "server", code=1)
        == ""
    )
    engine.docker("network", "connect", "--alias", "late", "net2", "server")
    assert "1 packets received" in engine.docker(
        "run", "--rm", "--network", "net2", "busybox", "ping", "-c1", "-W2", "late"
    )
    engine.docker("network", "disconnect", "net2", "server")
    assert (
        engine.docker("run", "--rm", "--network", "net2", "busybox", "ping", "-c1", "-W1", "late", code=1)
        == ""
    )
    assert "has active endpoints" in engine.fails("network", "rm", "net1")


def test_subnets_and_static_addresses(engine):
    engine.docker(
        "network",
        "create",
        "--subnet",
        "10.77.0.0/24",
        "--gateway",
        "10.77.0.254",
        "--ip-range",
        "10.77.0.128/25",
        "own",
    )
    assert (
        engine.docker(
            "run",
            "--rm",
            "--network",
            "own",
            "--ip",
            "10.77.0.9",
            "busybox",
            "sh",
            "-c",
            "ip -4 addr show eth0 | grep -o 'inet [^ ]*'; ip route | head -1",
        ).rstrip()
        == "inet 10.77.0.9/24\ndefault via 10.77.0.254 dev eth0"
    )
    assert engine.docker(
        "run",
        "--rm",
        "--network",
        "own",
        "busybox",
        "sh",
        "-c",
        "ip -4 addr show eth0 | grep -o 'inet [^ ]*'",
    ).startswith("inet 10.77.0.1")
    assert "Pool overlaps" in engine.fails("network", "create", "--subnet", "10.77.0.0/25", "again")
    config = json.loads(engine.docker("network", "inspect", "own"))[0]["IPAM"]["Config"][0]
    assert config["Subnet"] == "10.77.0.0/24" and config["Gateway"] == "10.77.0.254"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_published_ports_from_the_host(engine, host):
    port = free_port()
    serve(engine, "pub", "-p", f"{port}:80")
    assert served(port, host) == "pub\n"
    assert engine.docker("port", "pub").split("\n")[0] == f"80/tcp -> 0.0.0.0:{port}"
    assert f"0.0.0.0:{port}->80/tcp" in engine.docker("ps", "--format", "{{.Ports}}")
    with pytest.raises(OSError):
        socket.socket().bind(("127.0.0.1", port)) or 0
    assert "port is already allocated" in engine.fails(
        "run", "-d", "-p", f"{port}:80", "busybox", "true", code=125
    )
    engine.docker("rm", "-f", "pub")
    with pytest.raises(OSError):
        fetch(port, host)


def echo_udp(pid, port):
    """A server in the network namespace of a process: busybox has none for UDP."""
    return subprocess.Popen(
        [
            "nsenter",
            "-t",
            str(pid),
            "-n",
            sys.executable,
            "-c",
            f"""
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", {port}))
while True:
    server.sendto(*server.recvfrom(2000))""",
        ]
    )


def test_ports_of_one_address_chosen_ports_and_udp(engine, request):
    serve(engine, "one", "-p", "127.0.0.1::80")
    host, port = engine.docker("port", "one", "80").rsplit(":", 1)
    assert host == "127.0.0.1" and served(int(port)) == "one\n"
    udp = free_port(socket.SOCK_DGRAM)
    engine.docker("run", "-d", "--name", "udp", "-p", f"{udp}:5300/udp", "busybox", "sleep", "1000")
    request.addfinalizer(echo_udp(engine.inspect("udp")["State"]["Pid"], 5300).kill)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)

        def echoed():
            client.sendto(b"ping", ("127.0.0.1", udp))
            try:
                return client.recv(10) == b"ping"
            except OSError:
                return False

        wait_until(echoed)


def test_hairpin(engine):
    port = free_port()
    serve(engine, "hair", "-p", f"{port}:80")
    gateway = engine.docker("inspect", "-f", "{{.NetworkSettings.Networks.bridge.Gateway}}", "hair")
    served(port)
    assert engine.docker("run", "--rm", "busybox", "nc", "-w", "3", gateway, port) == "hair"
    assert engine.docker("exec", "hair", "nc", "-w", "3", gateway, port, code=None).stdout == "hair\n"


def test_internal_networks_have_no_way_out(engine):
    engine.docker("network", "create", "--internal", "inside")
    assert "default" not in engine.docker("run", "--rm", "--network", "inside", "busybox", "ip", "route")


def test_ipv6(engine):
    engine.docker("network", "create", "--ipv6", "--subnet", "fd00:77::/64", "six")
    engine.docker("run", "-d", "--name", "s6", "--network", "six", "busybox", "sleep", "100")
    address = engine.docker("inspect", "-f", "{{.NetworkSettings.Networks.six.GlobalIPv6Address}}", "s6")
    assert address.startswith("fd00:77::")
    assert "1 packets received" in engine.docker(
        "run", "--rm", "--network", "six", "busybox", "ping", "-6", "-c1", "-W3", address
    )


def test_none_and_host(engine):
    assert engine.docker("run", "--rm", "--network", "none", "busybox", "ip", "-o", "link").count("\n") == 0
    names = engine.docker("run", "--rm", "--network", "host", "busybox", "ls", "/sys/class/net").split()
    assert "eth0" in names or len(names) > 1


def test_a_link_of_the_host_may_have_the_number_of_a_containers(engine):
    """Older kernels look for a new link's number among the links of whoever asks."""
    shown = engine.docker("run", "--rm", "busybox", "ip", "-o", "link", "show", "eth0")
    number = shown.split(":")[0]
    add = ["ip", "link", "add", "podo-number", "index", number, "type", "bridge"]
    added = subprocess.run(add, capture_output=True, text=True)
    try:
        assert added.returncode == 0 or "busy" in added.stderr, added.stderr  # then somebody's link has it
        assert engine.docker("run", "--rm", "busybox", "echo", "up") == "up"
    finally:
        subprocess.run(["ip", "link", "del", "podo-number"], capture_output=True)


def test_bridges_do_not_talk_to_each_other(engine):
    engine.docker("network", "create", "n1")
    engine.docker("network", "create", "n2")
    engine.docker("run", "-d", "--name", "far", "--network", "n1", "busybox", "sleep", "100")
    address = engine.docker("inspect", "-f", "{{.NetworkSettings.Networks.n1.IPAddress}}", "far")
    done = engine.docker(
        "run", "--rm", "--network", "n2", "busybox", "ping", "-c1", "-W1", address, code=None
    )
    assert done.returncode == 1


def test_network_ls_rm_prune(engine):
    assert set(engine.docker("network", "ls", "--format", "{{.Name}}").split()) == {"bridge", "host", "none"}
    engine.docker("network", "create", "--label", "x=y", "n1")
    assert engine.docker("network", "ls", "-q", "--filter", "label=x=y") != ""
    assert "already exists" in engine.fails("network", "create", "n1")
    assert "n1" in engine.docker("network", "prune", "-f")
    assert "not found" in engine.fails("network", "rm", "n1")
