# Where the demo is, and whether there is room for it: a folder, a socket and two ports of this machine.
# Sourced by ./demo, after tools/setup.sh.
# shellcheck shell=bash disable=SC2034

DEMO_FOLDER=$PWD/build/demo DEMO_RUN=${DEMO_RUN:-/run/podo-demo}
DEMO_DATA=$DEMO_FOLDER/data DEMO_LOG=$DEMO_FOLDER/daemon.log
DEMO_PODO=$DEMO_FOLDER/podo  # a copy: a new build does not change the program under a daemon
DEMO_API=127.0.0.1:${DEMO_API_PORT:-16443}
SHOP_PORT=${SHOP_PORT:-30080}
# A demo that is up stays where it is.
[[ ! -e $DEMO_FOLDER/place ]] || read -r DEMO_API SHOP_PORT <"$DEMO_FOLDER/place"
# Not a daemon's default: one that is at work on this machine keeps its own.
DEMO_SERVICES=${DEMO_SERVICES:-10.107.0.0/16}

# One demo at a time. The lock is on a folder that is there anyway, so that it leaves nothing.
take_turn() {
  exec 8</run
  flock --nonblock 8 && return
  stop 'another ./demo is at work on this machine. Wait for its end, or end it with Ctrl-C where it runs.'
}

look_for_room() {
  [[ ! -e $DEMO_FOLDER/place ]] || return 0
  local port holder
  for port in "${DEMO_API##*:}:DEMO_API_PORT:its cluster" "$SHOP_PORT:SHOP_PORT:its page"; do
    IFS=: read -r port name what_for <<<"$port"
    holder=$(holder_of_port "$port")
    [[ ! $holder ]] || stop "port $port, for $what_for, is taken by $holder.
  End that, or choose another port: $name=$((port + 1)) ./demo"
  done
  ! as_root test -e "$DEMO_RUN" || stop "$DEMO_RUN is there: a demo of another folder is up.
  Remove it with ./demo --down in that folder."
}

# Also a port that the kernel alone hands on (a published one) answers, and has no holder.
holder_of_port() {  # PORT -> empty when it is free
  as_root python3 - "$1" <<'PYTHON'
import os, socket, sys

port, inodes = int(sys.argv[1]), set()
for table in ("/proc/net/tcp", "/proc/net/tcp6"):
    for line in list(open(table))[1:] if os.path.exists(table) else []:
        words = line.split()
        if words[3] == "0A" and int(words[1].rsplit(":", 1)[1], 16) == port:
            inodes.add(f"socket:[{words[9]}]")
for pid in filter(str.isdigit, os.listdir("/proc") if inodes else []):
    try:
        folder = f"/proc/{pid}/fd"
        if any(os.readlink(f"{folder}/{one}") in inodes for one in os.listdir(folder)):
            words = open(f"/proc/{pid}/cmdline").read().replace("\0", " ").strip()
            sys.exit(print(f"process {pid} ({words[:100]})"))
    except OSError:
        continue
with socket.socket() as one:
    one.settimeout(1)
    if inodes or one.connect_ex(("127.0.0.1", port)) == 0:
        print("another program or container")
PYTHON
}
