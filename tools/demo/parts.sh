#!/usr/bin/env bash
# The parts of Podo, one by one: the runtime, the store, the engine, the Kubernetes API. ./demo runs it.
#
#   PODO_OCI=runc ./demo parts      the first part with another OCI runtime, to compare
#
# Leaves nothing behind: no container, mount, cgroup or file.
# shellcheck disable=SC2016  # single quotes hold what the containers' shells expand
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/setup.sh
SECONDS=${DEMO_SECONDS:-0}  # of ./demo, so that the times go on
PODO=${PODO:-$PWD/build/release/podo}

need_busybox
name=${PODO_OCI:-podo oci}
if [[ ${PODO_OCI:-} ]]; then
  read -ra command <<<"$PODO_OCI"
else
  command=("$PODO" oci)
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/podo-demo.XXXXXX")
containers=()

oci() { as_root "${command[@]}" --root "$work/state" "$@"; }

# The commands shown are the commands run; long lines of output are cut.
show() {
  note "\$ $name $(as_typed "$@")"
  oci "$@" 2>&1 | indent
}

finish() {
  local id
  set +e
  if [[ -S $work/run/docker.sock ]]; then
    # It has been killed for show: the next one clears up.
    podo version >/dev/null 2>&1 || "serve_${serving:-engine}"
    [[ ${serving:-} ]] && remove_pods >/dev/null 2>&1
    for id in $(podo ps -aq 2>/dev/null); do podo rm -f -v "$id" >/dev/null 2>&1 || true; done
    as_root kill -TERM "$(engine_pid)" 2>/dev/null || true
    wait
  fi
  for id in "${containers[@]}"; do
    oci delete --force "$id" >/dev/null 2>&1 || true
  done
  as_root rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

make_rootfs() {  # DIRECTORY
  mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp}
  cp "$(command -v busybox)" "$1/bin/busybox"
  local tool
  for tool in $(busybox --list); do
    [[ -e $1/bin/$tool ]] || ln -s busybox "$1/bin/$tool"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
}

# The runtime writes its default config.json; what differs is changed in it.
make_bundle() {  # DIRECTORY HOSTNAME SCRIPT
  mkdir -p "$1"
  as_root "${command[@]}" spec --bundle "$1"
  as_root python3 - "$1/config.json" "$2" "$3" "$work/rootfs" <<'PYTHON'
import json, signal, sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
path, hostname, script, rootfs = sys.argv[1:]
config = json.load(open(path))
config["hostname"] = hostname
config["root"] = {"path": rootfs, "readonly": True}
config["process"].update(terminal=False, args=["/bin/sh", "-c", script])
config["linux"].setdefault("resources", {}).update(memory={"limit": 32 << 20}, pids={"limit": 64})
json.dump(config, open(path, "w"), indent=2)
PYTHON
}

look_around='
limit=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)
tasks=$(cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null)
echo "hostname      $(hostname)"
echo "my pid        $$, of $(ls -d /proc/[0-9]* | wc -l) processes I can see"
echo "memory limit  $((limit / 1048576)) MiB, processes at most $tasks"
echo "interfaces    $(ls /sys/class/net | tr "\n" " ")"
echo "capabilities  $(sed -n "s/^CapEff:\t//p" /proc/self/status)"
echo "root is       $(touch /x 2>/dev/null && echo writable || echo read-only)"
'
# A service: it says hello to a signal and ends in good order on SIGTERM.
serve='trap "echo service: asked to stop; exit 0" TERM
echo "service: up, my pid is $$"
while :; do sleep 0.1; done'
# Asks for memory until somebody says no.
eat='grow() { s=$s$s; grow; }; s=0123456789abcdef; grow'

step 'A root file system of one file'
make_rootfs "$work/rootfs"
size=$(du -h "$work/rootfs/bin/busybox" | cut -f1)
note "$size busybox, $(find "$work/rootfs/bin" -type l | wc -l) links to it"

step 'A bundle becomes a process: what it sees from inside'
make_bundle "$work/look" grape "$look_around"
containers+=(look)
show run --bundle "$work/look" look

step 'create and start are two steps: the process exists, and waits'
make_bundle "$work/service" vine "$serve"
containers+=(service)
oci create --bundle "$work/service" --pid-file "$work/pid" service >"$work/out" 2>&1 </dev/null
note "\$ $name create --bundle $work/service service"
show state service
note "its pid outside is $(cat "$work/pid")"
show start service
show exec service sh -c 'echo "a second process, pid $$, beside pid 1: $(cat /proc/1/comm)"'
show ps service
show pause service
show list
show resume service
show events --stats service

