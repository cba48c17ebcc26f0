// podo system df
#include <algorithm>

#include "base/core/clock.h"
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

struct Usage {
  std::int64_t count = 0, active = 0, size = 0, reclaimable = 0;
};

std::string reclaimable_text(const Usage& usage) {
  std::string out = human_size(static_cast<double>(usage.reclaimable));
  return usage.size > 0 ? text("{} ({}%)", out, usage.reclaimable * 100 / usage.size) : out;
}

Usage images_usage(json::Value answer) {
  Usage usage{.size = get_number(answer, "LayersSize")};
  std::int64_t used = 0;
  for (json::Value image : answer.find("Images").items()) {
    ++usage.count;
    if (get_number(image, "Containers") <= 0) continue;
    ++usage.active;
    used += get_number(image, "Size") - std::max<std::int64_t>(get_number(image, "SharedSize"), 0);
  }
  usage.reclaimable = std::max<std::int64_t>(usage.size - used, 0);
  return usage;
}

Usage containers_usage(json::Value answer) {
  Usage usage;
  for (json::Value container : answer.find("Containers").items()) {
    std::int64_t size = get_number(container, "SizeRw");
    std::string state = get_text(container, "State");
    bool runs = state == "running" || state == "paused" || state == "restarting";
    ++usage.count;
    usage.active += runs;
    usage.size += size;
    if (!runs) usage.reclaimable += size;
  }
  return usage;
}

Usage volumes_usage(json::Value answer) {
  Usage usage;
  for (json::Value volume : answer.find("Volumes").items()) {
    json::Value data = volume.find("UsageData");
    bool used = get_number(data, "RefCount") > 0;
    std::int64_t size = std::max<std::int64_t>(get_number(data, "Size"), 0);
    ++usage.count;
    usage.active += used;
    usage.size += size;
    if (!used) usage.reclaimable += size;
  }
  return usage;
}

Usage cache_usage(json::Value answer) {
  Usage usage;
  for (json::Value record : answer.find("BuildCache").items()) {
    ++usage.count;
    usage.active += get_truth(record, "InUse");
    if (get_truth(record, "Shared")) continue;  // counted with what it is shared with
    usage.size += get_number(record, "Size");
    if (!get_truth(record, "InUse")) usage.reclaimable += get_number(record, "Size");
  }
  return usage;
}

// What --verbose shows: everything by itself.
class Details {
 public:
  explicit Details(json::Value answer) : answer_(answer), now_(SystemClock().wall()) {}

  Result<std::string> text() const {
    return "Images space usage:\n\n" + TRY(images()) + "\nContainers space usage:\n\n" + TRY(containers()) +
           "\nLocal Volumes space usage:\n\n" + TRY(volumes()) +
           podo::text("\nBuild cache usage: {}\n\n", size(cache_usage(answer_).size)) + TRY(cache());
  }

