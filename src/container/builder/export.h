// What becomes of a build's result besides an image here.
//
//   export := "" | "type=" TYPE ( "," option )*
//   TYPE   := "image" | "docker" | "oci" | "tar" | "local" | "registry"
//   option := "dest=" PATH | "name=" REFERENCE | "push=" BOOL | other "=" value     others mean nothing here
//
// "-" and no dest mean the request's output. A file or folder named here is written by the daemon, as root:
// only callers on this machine may ask for that.
#pragma once

#include "container/builder/state.h"
#include "container/builder/work.h"

namespace podo::builder {

struct Export {
  enum class Kind : std::uint8_t { image, docker, oci, tar, local, registry } kind = Kind::image;
  std::string dest = {};
  std::vector<std::string> names = {};
  bool push = false;
  bool needs_image() const { return kind != Kind::tar && kind != Kind::local; }
  bool keeps_image() const { return kind == Kind::image || kind == Kind::registry; }
};
Result<Export> parse_export(std::string_view text);  // pure

// One platform's result.
struct Built {
  oci::Platform platform;
  State state;
};

// Packs, records, names, writes, pushes: what the request asks for.
Task<BuildResult> export_result(Work& work, Export how, std::vector<Built> built);

}  // namespace podo::builder