step 'stop and delete'
show kill service TERM
for ((i = 0; i < 50; i++)); do
  oci state service 2>/dev/null | grep -q '"stopped"' && break
  sleep 0.1
done
indent <"$work/out"
show delete service
note "what is left: $(oci list --quiet | wc -l) containers," \
  "$(grep -c "$work" /proc/self/mounts || true) mounts," \
  "$(find /sys/fs/cgroup -type d -path '*/service' 2>/dev/null | wc -l) cgroups"

step 'A limit is a wall: a process that wants more than its 32 MiB'
make_bundle "$work/eater" raisin "$eat"
containers+=(eater)
code=0
oci run --bundle "$work/eater" eater >/dev/null 2>&1 || code=$?
note "exit status $code (137 is 128 + SIGKILL: the kernel ended it at the limit)"

step 'Twenty runs of /bin/true, each in fresh namespaces and cgroups'
make_bundle "$work/true" berry true
as_root python3 - "$work" "${command[@]}" <<'PYTHON'
import resource, signal, statistics, subprocess, sys, time

signal.signal(signal.SIGINT, signal.SIG_DFL)
work, command = sys.argv[1], sys.argv[2:]
took = []
for i in range(20):
    begin = time.monotonic()
    run = ["--root", work + "/state", "run", "--bundle", work + "/true", f"true-{i}"]
    subprocess.run(command + run, check=True)
    took.append((time.monotonic() - begin) * 1000)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = (used.ru_utime + used.ru_stime) * 1000 / len(took)
median = statistics.median(took)
print(f"        median {median:.1f} ms, fastest {min(took):.1f} ms, {cpu:.1f} ms of CPU each")
PYTHON
if [[ ! ${PODO_OCI:-} && -x build/release/store_writer ]]; then
  store() {
    note "\$ podo store $(as_typed "$@")"
    as_root "$PODO" store "$@" 2>&1 | indent
  }
  step 'A store under fire: eight writers, killed with SIGKILL after a second, then opened again'
  # The shell's own word about the kill is not wanted.
  { as_root timeout --signal=KILL 1 build/release/store_writer "$work/store" strands 8 7 >"$work/acks"; } \
    2>/dev/null || true
  note "$(grep -c '^=' "$work/acks") changes were acknowledged before the end, the last at revision" \
    "$(grep '^=' "$work/acks" | tail -1 | cut -d' ' -f4)"
  store check "$work/store"
  store stat "$work/store"
  store backup "$work/store" "$work/backup"
  store restore "$work/backup" "$work/copy"
  dump() { as_root "$PODO" store dump "$1"; }
  cmp <(dump "$work/store") <(dump "$work/copy") &&
    note 'the copy holds the same, to the byte'
  step 'A damaged store says what is lost, and how to go on'
  segment=$(find "$work/store" -name 'segment-*' | sort | head -1)
  printf 'x' | as_root dd of="$segment" bs=1 seek=2000 conv=notrunc status=none
  store check "$work/store" || true
  store repair --skip "$work/store"
  store check "$work/store"
fi

if [[ ! ${PODO_OCI:-} ]]; then
  export PODO_HOST=unix://$work/run/docker.sock
  podo() { as_root env PODO_HOST="$PODO_HOST" "$PODO" "$@"; }
  try() {
    note "\$ podo $(as_typed "$@")"
    podo "$@" 2>&1 </dev/null | indent
  }
  serve_engine() {
    # In a session of its own: Ctrl-C is the script's, which asks the daemon what is to be removed.
    as_root setsid "$PODO" serve --no-cluster --data "$work/data" --run "$work/run" \
      >>"$work/daemon.log" 2>&1 &
    for ((i = 0; i < 200; i++)); do
      podo version >/dev/null 2>&1 && return 0  # a bare one, in a trap, would give the status before it
      sleep 0.05
    done
    stop "the engine does not answer: $(tail -n 5 "$work/daemon.log")"
  }
  engine_pid() { as_root cat "$work/data/lock"; }

  step 'The engine: podo serve, and an image made of the root file system above'
  serve_engine
  tar -C "$work/rootfs" -c . | podo import - grape:1 | indent
  try run --rm grape:1 echo 'a container, from an image, on a network'
  step 'Two containers on a network of their own find each other by name; a port of theirs is published here'
  try network create vineyard
  try run -d --name cellar --network vineyard -p 127.0.0.1:0:80 -v wine:/data \
    --health-cmd 'test -e /data' grape:1 sh -c 'while :; do echo "red, from $(hostname)" | nc -l -p 80; done'
  try run --rm --network vineyard grape:1 nc -w 3 cellar 80
  note "\$ nc 127.0.0.1 PORT"
  sleep 0.2
  busybox nc -w 3 127.0.0.1 "$(podo port cellar 80 | sed 's/.*://')" </dev/null | indent
  step 'The daemon is killed with SIGKILL; its containers are not, and the next daemon goes on with them'
  before=$(podo inspect -f '{{.State.Pid}}' cellar)
  as_root kill -KILL "$(engine_pid)"
  sleep 0.3
  serve_engine
  try ps
  after=$(podo inspect -f '{{.State.Pid}}' cellar)
  note "the same process as before: $([[ $after == "$before" ]] && echo yes || echo NO)"
  try exec cellar sh -c 'echo kept > /data/file; cat /data/file'
  try stats --no-stream cellar
  try rm -f -v cellar
  try network rm vineyard
  try volume rm wine
  step 'Twenty times podo run --rm grape:1 true'
  as_root env PODO_HOST="$PODO_HOST" PODO="$PODO" python3 - <<'PYTHON'
