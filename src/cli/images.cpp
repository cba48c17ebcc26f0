// podo images, rmi, tag, history
#include <algorithm>

#include "base/core/clock.h"
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"
#include "model/oci/image.h"

namespace podo::cli {
namespace {

struct Named {
  std::string repository = "<none>", tag = "<none>", digest = "<none>";
};

// A row for each tag; with digests also for each tag's digest. An image without names has one row.
std::vector<Named> names_of(json::Value image, bool digests) {
  auto all = [&](std::string_view member) {
    std::vector<std::string> values;
    for (json::Value value : image.find(member).items())
      if (!value.string().starts_with("<none>")) values.emplace_back(value.string());
    return values;
  };
  std::vector<std::string> tags = all("RepoTags"), sums = all("RepoDigests");
  std::vector<Named> names;
  for (const std::string& tag : tags) {
    std::size_t colon = tag.rfind(':');
    Named named{tag.substr(0, colon), tag.substr(colon + 1)};
    for (const std::string& sum : sums)
      if (digests && sum.starts_with(named.repository + "@"))
        named.digest = sum.substr(named.repository.size() + 1);
    names.push_back(named);
  }
  for (const std::string& sum : sums) {
    std::size_t at = sum.find('@');
    std::string repository = sum.substr(0, at);
    auto same = [&](const Named& named) { return named.repository == repository; };
    if (tags.empty() || (digests && std::ranges::none_of(names, same)))
      names.push_back({repository, "<none>", sum.substr(at + 1)});
  }
  if (names.empty()) names.emplace_back();
  return names;
}

void add_rows(Rows& rows, json::Value image, const Flags& flags, Wall now) {
  Wall created{get_number(image, "Created") * 1'000'000'000};
  std::string id = get_text(image, "Id");
  std::string size = human_size(static_cast<double>(get_number(image, "Size")), 3);
  std::int64_t containers = get_number(image, "Containers");
  for (const Named& named : names_of(image, flags.on("digests")))
    rows.add({named.repository, named.tag, named.digest, flags.on("no-trunc") ? id : short_id(id),
              human_ago(created, now), clock_text(created), size,
              containers < 0 ? "N/A" : text("{}", containers), "N/A", "N/A",
              human_size(static_cast<double>(get_number(image, "Size")))});
}

Task<int> images(Call call) {
  const Flags& flags = call.flags;
  Daemon::Query query;
  if (flags.on("all")) query.add("all", "1");
  std::vector<std::string> filters = flags.all("filter");
  if (!call.arguments().empty()) filters.push_back("reference=" + call.argument(0));
  if (!filters.empty()) query.add("filters", co_await filters_json(filters));
  json::Document list = co_await call.daemon.get("/images/json", query);
  if (flags.on("json")) {
    co_await print(indented(list.root()) + "\n");
    co_return 0;
  }
  std::string table = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
  if (flags.on("digests"))
    table = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
  if (flags.on("quiet")) table = "{{.ID}}";
  Rows rows({{"Repository", "REPOSITORY"},
             {"Tag", "TAG"},
             {"Digest", "DIGEST"},
             {"ID", "IMAGE ID"},
             {"CreatedSince", "CREATED"},
             {"CreatedAt", "CREATED AT"},
             {"Size", "SIZE"},
             {"Containers", "CONTAINERS"},
             {"SharedSize", "SHARED SIZE"},
             {"UniqueSize", "UNIQUE SIZE"},
             {"VirtualSize", "SIZE"}},
            table);
  Wall now = SystemClock().wall();
  for (json::Value image : list.root().items()) add_rows(rows, image, flags, now);
  co_await print(co_await rows.text(flags.text("format")));
  co_return 0;
}

Task<void> remove_one(Call call, std::string name) {
  Daemon::Query query;
  if (call.flags.on("force")) query.add("force", "1");
  if (call.flags.on("no-prune")) query.add("noprune", "1");
  Result<json::Document> removed = co_await call.daemon.remove("/images/" + name, query).result();
  bool gone = !removed && removed.error().kind() == ErrorKind::not_found && call.flags.on("force");
  if (gone) co_return complain(removed.error().message());
  if (!removed) co_await Failure(std::move(removed).error());
  std::string out;
  for (json::Value step : removed->root().items()) {
    if (std::string id = get_text(step, "Untagged"); !id.empty()) out += text("Untagged: {}\n", id);
    if (std::string id = get_text(step, "Deleted"); !id.empty()) out += text("Deleted: {}\n", id);
  }
  co_await print(out);
}
Task<int> remove(Call call) { return for_each_argument(call, remove_one); }

Task<int> tag(Call call) {
  Result<oci::Reference> parsed = oci::Reference::parse(call.argument(1));
  if (!parsed)
    co_return invalid("Error parsing reference: \"{}\" is not a valid repository/tag: {}", call.argument(1),
                      parsed.error().message());
  oci::Reference target = *parsed;
  Daemon::Query query;
  query.add("repo", target.familiar_name());
  query.add("tag", target.tag);
  co_await call.daemon.post(text("/images/{}/tag", call.argument(0)), query);
  co_return 0;
}

Task<int> history(Call call) {
  const Flags& flags = call.flags;
  json::Document list = co_await call.daemon.get(text("/images/{}/history", call.argument(0)));
  bool whole = flags.on("no-trunc"), human = flags.on("human");
  std::string table = "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
  if (flags.on("quiet")) table = "{{.ID}}";
  Rows rows({{"ID", "IMAGE"},
             {"CreatedSince", human ? "CREATED" : "CREATED AT"},
             {"CreatedAt", "CREATED AT"},
             {"CreatedBy", "CREATED BY"},
             {"Size", "SIZE"},
             {"Comment", "COMMENT"}},
            table);
  Wall now = SystemClock().wall();
  for (json::Value layer : list.root().items()) {
    Wall created{get_number(layer, "Created") * 1'000'000'000};
    std::string id = get_text(layer, "Id"), by = get_text(layer, "CreatedBy");
    std::ranges::replace(by, '\t', ' ');
    std::int64_t size = get_number(layer, "Size");
    rows.add({whole                       ? id
              : id.starts_with("sha256:") ? short_id(id)
                                          : id,
              human ? human_ago(created, now) : iso_text(created), iso_text(created),
              whole ? by : ellipsis(by, 45),
              human ? human_size(static_cast<double>(size), 3) : text("{}", size),
              get_text(layer, "Comment")});
  }
  co_await print(co_await rows.text(flags.text("format")));
  co_return 0;
}

using enum FlagKind;

constexpr Flag images_flags[] = {
    {"all", 'a', toggle, "Show all images (default hides intermediate images)"},
    {"digests", 0, toggle, "Show digests"},
    {"filter", 'f', values, "Filter output based on conditions provided"},
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"json", 0, toggle, "Print the daemon's answer"},
    {"no-trunc", 0, toggle, "Don't truncate output"},
    {"quiet", 'q', toggle, "Only show image IDs"},
};
constexpr Flag remove_flags[] = {
    {"force", 'f', toggle, "Force removal of the image"},
    {"no-prune", 0, toggle, "Do not delete untagged parents"},
};
constexpr Flag history_flags[] = {
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"human", 'H', toggle, "Print sizes and dates in human readable format", "true"},
    {"no-trunc", 0, toggle, "Don't truncate output"},
    {"quiet", 'q', toggle, "Only show image IDs"},
};

}  // namespace

std::span<const Command> images_commands() {
  static constexpr Command table[] = {
      {"images|image ls|image list", "[REPOSITORY[:TAG]]", "List images", images_flags, 0, 1, images},
      {"rmi|image rm|image remove", "IMAGE [IMAGE...]", "Remove one or more images", remove_flags, 1,
       SIZE_MAX, remove},
      {"tag|image tag",
       "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
       "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
       {},
       2,
       2,
       tag},
      {"history|image history", "IMAGE", "Show the history of an image", history_flags, 1, 1, history},
  };
  return table;
}

}  // namespace podo::cli
