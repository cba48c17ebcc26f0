# The main job: examples/shop becomes images, and runs as a cluster's application. Sourced by ./demo, after
# tools/demo/cluster.sh.
# shellcheck shell=bash

SHOP=examples/shop SHOP_URL=http://127.0.0.1:$SHOP_PORT
SHOP_IMAGES=(catalogue cart orders front redis postgres)

show_shop() {
  find_kubectl || {
    note 'there is no kubectl to declare the shop with: it is left out'
    return
  }
  start_cluster || return 0
  trap 'failed $?' EXIT
  bring_base_image
  build_images
  apply_shop
  order_something
  heal
  roll_out
  try_forbidden_ways
  tell_what_is_up
  trap - EXIT
}

failed() {  # EXIT-STATUS
  note "It failed. What is up stays, to be looked at (the daemon's log: build/demo/daemon.log);" >&2
  note './demo --down removes it.' >&2
  exit "$1"
}

start_cluster() {
  local begin
  begin=$(now)
  step 'A cluster of this machine: podo serve'
  if daemon_runs; then
    note 'it is up from before'
  else
    mkdir -p build/demo
    as_root install "$PODO" "$DEMO_PODO"
    begin_daemon
    wait_until 20 'the node' node_is_ready
    note "answers, and its node is ready, after $(seconds_since "$begin")"
  fi
  kube -n kube-system get service kube-dns >/dev/null 2>&1 && return
  note 'this Podo serves no Services yet: the shop, whose parts find each other by them, is left out'
  bring_down
  return 1
}

# From a registry when one answers, else from Debian's packages.
bring_base_image() {
  local begin base=debian:bookworm-slim archive=build/images/debian.tar
  podo image inspect $base >/dev/null 2>&1 && return
  begin=$(now)
  step "The base image: $base"
  if podo pull -q $base >/dev/null 2>&1; then
    note "pulled in $(seconds_since "$begin")"
    return
  fi
  note 'no registry answers: it is made of Debian packages'
  [[ -s $archive ]] || make_base_archive $archive
  as_root cat $archive | podo import --change 'CMD ["bash"]' - $base >/dev/null
  note "made in $(seconds_since "$begin")"
}

make_base_archive() {  # FILE
  need_packages mmdebstrap
  mkdir -p "${1%/*}"
  as_root tools/debian_tree "$1" </dev/null >"$(apt_log)" 2>&1 || {
    tail -n 15 "$(apt_log)" >&2
    stop 'mmdebstrap could not make a base image (see build/setup.log): is a Debian mirror reachable?'
  }
}

build_images() {
  step 'Six images from Dockerfiles, side by side (podo build)'
  local name begin jobs=()
  begin=$(now)
  for name in "${SHOP_IMAGES[@]}"; do
    (
      build_one "$name" "$name" 1
    ) &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || stop "a build failed: see build/demo/*.log"
  done
  note "all of them in $(seconds_since "$begin")"
}

build_one() {  # FOLDER NAME VERSION
  local begin log=$DEMO_FOLDER/build-$2-$3.log
  begin=$(now)
  podo build --build-arg "VERSION=$3" -t "shop/$2:$3" "$SHOP/$1" 2>&1 </dev/null |
    as_root tee "$log" >/dev/null || {
    as_root tail -n 20 "$log" >&2
    return 1
  }
  note "$(printf 'shop/%-12s %8s   %s' "$2:$3" "$(seconds_since "$begin")" \
    "$(podo images --format '{{.Size}}' "shop/$2:$3")")"
}