import os, signal, statistics, subprocess, time

signal.signal(signal.SIGINT, signal.SIG_DFL)
took = []
for _ in range(20):
    begin = time.monotonic()
    subprocess.run([os.environ["PODO"], "run", "--rm", "grape:1", "true"], check=True)
    took.append((time.monotonic() - begin) * 1000)
print(f"        median {statistics.median(took):.1f} ms, fastest {min(took):.1f} ms, with a network each")
PYTHON
  as_root kill -TERM "$(engine_pid)"
  wait
  note "what is left: $(grep -c "$work" /proc/self/mounts || true) mounts"
fi

if [[ ! ${PODO_OCI:-} ]]; then
  if find_kubectl; then
    kube() { as_root env KUBECONFIG="$work/data/kubeconfig" HOME="$work" "$KUBECTL" "$@"; }
    ask() {
      note "\$ kubectl $(as_typed "$@")"
      kube "$@" 2>&1 </dev/null | indent
    }
    serve_cluster() {
      as_root setsid "$PODO" serve --data "$work/data" --run "$work/run" --listen "127.0.0.1:$port" \
        >>"$work/daemon.log" 2>&1 &
      for ((i = 0; i < 200; i++)); do
        kube get --raw /readyz >/dev/null 2>&1 && return 0
        sleep 0.05
      done
      stop "the API does not answer: $(tail -n 5 "$work/daemon.log")"
    }
    remove_pods() {
      kube delete deployment --all --cascade=foreground >/dev/null 2>&1 || true
      for ((i = 0; i < 100; i++)); do
        [[ $(kube get pods --no-headers 2>/dev/null) ]] || return 0
        sleep 0.1
      done
    }
    step 'A cluster of one machine: the same daemon, and kubectl as it is'
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
    serving=cluster
    serve_cluster
    ask version
    for ((i = 0; i < 100; i++)); do
      kube get nodes 2>/dev/null | grep -q ' Ready' && break
      sleep 0.1
    done
    ask get nodes
    note 'the image that was built above runs as pods, without a copy'
    cellar() {
      cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: cellar}
spec:
  replicas: 3
  selector: {matchLabels: {app: cellar}}
  template:
    metadata: {labels: {app: cellar}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: grape
        image: grape:1
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "echo in bloom; sleep 1000"]
YAML
    }
    cellar | kube apply -f - 2>&1 | indent
    ask rollout status deployment/cellar --timeout=60s
    ask get pods -o wide
    ask exec deployment/cellar -- sh -c 'echo "from inside: $(hostname)"'
    ask logs deployment/cellar
    ask scale deployment cellar --replicas=5
    ask set env deployment/cellar YEAR=2026
    ask rollout status deployment/cellar --timeout=60s
    ask explain deployment.spec.strategy.rollingUpdate
    ask create secret generic cork --from-literal=word=tannin-and-oak
    note "the secret's word on the disk: $(as_root grep -rc tannin-and-oak "$work/data/cluster" |
      awk -F: '{ n += $2 } END { print n + 0 }') times (it is encrypted there)"
    ask auth can-i delete secrets --as=somebody || true  # "no" is an exit code, too
    for ((i = 0; i < 100; i++)); do
      [[ $(kube get pods --no-headers | wc -l) == 5 ]] && break
      sleep 0.1
    done
    step 'Killed with SIGKILL, and started again: all is there, and no container was restarted'
    as_root kill -KILL "$(engine_pid)"
    sleep 0.3
    serve_cluster
    ask get pods
    remove_pods
    as_root kill -TERM "$(engine_pid)"
    wait
  else
    note 'there is no kubectl to show the Kubernetes API with'
  fi
fi
