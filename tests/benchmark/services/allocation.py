"""Addresses and node ports of Services, given and freed over and over by callers side by side: none twice,
and at the end all are free again."""

import collections
import http.client
import random
import threading
import time

SERVICES = "/api/v1/namespaces/default/services"
ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses"
PORTS = range(30000, 32768)


class Allocation:
    def __init__(self, cluster, seconds, services=2000, callers=2):
        self.cluster, self.seconds, self.services, self.callers = cluster, seconds, services, callers
        self.failed = []

    def run(self, report):
        """What is wrong; report gets the figures."""
        before = self.addresses()
        began, rounds, made = time.monotonic(), 0, 0
        while rounds == 0 or time.monotonic() - began < self.seconds:
            made += self.fill_and_empty(rounds)
            rounds += 1
            left = self.addresses() ^ before
            if left:
                self.failed.append(f"addresses after round {rounds}: {sorted(left)[:5]} of {len(left)}")
                break
        took = time.monotonic() - began
        for _ in range(2):
            self.use_up_ports()
        print(f"{made} Services made and deleted in {rounds} rounds, {made / took:.0f}/s; all ports, twice")
        report.update(allocated=made, allocation_rounds=rounds, allocation_s=took)
        return self.failed

    def addresses(self):
        return {item["metadata"]["name"] for item in self.cluster.admin.get(ADDRESSES)["items"]}

    def fill_and_empty(self, round):
        """Callers make and delete, and ask for what another has; then nobody has what another has."""
        share = self.services // self.callers
        threads = [
            threading.Thread(
                target=self.call_or_fail,
                args=(random.Random(round * 100 + n), range(n * share, (n + 1) * share)),
            )
            for n in range(self.callers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        there = [
            one
            for one in self.cluster.admin.get(SERVICES)["items"]
            if one["metadata"]["name"] != "kubernetes"
        ]
        self.check_unique(there)
        known = {ip for one in there for ip in one["spec"]["clusterIPs"]}
        if not known <= self.addresses():
            self.failed.append("an address of a Service has no IPAddress")
        for one in there:
            self.cluster.admin.delete(f"{SERVICES}/{one['metadata']['name']}")
        return share * self.callers

    def call_or_fail(self, dice, numbers):
        try:
            self.call(dice, numbers)
        except (OSError, http.client.HTTPException) as problem:
            self.failed.append(f"a caller: {problem!r}")

    def call(self, dice, numbers):
        ask, mine = self.cluster.admin.ask, []
        for number in numbers:
            spec = {"ports": [{"port": 80}], "ipFamilyPolicy": "PreferDualStack"}
            if dice.random() < 0.5:
                spec["type"] = dice.choice(["NodePort", "LoadBalancer"])
            if dice.random() < 0.2:  # one that somebody may have; among few, so that both callers want it
                spec["clusterIP"] = f"10.96.7.{dice.randrange(1, 100)}"
            answer = ask("POST", SERVICES, {"metadata": {"name": f"a-{number}"}, "spec": spec})
            if answer.status == 201:
                mine.append(f"a-{number}")
            elif answer.status != 422 or "already allocated" not in answer.text:
                self.failed.append(f"create: {answer}")
            if mine and dice.random() < 0.3:
                ask("DELETE", f"{SERVICES}/{mine.pop(dice.randrange(len(mine)))}")
            elif mine and dice.random() < 0.2:  # another type: the ports are freed, or had
                type = dice.choice(["ClusterIP", "NodePort"])
                patch = {
                    "spec": {
                        "type": type,
                        "externalTrafficPolicy": None if type == "ClusterIP" else "Cluster",
                    }
                }
                answer = ask("PATCH", f"{SERVICES}/{mine[-1]}", patch, type="application/merge-patch+json")
                if answer.status != 200:
                    self.failed.append(f"change of the type: {answer}")

    def check_unique(self, services):
        for what, values in (
            ("address", [ip for one in services for ip in one["spec"]["clusterIPs"]]),
            (
                "node port",
                [p["nodePort"] for one in services for p in one["spec"]["ports"] if "nodePort" in p],
            ),
        ):
            twice = [value for value, count in collections.Counter(values).items() if count > 1]
            if twice:
                self.failed.append(f"{what} twice: {twice[:5]}")

    def use_up_ports(self):
        """Every port is given once; then none; then all are free."""
        got, names = [], []
        for number in range(1000):
            ports = [{"port": 1 + n, "name": f"p{n}"} for n in range(1 if len(got) >= 2700 else 100)]
            body = {"metadata": {"name": f"all-{number}"}, "spec": {"type": "NodePort", "ports": ports}}
            answer = self.cluster.admin.ask("POST", SERVICES, body)
            if answer.status != 201:
                if "range is full" not in answer.text:
                    self.failed.append(f"all ports: {answer}")
                break
            names.append(f"all-{number}")
            got += [port["nodePort"] for port in answer.json["spec"]["ports"]]
        if sorted(got) != list(PORTS):
            self.failed.append(f"{len(set(got))} of {len(PORTS)} node ports were to be had")
        for name in names:
            self.cluster.admin.delete(f"{SERVICES}/{name}")
