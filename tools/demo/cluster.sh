# The demo's cluster: a daemon with folders, port and socket of its own, which outlives the script. Sourced by
# ./demo, after tools/setup.sh and tools/demo/place.sh.
# shellcheck shell=bash

podo() { as_root env PODO_HOST="unix://$DEMO_RUN/docker.sock" "$DEMO_PODO" "$@"; }
kube() { as_root env KUBECONFIG="$DEMO_DATA/kubeconfig" HOME="$DEMO_FOLDER" "$KUBECTL" "$@"; }

# The commands shown are the commands run.
try() {
  note "\$ podo $(as_typed "$@")"
  podo "$@" 2>&1 </dev/null | indent
}
ask() {
  note "\$ kubectl $(as_typed "$@")"
  kube "$@" 2>&1 </dev/null | indent
}

now() { date +%s%N; }
seconds_since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f s", (to - from) / 1e9 }'; }

wait_until() {  # SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS <= end)) || stop "$what did not come true in time. The daemon's log: $DEMO_LOG"
    sleep 0.05
  done
}

daemon_pid() { as_root cat "$DEMO_DATA/lock" 2>/dev/null; }
# The lock's holder: its number alone may have been given away since.
daemon_runs() { as_root test -e "$DEMO_DATA/lock" && ! as_root flock -n "$DEMO_DATA/lock" true; }
is_ready() { kube get --raw /readyz; }
node_is_ready() { kube get nodes | grep -q ' Ready'; }

# In a session of its own: Ctrl-C is the script's, which then ends the daemon in good order.
# shellcheck disable=SC2016
begin_daemon() {
  as_root mkdir -p "$DEMO_DATA"
  echo "$DEMO_API $SHOP_PORT" | as_root tee "$DEMO_FOLDER/place" >/dev/null
  daemon=$(as_root sh -c 'log=$1; shift; setsid "$@" >>"$log" 2>&1 </dev/null & echo $!' sh "$DEMO_LOG" \
    "$DEMO_PODO" serve --data "$DEMO_DATA" --run "$DEMO_RUN" --listen "$DEMO_API" \
    --service-cidr "$DEMO_SERVICES" 3>&- 4>&- 8<&-)
  wait_until 20 'an answer of the engine' answers_or_ends podo version
  wait_until 20 'an answer of the Kubernetes API' answers_or_ends is_ready
  as_root test -e "/proc/$daemon" ||
    stop "podo serve ended. The last words of its log ($DEMO_LOG):
$(as_root tail -n 5 "$DEMO_LOG")"
}
answers_or_ends() { "$@" || ! as_root test -e "/proc/$daemon"; }

end_daemon() {  # SIGNAL
  local pid
  pid=$(daemon_pid) && daemon_runs || return 0
  as_root kill "-$1" "$pid" 2>/dev/null || true
  wait_until 30 'the end of the daemon' no_daemon
}
no_daemon() { ! daemon_runs; }

# --- the end --------------------------------------------------------------------------------------------

interrupted() {
  trap '' INT TERM
  trap - EXIT
  exec >&3 2>&4  # those of the command that was interrupted may lead elsewhere
  jobs -p | xargs -r kill 2>/dev/null || true
  echo
  step 'Interrupted: what was made is removed'
  bring_down || true
  exit 130
}

bring_down() {
  if ! as_root test -e "$DEMO_DATA/lock"; then
    as_root rm -rf "$DEMO_FOLDER"
    note 'nothing of the demo is up'
    return
  fi
  local begin prefix
  begin=$(now)
  step 'Removing the shop, its cluster and its daemon'
  [[ ${KUBECTL:-} ]] || find_kubectl || true
  daemon_runs || begin_daemon
  wait_until 20 'an answer of the engine' podo version  # it may have begun just now
  prefix=$(podo network inspect -f '{{index .Options "com.docker.network.bridge.name"}}' bridge)
  prefix=${prefix%0}
  [[ $prefix == podo-* ]] || stop "the daemon does not say what its control groups are called: $prefix"
  [[ ${KUBECTL:-} ]] && remove_objects
  local ids
  ids=$(podo ps -aq)
  # shellcheck disable=SC2086  # a word each
  [[ ! $ids ]] || podo rm -f -v $ids >/dev/null || true
  podo network prune -f >/dev/null || true
  end_daemon TERM
  # The daemon leaves its own control group, for when it comes back.
  as_root find /sys/fs/cgroup -depth -type d -path "*/$prefix*" -exec rmdir {} + 2>/dev/null || true
  as_root rm -rf --one-file-system "$DEMO_FOLDER" "$DEMO_RUN"
  assert_nothing_is_left "$prefix" || return
  note "gone, in $(seconds_since "$begin"): processes, mounts, namespaces, control groups, links, tables," \
    files
}

remove_objects() {
  kube delete namespace shop --ignore-not-found --wait=false >/dev/null 2>&1 || true
  kube -n shop delete pods --all --grace-period=2 --wait=false >/dev/null 2>&1 || true
  local patience=$((SECONDS + 6))
  until no_pods_of_shop >/dev/null 2>&1 || ((SECONDS > patience)); do
    sleep 0.2
  done
  # Who has not ended by then (it had hardly begun) is not asked again.
  no_pods_of_shop >/dev/null 2>&1 ||
    kube -n shop delete pods --all --grace-period=0 --force --wait=false >/dev/null 2>&1 || true
  wait_until 60 'the end of the shop' no_pods_of_shop
  kube delete deployments,statefulsets,daemonsets,jobs,pods --all --all-namespaces --wait=false \
    >/dev/null 2>&1 || true
}
no_pods_of_shop() { ! kube get namespace shop; }

assert_nothing_is_left() {  # PREFIX
  as_root python3 - "$1" "$DEMO_FOLDER" "$DEMO_RUN" <<'PYTHON'
import os, subprocess, sys

prefix, *folders = sys.argv[1:]
left = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        words = open(f"/proc/{pid}/cmdline", "rb").read().decode(errors="replace")
    except OSError:
        continue
    if any(folder in words for folder in folders) and int(pid) != os.getpid():
        left.append(f"process {pid}: {words[:80]}".replace("\0", " "))
for line in open("/proc/self/mountinfo"):
    place = line.split()[4]
    if any(place.startswith(folder + "/") for folder in folders):
        left.append(f"mount {place}")
left += [f"link {link}" for link in os.listdir("/sys/class/net") if link.startswith(prefix)]
try:
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout
    left += [table for table in tables.splitlines() if table.split()[-1].startswith(prefix)]
except FileNotFoundError:
    pass
for folder, names, _ in os.walk("/sys/fs/cgroup"):
    left += [f"control group {folder}/{name}" for name in names if name.startswith(prefix)]
left += [f"folder {folder}" for folder in folders if os.path.exists(folder)]
for one in left:
    print("left behind:", one)
sys.exit(bool(left))
PYTHON
}
