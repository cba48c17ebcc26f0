// Which stages of a Dockerfile a build needs, and what each takes from others. Pure.
//
// FROM, --from and RUN --mount=from= see the stages before them, --from by number, too. A context that the
// caller gave a name takes the place of the stage or image of that name.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/dockerfile/dockerfile.h"

namespace podo::builder {

// What a name in FROM or --from leads to.
struct Origin {
  enum class Kind : std::uint8_t { scratch, stage, image, context } kind = Kind::scratch;
  std::size_t stage = 0;
  std::string name = {};  // of the image, or the context
};

struct StageNode {
  Origin base;
  std::string platform;            // of FROM --platform, "" without
  std::vector<std::size_t> needs;  // stages, ascending
};

struct Graph {
  std::size_t target = 0;
  std::vector<std::size_t> needed;  // ascending
  std::vector<StageNode> nodes;     // one for each stage of the file; those that are not needed are empty
  bool needs(std::size_t stage) const;
};

struct GraphWish {
  std::string target;              // a stage's name; "": the last
  std::set<std::string> contexts;  // names of the caller's contexts
  // FROM's words with the values of variables.
  std::function<Result<std::string>(const dockerfile::Instruction& from, const std::string& word)> expand;
};

Result<Graph> make_graph(const dockerfile::Dockerfile& file, const GraphWish& wish);

// `name` of COPY --from or a mount, for stages before `before`.
Result<Origin> find_origin(const dockerfile::Dockerfile& file, const std::set<std::string>& contexts,
                           const std::string& name, std::size_t before);
// The names an instruction takes files from: of --from, and of from= in mounts; as they are written.
std::vector<std::string> sources_of(const dockerfile::Instruction& step);

}  // namespace podo::builder