 private:
  static std::string size(std::int64_t bytes) {
    return human_size(static_cast<double>(std::max<std::int64_t>(bytes, 0)));
  }
  std::string age(json::Value value) const {
    return human_ago(Wall{get_number(value, "Created") * 1'000'000'000}, now_);
  }

  Result<std::string> images() const {
    Rows rows({{"Repository", "REPOSITORY"},
               {"Tag", "TAG"},
               {"ID", "IMAGE ID"},
               {"Created", "CREATED"},
               {"Size", "SIZE"},
               {"Shared", "SHARED SIZE"},
               {"Unique", "UNIQUE SIZE"},
               {"Containers", "CONTAINERS"}},
              "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}\t{{.Shared}}\t{{.Unique}}\t"
              "{{.Containers}}");
    for (json::Value image : answer_.find("Images").items()) {
      json::Value tags = image.find("RepoTags");
      std::string tag = tags.size() > 0 ? std::string(tags.at(0).string()) : "<none>:<none>";
      std::int64_t whole = get_number(image, "Size"), shared = get_number(image, "SharedSize");
      rows.add({tag.substr(0, tag.rfind(':')), tag.substr(tag.rfind(':') + 1),
                short_id(get_text(image, "Id")), age(image), human_size(static_cast<double>(whole), 3),
                size(shared), size(whole - std::max<std::int64_t>(shared, 0)),
                podo::text("{}", get_number(image, "Containers"))});
    }
    return rows.text("");
  }

  Result<std::string> containers() const {
    Rows rows({{"ID", "CONTAINER ID"},
               {"Image", "IMAGE"},
               {"Command", "COMMAND"},
               {"Volumes", "LOCAL VOLUMES"},
               {"Size", "SIZE"},
               {"Created", "CREATED"},
               {"Status", "STATUS"},
               {"Names", "NAMES"}},
              "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Volumes}}\t{{.Size}}\t{{.Created}}\t{{.Status}}\t"
              "{{.Names}}");
    for (json::Value container : answer_.find("Containers").items()) {
      std::int64_t count = 0;
      for (json::Value mount : container.find("Mounts").items()) count += get_text(mount, "Type") == "volume";
      json::Value names = container.find("Names");
      std::string command = ellipsis(get_text(container, "Command"), 20);
      rows.add({short_id(get_text(container, "Id")), get_text(container, "Image"), "\"" + command + "\"",
                podo::text("{}", count), human_size(static_cast<double>(get_number(container, "SizeRw")), 3),
                age(container), get_text(container, "Status"),
                names.size() > 0 ? std::string(names.at(0).string().substr(1)) : ""});
    }
    return rows.text("");
  }

  Result<std::string> volumes() const {
    Rows rows({{"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}},
              "table {{.Name}}\t{{.Links}}\t{{.Size}}");
    for (json::Value volume : answer_.find("Volumes").items()) {
      json::Value data = volume.find("UsageData");
      rows.add({get_text(volume, "Name"), podo::text("{}", get_number(data, "RefCount")),
                size(get_number(data, "Size"))});
    }
    return rows.text("");
  }

  std::string ago(json::Value record, std::string_view member) const {
    Result<Wall> then = parse_time(get_text(record, member));
    return then ? human_ago(*then, now_) : "";
  }

  Result<std::string> cache() const {
    Rows rows({{"ID", "CACHE ID"},
               {"Type", "CACHE TYPE"},
               {"Size", "SIZE"},
               {"Created", "CREATED"},
               {"LastUsed", "LAST USED"},
               {"Usage", "USAGE"},
               {"Shared", "SHARED"}},
              "table {{.ID}}\t{{.Type}}\t{{.Size}}\t{{.Created}}\t{{.LastUsed}}\t{{.Usage}}\t{{.Shared}}");
    for (json::Value record : answer_.find("BuildCache").items())
      rows.add({short_id(get_text(record, "ID")), get_text(record, "Type"), size(get_number(record, "Size")),
                ago(record, "CreatedAt"), ago(record, "LastUsedAt"),
                podo::text("{}", get_number(record, "UsageCount")),
                get_truth(record, "Shared") ? "true" : "false"});
    return rows.text("");
  }

  json::Value answer_;
  Wall now_;
};

Task<int> df(Call call) {
  json::Document answer = co_await call.daemon.get("/system/df");
  if (call.flags.on("verbose")) {
    co_await print(co_await Details(answer.root()).text());
    co_return 0;
  }
  Rows rows({{"Type", "TYPE"},
             {"TotalCount", "TOTAL"},
             {"Active", "ACTIVE"},
             {"Size", "SIZE"},
             {"Reclaimable", "RECLAIMABLE"}},
            "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}");
  for (auto [name, usage] : {std::pair("Images", images_usage(answer.root())),
                             std::pair("Containers", containers_usage(answer.root())),
                             std::pair("Local Volumes", volumes_usage(answer.root())),
                             std::pair("Build Cache", cache_usage(answer.root()))})
    rows.add({name, text("{}", usage.count), text("{}", usage.active),
              human_size(static_cast<double>(usage.size)), reclaimable_text(usage)});
  co_await print(co_await rows.text(call.flags.text("format")));
  co_return 0;
}

using enum FlagKind;

constexpr Flag df_flags[] = {
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"verbose", 'v', toggle, "Show detailed information on space usage"},
};

}  // namespace

std::span<const Command> disk_usage_commands() {
  static constexpr Command table[] = {{"system df", "", "Show disk usage", df_flags, 0, 0, df}};
  return table;
}

}  // namespace podo::cli
