// What becomes of a build's result besides an image in the daemon: --output, --load, --push.
//
//   output := PATH | "-" | "type=" TYPE ( "," key "=" value )*        as CSV: "..." may enclose an option
//
// Archives come back in the daemon's answer and are written here: files belong to whoever builds, and a
// daemon far away works as well.
#pragma once

#include <memory>
#include <string>

#include "cli/console/flags.h"

namespace podo::cli {

class ArchiveTaker {
 public:
  virtual ~ArchiveTaker() = default;
  virtual Result<> take(std::string_view bytes) = 0;
  virtual Result<> finish() = 0;  // the build went well
};

struct BuildOutput {
  std::string export_to = {};  // what the daemon is asked for; "": an image
  std::unique_ptr<ArchiveTaker> taker = {};
  std::vector<std::string> names = {};  // of name=
};

// Of --output, --load and --push; `in_place`: the daemon may write a folder of this machine itself.
Result<BuildOutput> build_output_of(const Flags& flags, bool in_place);

// "type=registry,ref=x" -> {{"type", "registry"}, {"ref", "x"}}; a part without '=' is {"", part}.
std::vector<std::pair<std::string, std::string>> split_options(std::string_view text);
std::string absolute_path(const std::string& path);

}  // namespace podo::cli
