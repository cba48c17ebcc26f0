"""Which figures Podo is held to, in which part of ./bench they are measured, and what is known of peers that
cannot be measured beside it.

A row is met when its median keeps `limit` (without one, the limit that stands in the part itself), or when
it is `ratio` times better than the best peer of the same run. `noted` is a peer's figure of an earlier run on
the same kind of machine, or of its own documents: the table says so.
"""

from dataclasses import dataclass


@dataclass
class Target:
    title: str
    part: str
    work: str
    limit: float | None = None
    ratio: float | None = None
    noted: tuple | None = None  # (who, figure)
    column: str = "podo"
    chart: bool = False
    peers: tuple = ()  # only these, when not all that were measured are peers


CLI = "podo, docker's CLI"


def beside_kubernetes(title, work, figure, part="api"):
    """`figure` is Kubernetes 1.20.2's with etcd 3.4, measured earlier."""
    return Target(title, part, work, noted=("Kubernetes 1.20", figure))


CONTAINERS = [
    Target("OCI runtime: run of /bin/true", "oci", "run, wall ms", ratio=2.5, chart=True),
    Target("the same, CPU", "oci", "run, CPU ms", ratio=2.5),
    Target("the same, peak RSS", "oci", "run, peak RSS MB", 3),
    Target("run --rm true, no network", "engine", "run --rm true, no network, wall ms", 25, chart=True),
    Target("the same, CPU", "engine", "run --rm true, no network, CPU ms", 20),
    Target("run --rm true, bridge", "engine", "run --rm true, bridge, wall ms", 35, chart=True),
    Target("the same by docker's command", "engine", "run --rm true, bridge, wall ms", 70, column=CLI),
    Target("exec true", "engine", "exec true, wall ms", 12, chart=True),
    Target("50 containers, 8 at a time", "engine", "50 containers, 8 at a time, wall s", 1.0, chart=True),
    Target("the same, CPU", "engine", "50 containers, 8 at a time, CPU s", 1.2),
    Target("ps of 50 by the API", "engine", "ps of 50 by the API, wall ms", 1),
    Target("idle engine, PSS", "engine", "idle daemon, PSS MB", 12, chart=True),
    Target("beside each container, PSS", "engine", "PSS beside each of 50 containers, MB", 0.30),
    Target("daemon start to first answer", "engine", "daemon start to first answer, ms", 50, chart=True),
    Target("1,000,000 lines into the log", "engine", "1,000,000 lines into the log, wall s", 1.0, chart=True),
    Target("the lines read back", "engine", "and read back, wall s", 1.0),
]
IMAGES = [
    Target("push of 223 MB, five layers", "engine", "push of 223 MB, wall s", 1.5, chart=True),
    Target("pull of the same, ready to run", "engine", "pull of 223 MB, wall s", 1.5, chart=True),
    Target("pull, CPU", "engine", "pull of 223 MB, CPU s", 2.5),
    Target("peak RSS of the daemon", "engine", "peak RSS of the daemon so far, MB", 40),
    Target("build, 2 stages, no cache", "build", "2 stages, no cache, wall ms", 350, chart=True),
    Target("the same, all cached", "build", "2 stages, all cached, wall ms", 30, chart=True),
    Target(
        "registry: PUT of blobs, 8 clients", "registry", "PUT of 32 MB blobs, 8 connections, MB/s", ratio=2
    ),
    Target(
        "registry: GET of blobs, 8 clients", "registry", "GET of 32 MB blobs, 8 connections, MB/s", ratio=2
    ),
    Target("registry: peak RSS", "registry", "peak RSS since the start, MB", 15),
]
CLUSTER = [
    Target("a whole idle node, PSS", "cluster", "idle: PSS of the daemon", noted=("KubeSolo", 150)),
    Target("idle: CPU, % of a core", "cluster", "idle: CPU", noted=("k3s", 5)),
    Target("idle: context switches", "cluster", "idle: context switches"),
    Target("idle: written to the disk", "cluster", "idle: written to the disk", noted=("k3s", 6)),
    Target("start to a node that is ready", "cluster", "start to a node that is ready"),
    Target("start to the first pod that runs", "cluster", "start to the first pod that runs"),
    Target("pod created -> running, p50", "cluster", "pod created -> running, p50", noted=("usual", 2000)),
    Target("pod created -> running, p99", "cluster", "pod created -> running, p99", noted=("SLO", 5000)),
    Target("100 pods at once, all running", "cluster", "100 pods at once, all running"),
    Target(
        "control plane: memory of a pod", "cluster", "control plane: memory of one pod", noted=("k0s", 90)
    ),
    beside_kubernetes("control plane alone, idle: PSS", "control plane alone, idle: PSS", 468, "cluster"),
    beside_kubernetes("the same, CPU, % of a core", "control plane alone, idle: CPU", 4.4, "cluster"),
    Target("scheduler, 5,000 nodes, plain pods", "cluster", "scheduler, plain pods", noted=("upstream", 810)),
]
GET, CREATE = "GET of a 2 KB ConfigMap", "create a 2 KB ConfigMap, durable"
API = [
    beside_kubernetes("ready after start", "start to ready, with little in it", 4800),
    beside_kubernetes("GET, 16 connections", f"{GET}, 16 connections", 3908),
    beside_kubernetes("the same, CPU of the server", f"{GET}, 16 connections, CPU of the server", 444),
    beside_kubernetes("create, 1 connection", f"{CREATE}, 1 connections", 526),
    beside_kubernetes("create, 16 connections", f"{CREATE}, 16 connections", 1343),
    beside_kubernetes("the same, CPU of the server", f"{CREATE}, 16 connections, CPU of the server", 1250),
    beside_kubernetes("LIST of 9,100 pods", "LIST of 9,100 pods", 240),
    beside_kubernetes("memory of 27,800 objects", "memory after 18,700 ConfigMaps and 9,100 pods", 1176),
    beside_kubernetes("one change to 1,000 watchers, last", "one change to 1000 watchers, the last", 59),
    Target("durable writes, 16 writers", "api", "durable writes of 2 KB, 16 writers"),
    Target("the same, beside LMDB", "api", "durable writes of 2 KB, 16 writers", ratio=1.5, peers=("lmdb",)),
]
BRIDGE, TABLE = "container to container, bridge", "1,000 Services x 3 endpoints"
NETWORK = [
    Target("container to container, TCP", "net", f"{BRIDGE}, Gbit/s", ratio=1.0, chart=True),
    Target("the same, new connections", "net", f"{BRIDGE}, connections/s", ratio=1.0, chart=True),
    Target("pod -> Service", "net", "pod to Service, Gbit/s", ratio=0.95, peers=("pod to pod",)),
    Target(
        "1,000 Services: programming", "net", f"{TABLE}, the whole table, wall ms", 20, noted=("nft -f", 305)
    ),
    Target("1,000 Services: one change, CPU", "net", f"{TABLE}, one change, CPU ms", 2),
    Target("DNS from the cache, of one core", "net", "DNS, a Service, of one core, queries/s", 50_000),
]
GROUPS = {
    "Containers": CONTAINERS,
    "Images and builds": IMAGES,
    "Cluster": CLUSTER,
    "Kubernetes API and store": API,
    "Networks": NETWORK,
}
