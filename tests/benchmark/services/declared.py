"""What a churn declares: Services of every kind and their slices, and what the kernel has to have then."""

import random
import threading
from ipaddress import ip_address, ip_network

SERVICES = "/api/v1/namespaces/default/services"
RANGES = "/apis/networking.k8s.io/v1/servicecidrs"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
POOL4, POOL6 = int(ip_address("10.200.0.0")), int(ip_address("fd00:200::"))
TCP, UDP = {"protocol": "TCP", "port": 80}, {"protocol": "UDP", "port": 53}

# Of ten Services: what is special, and their ports.
KINDS = [
    ({"type": "NodePort"}, [TCP]),
    ({}, [UDP]),
    ({"sessionAffinity": "ClientIP"}, [TCP]),
    ({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, [TCP]),
    ({"type": "NodePort"}, [UDP]),
    ({"ipFamilyPolicy": "RequireDualStack"}, [TCP]),
    ({}, [TCP, UDP]),
    ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24", "198.51.100.0/25"]}, [TCP]),
    ({}, [TCP]),
    ({"externalIPs": ["203.0.113.9"]}, [TCP]),
]


class Declared:
    """make(number) -> change_something(number, dice) ... -> remove(number); no two callers with one number"""

    def __init__(self, cluster, endpoints):
        self.admin, self.endpoints = cluster.admin, endpoints
        self.node = self.admin.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
        self.dice = random.Random(7)
        self.lock = threading.Lock()
        ranges = self.admin.get(RANGES)["items"]
        self.ranges = [ip_network(cidr) for one in ranges for cidr in one["spec"]["cidrs"]]
        self.there = {}  # number -> (the Service, {family: endpoints})

    # --- what is declared ---

    def service(self, number):
        special, ports = KINDS[number % len(KINDS)]
        spec = {"ports": [{**port, "name": port["protocol"].lower()} for port in ports], **special}
        if "externalIPs" in spec:  # a port of its own: the address is everybody's
            spec["ports"] = [{**port, "port": 1024 + number} for port in spec["ports"]]
        return {"metadata": {"name": f"churn-{number}"}, "spec": spec}

    def endpoint(self, family):
        base = POOL4 if family == "IPv4" else POOL6
        here = self.dice.random() < 0.5
        made = {"addresses": [str(ip_address(base + self.dice.randrange(1, 1 << 16)))]}
        made["conditions"] = {"ready": True}
        return {**made, "nodeName": self.node} if here else made

    def slice(self, number, family, endpoints):
        labels = {
            "kubernetes.io/service-name": f"churn-{number}",
            "endpointslice.kubernetes.io/managed-by": "churn",
        }
        ports = self.service(number)["spec"]["ports"]
        return {
            "metadata": {"name": f"churn-{number}-{family.lower()}", "labels": labels},
            "addressType": family,
            "ports": [{"name": p["name"], "protocol": p["protocol"], "port": 8080} for p in ports],
            "endpoints": endpoints,
        }

    def distinct(self, family, count):
        found = {}
        while len(found) < count:
            one = self.endpoint(family)
            found[one["addresses"][0]] = one
        return list(found.values())

    # --- changes ---

    def make(self, number):
        service = self.admin.create(SERVICES, self.service(number))
        families = {family: self.distinct(family, self.endpoints) for family in service["spec"]["ipFamilies"]}
        for family, endpoints in families.items():
            self.admin.create(SLICES, self.slice(number, family, endpoints))
        with self.lock:
            self.there[number] = (service, families)

    def remove(self, number):
        with self.lock:
            _, families = self.there.pop(number)
        for family in families:
            self.admin.delete(f"{SLICES}/churn-{number}-{family.lower()}")
        self.admin.delete(f"{SERVICES}/churn-{number}")

    def change_something(self, number, dice):
        """How many objects were written."""
        what = dice.random()
        if what < 0.1:
            self.remove(number)
            self.make(number)
            return 4
        service, families = self.there[number]
        for family, before in families.items():
            endpoints = [dict(one) for one in before]
            if what < 0.3:
                endpoints = self.distinct(family, dice.randrange(0, 2 * self.endpoints + 1))
            elif what < 0.45:
                for one in dice.sample(endpoints, min(len(endpoints), 2)):
                    one["conditions"] = {"ready": not one["conditions"]["ready"]}
            else:
                known = {one["addresses"][0] for one in endpoints}
                fresh = [one for one in self.distinct(family, 3) if one["addresses"][0] not in known]
                endpoints = endpoints[len(fresh) :] + fresh
            changed = self.slice(number, family, endpoints)
            self.admin.replace(f"{SLICES}/{changed['metadata']['name']}", changed)
            with self.lock:
                families[family] = endpoints
        return len(families)

    # --- what has to be then ---

    def fronts(self):
        """{(cluster IP, protocol, port): backends}"""
        fronts = {}
        with self.lock:
            for service, families in self.there.values():
                for address in service["spec"]["clusterIPs"]:
                    family = "IPv6" if ":" in address else "IPv4"
                    backends = {
                        (str(ip_address(one["addresses"][0])), 8080)
                        for one in families[family]
                        if one["conditions"]["ready"]
                    }
                    for port in service["spec"]["ports"]:
                        fronts[(address, port["protocol"].lower(), port["port"])] = backends
        return fronts

    def differences(self, kernel):
        """Between cluster IPs as they are declared and as the kernel has them."""
        wanted, there = self.fronts(), kernel.fronts()
        found = [
            f"{key}: {len(wanted[key])} wanted" for key in wanted if wanted[key] != there.get(key, set())
        ]
        for address, protocol, port in there.keys() - wanted.keys():
            is_ours = any(ip_address(address) in one for one in self.ranges)
            if (
                is_ours and port in (TCP["port"], UDP["port"]) and not address.endswith((".10", ":a"))
            ):  # kube-dns
                found.append(f"{address} {protocol} {port}: nobody declares it")
        return found

    def stale(self, kernel):
        """Flows of datagrams to a Service whose backend it has no more."""
        fronts = self.fronts()
        return [
            f"flow to {asked}:{port} at {answers}"
            for asked, port, answers, answer_port in kernel.flows()
            if answers != asked
            and (answers, answer_port) not in fronts.get((asked, "udp", port), {(answers, answer_port)})
        ]

    def datagram_fronts(self):
        with self.lock:
            return [
                service["spec"]["clusterIP"]
                for number, (service, _) in self.there.items()
                if UDP in KINDS[number % len(KINDS)][1]
            ]
