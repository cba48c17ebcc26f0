"""What must not hurt: kill -9, a full disk, clients that are slow, silent, many or greedy."""

import os
import socket
import ssl
import subprocess
import threading
import time


from clients import assert_alive, raw, read_all, resident_kb
from server import wait_until

MAPS = "/api/v1/namespaces/default/configmaps"


# --- kill -9 ---


def test_killed_in_a_storm_of_writes(make_server):
    """What was acknowledged is there after the kill; a watch goes on where it was: no gap, no duplicate."""
    server = make_server()
    begin = server.admin.get(MAPS)["metadata"]["resourceVersion"]
    stop = threading.Event()
    written = [{} for _ in range(4)]  # of each writer: name -> the last acknowledged value
    seen = []  # of the watcher: (type, name, value, version)

    def write(own, worker):
        admin = server.caller_of(server.kubeconfig)
        number = 0
        while not stop.is_set():
            number += 1
            name = f"w{worker}-{number % 20}"
            body = {"metadata": {"name": name}, "data": {"v": str(number)}}
            try:
                if name in own:
                    answer = admin.ask("PUT", f"{MAPS}/{name}", body)
                else:
                    answer = admin.ask("POST", MAPS, body)
            except Exception:
                time.sleep(0.01)
                continue
            if answer.status in (200, 201):
                own[name] = number
            elif answer.status == 409:  # written, though the answer was lost
                own.setdefault(name, 0)

    def follow():
        version = begin
        while not stop.is_set():
            try:
                with server.admin.watch(MAPS, resourceVersion=version, timeout=2) as events:
                    for event in events:
                        assert event["type"] != "ERROR", event
                        object = event["object"]
                        version = object["metadata"]["resourceVersion"]
                        seen.append(
                            (
                                event["type"],
                                object["metadata"]["name"],
                                object.get("data", {}).get("v"),
                                int(version),
                            )
                        )
            except (OSError, ValueError, ssl.SSLError):
                time.sleep(0.01)
            except Exception as error:  # http.client's
                if type(error).__module__ != "http.client":
                    raise
                time.sleep(0.01)

    def beat():
        """Heartbeats are in memory only: what a kill takes of them is no gap for those who watch others."""
        leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
        while not stop.is_set():
            try:
                admin = server.caller_of(server.kubeconfig)
                admin.ask("POST", leases, {"metadata": {"generateName": "beat-"}})
            except Exception:
                pass
            time.sleep(0.02)

    threads = [threading.Thread(target=write, args=(own, n)) for n, own in enumerate(written)]
    threads.append(threading.Thread(target=beat))
    threads.append(threading.Thread(target=follow))
    for each in threads:
        each.start()
    for _ in range(3):
        time.sleep(0.7)
        server.kill()
        server.start()
    time.sleep(0.3)
    stop.set()
    for each in threads:
        each.join(30)

    admin = server.caller_of(server.kubeconfig)
    now = {
        e["metadata"]["name"]: e for e in admin.get(MAPS)["items"] if e["metadata"]["name"].startswith("w")
    }
    assert sum(map(len, written)) >= 40
    for own in written:
        for name, value in own.items():
            assert int(now[name]["data"]["v"]) >= value, f"{name}: {value} was acknowledged"
    versions = [each[3] for each in seen]
    assert versions == sorted(set(versions)), "an event came twice, or out of order"
    # From the beginning in one go: the same events.
    last = int(admin.get(MAPS)["metadata"]["resourceVersion"])
    whole = []
    with admin.watch(MAPS, resourceVersion=begin, timeout=5) as events:
        while not whole or whole[-1][3] < max(versions):
            event = events.next()
            object = event["object"]
            version = int(object["metadata"]["resourceVersion"])
            whole.append(
                (event["type"], object["metadata"]["name"], object.get("data", {}).get("v"), version)
            )
    assert whole == seen[: len(whole)] and len(whole) == len(seen)
    assert last >= max(versions)


def test_a_stop_is_orderly(make_server):
    server = make_server()
    server.admin.create(MAPS, {"metadata": {"name": "kept"}})
    with server.admin.watch(MAPS, resourceVersion="0") as events:
        events.next()
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10
    server.start()
    assert server.ready_after < 10  # how fast it really is, ./bench api tells
    assert server.admin.get(f"{MAPS}/kept")


# --- no space ---


