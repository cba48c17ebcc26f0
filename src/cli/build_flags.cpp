// The flags of `podo build`: those of docker build and docker buildx build. What has no help is taken for the
// sake of scripts: it is the case anyway, or means nothing here.
#include "cli/build_request.h"

namespace podo::cli {

std::span<const Flag> build_flags() {
  using enum FlagKind;
  static constexpr Flag flags[] = {
      {"add-host", 0, values, "Add a custom host-to-IP mapping (host:ip)"},
      {"allow", 0, values, "Allow extra privileges: network.host, security.insecure"},
      {"annotation", 0, values, "Add an annotation to the image's manifest"},
      {"build-arg", 0, values, "Set build-time variables"},
      {"build-context", 0, values,
       "Additional build contexts (name=path, name=URL, name=docker-image://...)"},
      {"cache-from", 0, values, "External cache sources (user/app:cache, type=local,src=path)"},
      {"cache-to", 0, values, "Cache export destinations (user/app:cache, type=local,dest=path)"},
      {"call", 0, value, "Set method for evaluating the build: build, check", "build"},
      {"cgroup-parent", 0, value, "Set the parent cgroup for the RUN instructions during build"},
      {"check", 0, toggle, "Check the Dockerfile, build nothing"},
      {"cpu-period", 0, integer, "Limit the CPU CFS (Completely Fair Scheduler) period"},
      {"cpu-quota", 0, integer, "Limit the CPU CFS (Completely Fair Scheduler) quota"},
      {"cpu-shares", 'c', integer, "CPU shares (relative weight)"},
      {"cpuset-cpus", 0, value, "CPUs in which to allow execution (0-3, 0,1)"},
      {"cpuset-mems", 0, value, "MEMs in which to allow execution (0-3, 0,1)"},
      {"debug-shell", 0, toggle, "Open a shell in the last good state when a command fails"},
      {"file", 'f', value, "Name of the Dockerfile (default: PATH/Dockerfile)"},
      {"iidfile", 0, value, "Write the image ID to a file"},
      {"label", 0, values, "Set metadata for an image"},
      {"load", 0, toggle, "Shorthand for --output=type=docker"},
      {"memory", 'm', bytes, "Memory limit"},
      {"memory-swap", 0, bytes, "Swap limit equal to memory plus swap: -1 to enable unlimited swap"},
      {"metadata-file", 0, value, "Write build result metadata to a file"},
      {"network", 0, value, "Set the networking mode for the RUN instructions during build", "default"},
      {"no-cache", 0, toggle, "Do not use cache when building the image"},
      {"no-cache-filter", 0, values, "Do not cache specified stages"},
      {"output", 'o', values,
       "Output destination (type=local,dest=path; type: local, tar, oci, docker, image)"},
      {"platform", 0, values, "Set target platform for build"},
      {"progress", 0, value, "Set type of progress output (auto, plain, tty, json, quiet)", "auto"},
      {"pull", 0, toggle, "Always attempt to pull all referenced images"},
      {"push", 0, toggle, "Shorthand for --output=type=registry"},
      {"quiet", 'q', toggle, "Suppress the build output and print image ID on success"},
      {"secret", 0, values, "Secret to expose to the build (id=mysecret,src=/local/secret or env=NAME)"},
      {"shm-size", 0, bytes, "Size of /dev/shm"},
      {"squash", 0, toggle, "Squash newly built layers into a single new layer"},
      {"ssh", 0, values, "SSH agent socket to expose to the build (default|<id>[=<socket>])"},
      {"tag", 't', values, "Name and optionally a tag (name:tag)"},
      {"target", 0, value, "Set the target build stage to build"},
      {"ulimit", 0, values, "Ulimit options"},
      {"attest", 0, values},
      {"builder", 0, value},
      {"compress", 0, toggle},
      {"debug", 'D', toggle},
      {"disable-content-trust", 0, toggle, "", "true"},
      {"force-rm", 0, toggle},
      {"isolation", 0, value},
      {"provenance", 0, value},
      {"rm", 0, toggle, "", "true"},
      {"sbom", 0, value},
      {"security-opt", 0, values},
  };
  return flags;
}

}  // namespace podo::cli
