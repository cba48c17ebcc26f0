# What ./demo, ./test and ./bench share: progress, and the Debian packages they need. Sourced, with bash; the
# caller has set -euo pipefail and stands at the root of the tree.
#
# Only what is missing is installed. No package of the machine is removed for it but an older libc++ that
# nothing uses, and no service it brings is started or left enabled. PODO_SETUP=skip installs nothing: the
# packages are then the caller's to bring.
# shellcheck shell=bash disable=SC2034

BUILD_PACKAGES=(clang-19 lld-19 llvm-19 libc++-19-dev libc++abi-19-dev cmake ninja-build ccache libseccomp-dev
  libyaml-dev nettle-dev libxxhash-dev libzstd-dev zlib1g-dev libdeflate-dev libssl-dev libnghttp2-dev
  libjemalloc-dev libcrypt-dev node-llhttp python3)
TEST_PACKAGES=(libclang-rt-19-dev doctest-dev python3-pytest iproute2 libcap2-bin mount
  bzip2 xz-utils git)
# What ./bench links its peers from; nothing else needs them.
BENCH_PACKAGES=(liblmdb-dev libsqlite3-dev)
# What ./test engine talks through; what cannot be installed is left out, and its tests are skipped.
ENGINE_PACKAGES=(python3-docker docker-compose docker-registry mmdebstrap)
# What ./test api talks through.
API_PACKAGES=(python3-kubernetes python3-h2 openssl curl)
# Other people's engines and runtimes, by the command each one brings. What cannot be installed is skipped.
PEERS=(podman:podman ctr:containerd conmon:conmon runc:runc crun:crun)

step() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }
note() { printf '        %s\n' "$*"; }
stop() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# What a command says, under the step it belongs to; long lines are cut.
indent() { sed -u 's/^\(.\{0,140\}\).*/          \1/'; }

# Words as somebody would type them.
as_typed() {
  local word line=
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_@%+=:,./{}-]+$ ]] || word=${word@Q}
    line+=" $word"
  done
  printf '%s' "${line:1}"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

require_root() {  # WHY
  [[ $(id -u) == 0 ]] || command -v sudo >/dev/null ||
    stop "$1 needs root. Run this as root, or install sudo and allow it for $(id -un)."
}

apt_install() {
  local remove=(--no-remove)
  only_older_cxx_is_replaced "$@" && remove=()
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq --no-install-recommends "${remove[@]}" \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install "$@"
}

