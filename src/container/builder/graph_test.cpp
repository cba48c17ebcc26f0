#include "container/builder/graph.h"

#include <doctest/doctest.h>

namespace podo::builder {
namespace {

using Numbers = std::vector<std::size_t>;

Result<Graph> graph_of(std::string_view text, std::string target = "", std::set<std::string> contexts = {}) {
  const auto file = dockerfile::parse(text, "Dockerfile");
  REQUIRE(file);
  return make_graph(*file, {.target = std::move(target),
                            .contexts = std::move(contexts),
                            .expand = [](const dockerfile::Instruction&, const std::string& word) {
                              return Result<std::string>(word == "$EMPTY" ? "" : word);
                            }});
}

std::string problem(const Result<Graph>& graph) { return graph ? "" : graph.error().message(); }

bool says(const Result<Graph>& graph, std::string_view words) {
  return problem(graph).find(words) != std::string::npos;
}

constexpr std::string_view four_stages =
    "FROM busybox AS a\n"
    "RUN one\n"
    "FROM alpine AS b\n"
    "COPY --from=a /x /x\n"
    "FROM a AS unused\n"
    "RUN two\n"
    "FROM scratch\n"
    "COPY --from=1 /x /x\n"
    "RUN --mount=type=bind,from=busybox,target=/t three\n";

}  // namespace

TEST_CASE("stages that the target does not take from are not needed") {
  const auto graph = graph_of(four_stages);
  REQUIRE(graph);
  CHECK(graph->target == 3);
  CHECK(graph->needed == Numbers{0, 1, 3});
  CHECK(graph->nodes[3].needs == Numbers{1});
  CHECK(graph->nodes[1].needs == Numbers{0});
  CHECK(graph->nodes[1].base.kind == Origin::Kind::image);
  CHECK(graph->nodes[1].base.name == "alpine");
  CHECK(graph->nodes[3].base.kind == Origin::Kind::scratch);
  CHECK(!graph->needs(2));
}

TEST_CASE("the target by name") {
  CHECK(graph_of(four_stages, "unused")->needed == Numbers{0, 2});
  CHECK(graph_of(four_stages, "B")->needed == Numbers{0, 1});
  CHECK(problem(graph_of(four_stages, "0")) == "target stage \"0\" could not be found");
  CHECK(problem(graph_of(four_stages, "c")) == "target stage \"c\" could not be found");
}

TEST_CASE("stages take from those before them") {
  CHECK(
      says(graph_of("FROM busybox AS a\nCOPY --from=a /x /x\n"), "circular dependency detected on stage: a"));
  CHECK(says(graph_of("FROM busybox AS a\nCOPY --from=b /x /x\nFROM alpine AS b\n", "a"),
             "cannot copy from stage \"b\", it needs to be defined before current stage \"a\""));
  CHECK(says(graph_of("FROM busybox\nRUN --mount=from=1,target=/t x\nFROM alpine\nCOPY --from=0 / /\n"),
             "cannot mount from stage \"1\", it needs to be defined before current stage \"stage-0\""));
  const auto image = graph_of("FROM b AS a\nFROM alpine AS b\n", "a");
  REQUIRE(image);
  CHECK(image->nodes[0].base.kind == Origin::Kind::image);
}

TEST_CASE("contexts take the place of images and stages") {
  const auto image = graph_of("FROM alpine AS a\n", "", {"alpine:latest"});
  CHECK(image->nodes[0].base.kind == Origin::Kind::context);
  CHECK(image->nodes[0].base.name == "alpine:latest");
  const auto stage = graph_of("FROM alpine AS a\nFROM scratch\nCOPY --from=a / /\n", "", {"a"});
  CHECK(stage->needed == Numbers{1});
}

TEST_CASE("what cannot be found, or is empty, is told with its place") {
  CHECK(says(graph_of("FROM busybox\nCOPY --from=5 /x /x\n"), "invalid stage index 5"));
  CHECK(says(graph_of("FROM busybox\nCOPY --from=5 /x /x\n"), "Dockerfile:2"));
  CHECK(says(graph_of("FROM $EMPTY\n"), "base name ($EMPTY) should not be blank"));
}

}  // namespace podo::builder