def test_a_full_disk(make_server):
    server = make_server(start=False)
    server.data.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", server.data], check=True)
    try:
        server.start()
        admin = server.admin
        admin.create(MAPS, {"metadata": {"name": "first"}, "data": {"a": "1"}})
        refusal, kept = None, 0
        for number in range(400):
            body = {"metadata": {"name": f"m{number}"}, "data": {"x": os.urandom(128 << 10).hex()}}
            answer = admin.ask("POST", MAPS, body)
            if answer.status != 201:
                refusal = answer
                break
            kept += 1
        assert refusal is not None and refusal.status in (500, 503, 507), refusal
        status = refusal.json
        assert status["kind"] == "Status" and "space" in status["message"].lower(), status
        assert admin.get(f"{MAPS}/first")["data"] == {"a": "1"}, "reads go on"
        assert len(admin.get(MAPS, limit=5)["items"]) == 5
        assert server.process.poll() is None
        subprocess.run(["mount", "-o", "remount,size=96m", server.data], check=True)
        wait_until(
            lambda: admin.ask(
                "PATCH", f"{MAPS}/first", {"data": {"a": "2"}}, type="application/merge-patch+json"
            ).status
            == 200,
            20,
            "writing after space was made",
        )
        server.kill()
        server.start()
        assert server.admin.get(f"{MAPS}/first")["data"] == {"a": "2"}
        assert len(server.admin.get(MAPS)["items"]) >= kept
    finally:
        server.stop()
        subprocess.run(["umount", "-l", server.data], check=True)


# --- clients that are slow, silent or many ---


def test_a_slow_watcher_costs_bounded_memory(make_server):
    server = make_server()
    admin = server.admin
    admin.create(MAPS, {"metadata": {"name": "big"}})
    version = admin.get(MAPS)["metadata"]["resourceVersion"]
    only = {"resourceVersion": version, "fieldSelector": "metadata.name=big"}
    slow = [admin.watch(MAPS, **only) for _ in range(3)]
    before = resident_kb(server.process)
    try:
        for number in range(300):
            # 150 KB each, 45 MB in all.
            admin.patch(f"{MAPS}/big", {"data": {"n": str(number), "x": "x" * 150000}})
        grown = resident_kb(server.process) - before
        assert grown < 160 << 10, f"{grown} KB for watchers that do not read"
        # Whoever reads at last gets a beginning without a gap, and then its end or 410.
        numbers = []
        slow[0].connection.sock.settimeout(5)
        try:
            for event in slow[0]:
                if event["type"] == "ERROR":
                    assert event["object"]["code"] == 410
                    break
                numbers.append(int(event["object"]["data"]["n"]))
        except (OSError, ValueError):
            pass
        except Exception as error:
            if type(error).__module__ != "http.client":
                raise
        assert numbers == list(range(len(numbers))) and numbers
    finally:
        for each in slow:
            each.close()
    assert_alive(server)


def test_many_idle_connections(make_server):
    server = make_server()
    before = resident_kb(server.process)
    connections = []
    count = 500
    try:
        for _ in range(count):
            connections.append(raw(server))
        grown = resident_kb(server.process) - before
        assert_alive(server)
        assert grown / count < 100, f"{grown // count} KB a connection"
        connections[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in read_all(connections[0])
    finally:
        for each in connections:
            each.close()


def test_handshakes_that_never_end(make_server):
    server = make_server()
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    try:
        for each in held[:50]:
            each.sendall(b"\x16\x03\x01\x02\x00")
        assert_alive(server)
        server.admin.close()
        assert_alive(server)
    finally:
        for each in held:
            each.close()


def test_one_user_does_not_starve_the_others(make_server):
    server = make_server()
    admin = server.admin
    for number in range(200):
        admin.create(MAPS, {"metadata": {"name": f"m{number}"}, "data": {"x": "y" * 4000}})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "greedy"}
    admin.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {"metadata": {"name": "greedy"}, "roleRef": role, "subjects": [subject]},
    )
    stop = threading.Event()

    def list_for_ever():
        greedy = server.caller_of(server.kubeconfig).as_user("greedy")
        while not stop.is_set():
            try:
                greedy.ask("GET", MAPS)
            except OSError:
                pass

    threads = [threading.Thread(target=list_for_ever) for _ in range(16)]
    for each in threads:
        each.start()
    try:
        time.sleep(0.3)
        times = []
        for _ in range(20):
            began = time.monotonic()
            assert_alive(server)
            times.append(time.monotonic() - began)
    finally:
        stop.set()
        for each in threads:
            each.join(30)
    assert sorted(times)[len(times) // 2] < 1, times
