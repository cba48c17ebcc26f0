// podo inspect, and inspect of containers, images, networks and volumes
#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/console/template.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

struct Kind {
  std::string_view name, path_before, path_behind;
};
constexpr Kind kinds[] = {{"container", "/containers/", "/json"},
                          {"image", "/images/", "/json"},
                          {"network", "/networks/", ""},
                          {"volume", "/volumes/", ""}};

Task<json::Document> find_one(Daemon& daemon, std::string name, std::string kind, bool sizes) {
  for (const Kind& tried : kinds) {
    if (!kind.empty() && kind != tried.name) continue;
    Daemon::Query query;
    if (sizes && tried.name == "container") query.add("size", "1");
    Result<json::Document> found =
        co_await daemon.get(text("{}{}{}", tried.path_before, name, tried.path_behind), query).result();
    if (found) co_return *std::move(found);
    if (found.error().kind() != ErrorKind::not_found) co_return Failure(std::move(found).error());
    if (!kind.empty()) co_return Failure(std::move(found).error());
  }
  co_return not_found("Error: No such object: {}", name);
}

// What was found is shown although another name was wrong; that one is told behind it.
Task<int> inspect_kind(Call call, std::string kind) {
  std::string format = call.flags.text("format"), out, array;
  std::vector<std::string> problems;
  bool sizes = kind.empty() || kind == "container" ? call.flags.on("size") : false;
  std::optional<Template> parsed;
  if (!format.empty() && format != "json") parsed = co_await Template::parse(format);
  for (const std::string& name : call.arguments()) {
    Result<json::Document> found = co_await find_one(call.daemon, name, kind, sizes).result();
    if (!found) {
      problems.push_back(found.error().message());
      continue;
    }
    if (parsed) out += co_await parsed->run(found->root()) + "\n";
    else array += (array.empty() ? "" : ",") + json::Writer().value(found->root()).take();
  }
  if (!parsed) {
    json::Document all = co_await json::parse("[" + array + "]", {.bytes_max = 256 << 20});
    out = format == "json" ? json::Writer().value(all.root()).take() + "\n" : indented(all.root()) + "\n";
    if (array.empty()) out = "[]\n";
  }
  co_await print(out);
  for (const std::string& problem : problems) complain(problem);
  co_return problems.empty() ? 0 : 1;
}

Task<int> inspect(Call call) { return inspect_kind(call, call.flags.text("type")); }
Task<int> inspect_container(Call call) { return inspect_kind(call, "container"); }
Task<int> inspect_image(Call call) { return inspect_kind(call, "image"); }
Task<int> inspect_network(Call call) { return inspect_kind(call, "network"); }
Task<int> inspect_volume(Call call) { return inspect_kind(call, "volume"); }

using enum FlagKind;

constexpr Flag format_flag = {"format", 'f', value, "Format output: 'json' or a Go TEMPLATE"};
constexpr Flag any_flags[] = {format_flag,
                              {"size", 's', toggle, "Display total file sizes if the type is container"},
                              {"type", 0, value, "Only inspect objects of the given type"}};
constexpr Flag container_inspect_flags[] = {format_flag, {"size", 's', toggle, "Display total file sizes"}};
constexpr Flag other_flags[] = {format_flag, {"verbose", 'v', toggle, ""}, {"platform", 0, value, ""}};

}  // namespace

std::span<const Command> inspect_commands() {
  constexpr std::size_t any = SIZE_MAX;
  static constexpr Command table[] = {
      {"inspect", "NAME|ID [NAME|ID...]", "Return low-level information on the engine's objects", any_flags,
       1, any, inspect},
      {"container inspect", "CONTAINER [CONTAINER...]",
       "Display detailed information on one or more containers", container_inspect_flags, 1, any,
       inspect_container},
      {"image inspect", "IMAGE [IMAGE...]", "Display detailed information on one or more images", other_flags,
       1, any, inspect_image},
      {"network inspect", "NETWORK [NETWORK...]", "Display detailed information on one or more networks",
       other_flags, 1, any, inspect_network},
      {"volume inspect", "VOLUME [VOLUME...]", "Display detailed information on one or more volumes",
       other_flags, 1, any, inspect_volume},
  };
  return table;
}

}  // namespace podo::cli