apply_shop() {
  local begin
  begin=$(now)
  step 'Declared: kubectl apply'
  local manifests=$SHOP/kubernetes
  if [[ $SHOP_PORT != 30080 ]]; then
    manifests=build/demo/kubernetes
    mkdir -p $manifests
    cp $SHOP/kubernetes/* $manifests
    sed -i "s/nodePort: 30080/nodePort: $SHOP_PORT/" $manifests/*
  fi
  note "\$ kubectl apply -f $manifests/"
  kube apply -f $manifests/ 2>&1 |
    awk '{ n[$NF]++ } END { for (how in n) print n[how], "objects", how }' | indent
  local workload
  for workload in statefulset/{postgres,redis} deployment/{catalogue,cart,orders,worker,front}; do
    kube -n shop rollout status "$workload" --timeout=120s >/dev/null ||
      stop "$workload: $(kube -n shop get pods)"
  done
  note "all pods ready after $(seconds_since "$begin")"
  ask -n shop get pods,services
}

shopper() { python3 tools/demo/shopper.py "$SHOP_URL" "$@"; }

order_something() {
  step 'An order goes through all of it: front, cart, catalogue, Redis, worker, PostgreSQL, orders'
  shopper wait /api/products >/dev/null
  shopper order | indent
}

# --- it heals ---------------------------------------------------------------------------------------------

container_of() {  # APP
  podo ps -q --filter label=io.kubernetes.pod.namespace=shop \
    --filter "label=io.kubernetes.container.name=$1" | head -n 1
}

kill_process_of() {  # APP
  local pid
  pid=$(podo inspect -f '{{.State.Pid}}' "$(container_of "$1")")
  note "\$ kill -9 $pid    # the process of a container of $1"
  as_root kill -9 "$pid"
}

heal() {
  step 'It heals: killed processes come back, with their data; the daemon is missed by nobody'
  kill_process_of cart
  shopper wait /api/carts/somebody | indent
  kill_process_of postgres
  shopper wait /api/orders | indent
  shopper order | indent
  note "\$ kill -9 $(daemon_pid)    # the daemon"
  as_root kill -9 "$(daemon_pid)"
  sleep 0.2
  shopper wait /version | sed 's/$/, without any daemon/' | indent
  local begin
  begin=$(now)
  begin_daemon
  note "a new daemon answers after $(seconds_since "$begin"), and has restarted nothing:"
  ask -n shop get pods
  wait_until 30 'the end of the repairs' shop_is_ready
}

shop_is_ready() {
  local pods
  pods=$(kube -n shop get pods --no-headers) &&
    awk '{ split($2, n, "/") } n[1] != n[2] || $3 != "Running" { exit 1 }' <<<"$pods"
}

# --- a new version ----------------------------------------------------------------------------------------

roll_out() {
  step 'A new version under load, without losing a request'
  build_one front front 2
  local load
  rm -f build/demo/stop
  mkfifo build/demo/stop
  shopper load <build/demo/stop >build/demo/load 2>&1 &
  load=$!
  exec 7>build/demo/stop
  sleep 1
  ask -n shop set image deployment/front front=shop/front:2
  kube -n shop rollout status deployment/front --timeout=60s 2>&1 | tail -n 1 | indent
  sleep 1
  exec 7>&-
  local lost=0
  wait "$load" || lost=1
  indent <build/demo/load
  [[ $lost == 0 ]] || stop 'requests were lost during the roll-out'
}

# --- policies ---------------------------------------------------------------------------------------------

# From inside a front end: Node's own words.
# shellcheck disable=SC2016
connect() {  # HOST PORT
  kube -n shop exec deployment/front -- node -e '
    const [host, port] = process.argv.slice(1);
    const socket = require("net").connect({ host, port, timeout: 1500 });
    const say = (what) => { console.log(`front -> ${host}:${port}  ${what}`); process.exit(0); };
    socket.on("connect", () => say("open")).on("timeout", () => say("blocked"));
    socket.on("error", (error) => say(`refused (${error.code})`));' "$1" "$2" 2>&1
}

try_forbidden_ways() {
  step 'NetworkPolicies: only the ways that are named are open'
  local said
  connect cart 8080 | indent
  connect catalogue 8080 | indent
  for way in 'postgres 5432' 'redis 6379'; do
    # shellcheck disable=SC2086  # two words
    said=$(connect $way)
    indent <<<"$said"
    [[ $said != *open ]] || stop "a way that no policy names is open: $said"
  done
}

# --- the end ----------------------------------------------------------------------------------------------

tell_what_is_up() {
  step 'What runs'
  local columns='KIND:.kind,NAME:.metadata.name,READY:.status.readyReplicas'
  columns+=',IMAGE:.spec.template.spec.containers[0].image'
  kube -n shop get deployments,statefulsets -o custom-columns="$columns" | indent
  local setup path
  printf -v setup 'export KUBECONFIG=%q PODO_HOST=%q' "$DEMO_DATA/kubeconfig" "unix://$DEMO_RUN/docker.sock"
  printf -v path '%q' "${DEMO_PODO%/*}"
  [[ $(command -v kubectl) == "$KUBECTL" ]] || printf -v path '%s:%q' "$path" "${KUBECTL%/*}"
  cat <<TABLE

        The shop:            $SHOP_URL   (a page for your browser)

        Try it, as root:     $setup
                             PATH=$path:\$PATH
          kubectl -n shop get pods -o wide
          podo ps                                          # the same containers, as docker ps shows them
          podo kill \$(podo ps -qf label=io.kubernetes.container.name=cart | head -n 1)
          kubectl -n shop rollout undo deployment front    # back to version 1
          podo info

        Remove all of it:    ./demo --down

TABLE
}
