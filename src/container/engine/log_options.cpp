#include "container/engine/log_options.h"

#include <algorithm>
#include <charconv>

#include "base/format/json_writer.h"

namespace podo::engine {
namespace {

constexpr std::uint64_t local_bytes_max = 20 << 20;
constexpr unsigned local_files_max = 5;

constexpr std::string_view json_file_options[] = {"max-size", "max-file",       "labels", "labels-regex",
                                                  "env",      "env-regex",      "tag",    "compress",
                                                  "mode",     "max-buffer-size"};
constexpr std::string_view local_options[] = {"max-size", "max-file", "compress", "mode", "max-buffer-size"};

template <std::size_t N>
Result<> check_options(const docker::HostConfig::LogConfig& log, const std::string_view (&known)[N]) {
  for (const auto& [name, value] : log.config) {
    if (std::ranges::find(known, std::string_view(name)) == std::end(known))
      return invalid("unknown log opt '{}' for {} log driver", name, log.type);
  }
  return {};
}

Result<> read_limits(const docker::StringMap& options, LogTarget& target) {
  if (const auto size = options.find("max-size"); size != options.end())
    target.bytes_max = TRY(parse_size(size->second));
  const auto files = options.find("max-file");
  if (files == options.end()) return {};
  const std::string& digits = files->second;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), target.files_max);
  if (error != std::errc() || end != digits.data() + digits.size())
    return invalid("invalid value for log opt max-file: {}", digits);
  if (target.files_max < 1) return invalid("max-file cannot be less than 1");
  if (target.files_max > 1 && target.bytes_max == 0)
    return invalid("max-file and max-size must be specified together");
  return {};
}

// The labels and variables that are named in the options go with every line.
std::string attributes(const Container& container, const docker::StringMap& options) {
  docker::StringMap found;
  const auto names_in = [&](std::string_view option, const auto& take) {
    const auto list = options.find(std::string(option));
    if (list == options.end()) return;
    std::string_view rest = list->second;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      take(std::string(rest.substr(0, comma)));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  };
  names_in("labels", [&](const std::string& name) {
    const auto label = container.config.labels.find(name);
    if (label != container.config.labels.end()) found[name] = label->second;
  });
  names_in("env", [&](const std::string& name) {
    for (const std::string& assignment : container.config.env) {
      if (assignment.starts_with(name + "=")) found[name] = assignment.substr(name.size() + 1);
    }
  });
  if (const auto tag = options.find("tag"); tag != options.end()) found["tag"] = tag->second;
  if (found.empty()) return "";
  json::Writer out;
  out.object();
  for (const auto& [name, value] : found) out.key(name).string(value);
  out.end();
  return out.take();
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view words) {
  if (words == "-1") return 0;
  std::uint64_t number = 0, tenths = 0;
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), number);
  std::string_view unit = words.substr(static_cast<std::size_t>(end - words.data()));
  if (unit.size() >= 2 && unit[0] == '.' && unit[1] >= '0' && unit[1] <= '9') {
    tenths = static_cast<std::uint64_t>(unit[1] - '0');
    unit.remove_prefix(std::min(unit.find_first_not_of("0123456789", 1), unit.size()));
  }
  std::uint64_t factor = 1;
  if (!unit.empty()) {
    const std::size_t power = std::string_view("kmgt").find(static_cast<char>(unit[0] | 0x20));
    if (power != std::string_view::npos) {
      factor = std::uint64_t{1} << (10 * (power + 1));
      unit.remove_prefix(1);
    }
    if (unit == "ib" || unit == "iB") unit = "";
    if (unit == "b" || unit == "B") unit = "";
  }
  if (error != std::errc() || !unit.empty() || number > UINT64_MAX / factor / 2)
    return invalid("invalid size: '{}'", words);
  return number * factor + tenths * factor / 10;
}

Result<LogTarget> plan_log(const Container& container) {
  const docker::HostConfig::LogConfig& log = container.host_config.log_config;
  LogTarget target{.path = container.log_path};
  if (log.type == "none") return target;
  if (log.type == "json-file") {
    target.driver = LogTarget::Driver::json_file;
    TRY(check_options(log, json_file_options));
    target.attributes = attributes(container, log.config);
  } else if (log.type == "local") {
    target.driver = LogTarget::Driver::local;
    target.bytes_max = local_bytes_max;
    target.files_max = local_files_max;
    TRY(check_options(log, local_options));
  } else {
    return invalid("logger: no log driver named '{}' is registered", log.type);
  }
  TRY(read_limits(log.config, target));
  return target;
}

}  // namespace podo::engine