# Debian lets one version of libc++ be installed at a time. An older one gives way when all that would go is
# the library itself: then nothing on the machine uses it.
only_older_cxx_is_replaced() {  # PACKAGE...
  local gone
  gone=$(apt-get -s --no-install-recommends install "$@" 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p')
  [[ $gone ]] && ! grep -qvE '^lib(c\+\+|c\+\+abi|unwind)(1|-dev)?-[0-9]+(-dev)?$' <<<"$gone"
}

apt_update() {  # once per run
  [[ ${apt_is_fresh:-} ]] && return 1
  apt_is_fresh=yes
  note 'reading the package lists (apt-get update)'
  as_root apt-get -qq -o DPkg::Lock::Timeout=300 update
}

apt_log() { printf '%s' "$PWD/build/setup.log"; }

# Tries with the package lists of the machine, then with fresh ones. The log keeps what apt said.
apt_try() {
  mkdir -p build
  apt_install "$@" </dev/null >"$(apt_log)" 2>&1 && return
  apt_update >>"$(apt_log)" 2>&1 || true
  apt_install "$@" </dev/null >>"$(apt_log)" 2>&1
}

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

need_packages() {  # NAME...
  [[ ${PODO_SETUP:-} == skip ]] && return
  command -v apt-get >/dev/null ||
    stop "this system has no apt-get. Bring what these Debian packages hold and set PODO_SETUP=skip: $*"
  local name missing=()
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  [[ ${#missing[@]} == 0 ]] && return
  require_root 'installing packages'
  step 'Installing Debian packages (a few minutes the first time)'
  note "${missing[*]}"
  apt_try "${missing[@]}" && return
  tail -n 15 "$(apt_log)" >&2
  stop "apt-get could not install: ${missing[*]}. See build/setup.log; mend the cause and run this again."
}

# A static busybox is the inside of the containers of ./demo, ./test and ./bench. It is unpacked under build/,
# not installed: the package would push out a dynamic busybox the machine may rely on.
need_busybox() {
  local bin=$PWD/build/tools/bin path
  PATH=$bin:$PATH
  path=$(command -v busybox || true)
  [[ $path ]] && ! ldd "$path" >/dev/null 2>&1 && return
  [[ ${PODO_SETUP:-} == skip ]] && stop 'there is no static busybox; Debian has one in busybox-static'
  step 'Fetching a static busybox for the containers'
  unpack_debian busybox-static "$PWD/build/tools/busybox" || stop 'apt-get could not download busybox-static'
  install -D build/tools/busybox/bin/busybox "$bin/busybox"
  rm -r build/tools/busybox
}

# A package of this machine's own Debian, unpacked below FOLDER and not installed.
unpack_debian() {  # PACKAGE FOLDER
  local work
  work=$(mktemp -d)
  (
    cd "$work"
    fetch() { apt-get -qq download "$1"; }
    { fetch "$1" || { apt_update && fetch "$1"; }; } >log 2>&1 && dpkg-deb -x ./*.deb files
  ) || {
    tail -n 1 "$work/log" >&2
    rm -rf "$work"
    return 1
  }
  mkdir -p "${2%/*}"
  rm -rf "$2"
  mv "$work/files" "$2"
  rm -rf "$work"
}

# With systemd a package's service is started and enabled at once. Units of packages that come only for the
# tests are masked until they are installed, and disabled after; the mask lives in /run: no boot sees it.
PEER_UNITS=(containerd.service podman.service podman.socket podman-restart.service
  podman-auto-update.service podman-auto-update.timer docker-registry.service)

want_packages() {  # PACKAGE...
  [[ ${PODO_SETUP:-} == skip ]] && return
  local name missing=()
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  [[ ${#missing[@]} == 0 ]] && return
  require_root 'installing packages'
  step "Installing what the tests talk through: ${missing[*]}"
  (install_without_services "${missing[@]}")
}

want_peers() {
  [[ ${PODO_SETUP:-} == skip ]] && return
  local pair missing=()
  for pair in "${PEERS[@]}"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [[ ${#missing[@]} == 0 ]] && return
  require_root 'installing packages'
  step "Installing other engines and runtimes to test with: ${missing[*]}"
  (install_without_services "${missing[@]}")
}

install_without_services() {  # PACKAGE...   in a subshell, for its trap
  local unit package held=()
  if [[ -d /run/systemd/system ]]; then
    for unit in "${PEER_UNITS[@]}"; do
      systemctl cat "$unit" >/dev/null 2>&1 || held+=("$unit")
    done
  fi
  if [[ ${#held[@]} != 0 ]]; then
    trap 'as_root systemctl --runtime --quiet unmask "${held[@]}"
          as_root systemctl --quiet disable "${held[@]}"' EXIT
    as_root systemctl --runtime --quiet mask "${held[@]}"
  fi 2>/dev/null
  for package in "$@"; do
    apt_try "$package" || note "$package is left out: apt-get cannot find it, or would remove others for it"
  done
}

build() {  # PRESET [TARGET...]
  local preset=$1
  shift
  step "Building $preset (build/$preset)"
  mkdir -p build
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 || {
    tail -n 20 "build/$preset.configure.log" >&2
    note "The configuration failed. If the machine changed, remove build/$preset and run this again." >&2
    return 1
  }
  local status='        [%f/%t %es] '
  if [[ -t 1 ]]; then
    NINJA_STATUS=$status cmake --build --preset "$preset" ${1:+--target "$@"}
  else
    NINJA_STATUS=$status cmake --build --preset "$preset" ${1:+--target "$@"} | every_tenth
  fi
}

# A terminal shows one line that changes; a log is spared most of a thousand lines.
every_tenth() {
  awk '!/^ *\[[0-9]+\/[0-9]+ / { print; fflush(); next }
    { split($1, at, "[[/]"); tenth = int(at[2] * 10 / (at[3] ? at[3] : 1)) }
    tenth != shown { shown = tenth; print; fflush() }'
}

# Packages of another Debian suite, unpacked below FOLDER and not installed: with lists of their own, so that
# the machine's package state does not know of them. Dependencies are the caller's to name.
fetch_debian() {  # FOLDER SUITE PACKAGE...
  local folder=$1 suite=$2 site state
  shift 2
  state=$folder/apt
  site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  [[ $site ]] || return 1
  mkdir -p "$state"/lists/partial "$state"/cache/archives/partial
  local key=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$key] $site $suite main" >"$state/sources.list"
  local options=(-qq -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache"
    -o APT::Default-Release= -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update >"$state/log" 2>&1 || return
  (cd "$state/cache" && apt-get "${options[@]}" download "$@" >>"$state/log" 2>&1) || return
  local package
  for package in "$state"/cache/*.deb; do
    dpkg-deb -x "$package" "$folder" && rm "$package"
  done
  rm -rf "$state/lists" "$state/cache"
}

# A docker command line with compose: the machine's own, else unpacked under build/. The newest comes first:
# older ones know fewer of the calls that are to be answered. Without compose its tests are skipped.
need_docker_cli() {
  local folder=$PWD/build/tools/docker suite
  PATH=$PATH:$folder/usr/bin
  if [[ ${PODO_SETUP:-} != skip && ! -e $folder/usr/libexec/docker/cli-plugins/docker-compose ]]; then
    step 'Fetching a docker command line for the tests'
    for suite in sid trixie; do
      fetch_debian "$folder" "$suite" docker-cli docker-compose && docker --version >/dev/null 2>&1 && break
    done
    docker --version >/dev/null 2>&1 || fetch_debian "$folder" bookworm docker.io || true
  fi
  docker --version >/dev/null 2>&1 ||
    stop 'there is no docker command; Debian has one in docker-cli (or docker.io)'
}

# For ./demo any kubectl will do: the tests' newest, the machine's, else Debian's, unpacked under build/.
find_kubectl() {
  local folder=$PWD/build/tools program
  for program in "$folder/kubectl/usr/bin/kubectl" "$(command -v kubectl || true)" \
    "$folder/kubectl-1.20/usr/bin/kubectl"; do
    [[ -x $program ]] && KUBECTL=$program && return
  done
  [[ ${PODO_SETUP:-} == skip ]] && return 1
  step 'Fetching kubectl (Debian package kubernetes-client; it is unpacked below build/, not installed)'
  unpack_debian kubernetes-client "$folder/kubectl-1.20" && KUBECTL=$folder/kubectl-1.20/usr/bin/kubectl
}

# Two kubectls, unpacked under build/: the one of Debian 12, which does much by itself, and the newest there
# is. Without them their tests are skipped.
want_kubectl() {
  [[ ${PODO_SETUP:-} == skip ]] && return
  local old=$PWD/build/tools/kubectl-1.20 new=$PWD/build/tools/kubectl
  [[ -x $old/usr/bin/kubectl && -x $new/usr/bin/kubectl ]] && return
  step 'Fetching kubectl for the tests'
  [[ -x $old/usr/bin/kubectl ]] || fetch_debian "$old" bookworm kubernetes-client/bookworm ||
    note 'kubectl 1.20 is left out: it cannot be downloaded'
  [[ -x $new/usr/bin/kubectl ]] || fetch_debian "$new" sid kubectl/sid ||
    fetch_debian "$new" trixie kubernetes-client/trixie ||
    note 'the newest kubectl is left out: it cannot be downloaded'
}
