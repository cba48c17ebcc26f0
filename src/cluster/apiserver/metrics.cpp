#include "cluster/apiserver/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include <charconv>

#include "base/core/version.h"
#include "base/linux/file.h"
#include "cluster/apiserver/verbs.h"

namespace podo::apiserver {
namespace {

// Seconds; the last one is all there are.
constexpr double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 60};
constexpr std::size_t bound_count = std::size(bounds);
constexpr std::size_t series_max = 2000;  // names of resources come from clients: their number is bounded

bool is_reading(const Request& request) {
  const std::string& verb = request.info.verb;
  return verb == "get" || verb == "list" || verb == "head" || verb == "options";
}

std::string labels_of(const Request& request) {
  std::string verb = request.info.verb;
  for (char& c : verb)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const bool known = request.resource != nullptr;
  return text("verb=\"{}\",group=\"{}\",version=\"{}\",resource=\"{}\",subresource=\"{}\"", verb,
              known ? request.info.group : "", known ? request.info.version : "",
              known ? request.info.plural : "", known ? request.info.subresource : "");
}

std::string decimal(double value) {
  char digits[32];
  const auto [end, problem] = std::to_chars(digits, digits + sizeof digits, value);
  return {digits, end};
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += text("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

std::size_t open_files() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  std::size_t count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count < 3 ? 0 : count - 3;  // ".", ".." and the folder itself
}

// The nth word of /proc/self/stat behind the name of the program, which may hold blanks.
std::uint64_t stat_word(std::string_view stat, int n) {
  stat.remove_prefix(std::min(stat.size(), stat.rfind(')') + 2));
  for (; n > 0 && !stat.empty(); --n) stat.remove_prefix(std::min(stat.size(), stat.find(' ') + 1));
  std::uint64_t value = 0;
  std::from_chars(stat.data(), stat.data() + stat.size(), value);
  return value;
}

void append_process(std::string& out) {
  const auto stat = linux::read_file("/proc/self/stat", 4096);
  if (!stat) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  head(out, "process_cpu_seconds_total", "counter", "Processor time of this process.");
  out += text("process_cpu_seconds_total {}\n",
              decimal(static_cast<double>(stat_word(*stat, 11) + stat_word(*stat, 12)) / ticks));
  head(out, "process_virtual_memory_bytes", "gauge", "Address space of this process.");
  out += text("process_virtual_memory_bytes {}\n", stat_word(*stat, 20));
  head(out, "process_resident_memory_bytes", "gauge", "Memory of this process.");
  out += text("process_resident_memory_bytes {}\n", stat_word(*stat, 21) * page);
  head(out, "process_open_fds", "gauge", "Open file descriptors.");
  out += text("process_open_fds {}\n", open_files());
}

Task<std::string> storage_text(Call& call) {
  std::string out;
  head(out, "apiserver_storage_objects", "gauge", "Stored objects, by resource.");
  for (const schema::GroupVersion& group : call.ground.schema.group_versions())
    for (const schema::Resource& resource : group.resources) {
      if (!group.served || resource.stored_as != group.api_version) continue;
      out += text("apiserver_storage_objects{{resource=\"{}\"}} {}\n", kube::qualified(resource),
                  co_await call.parts.ground.objects.count(resource, ""));
    }
  co_return out;
}

}  // namespace

void Metrics::begin(const Request& request) { ++(is_reading(request) ? reading_ : writing_); }

void Metrics::end(const Request& request, Duration took) {
  --(is_reading(request) ? reading_ : writing_);
  const std::string labels = labels_of(request);
  if (requests_.size() >= series_max && !requests_.contains(labels)) return;
  Requests& requests = requests_[labels];
  ++requests.by_code[request.status];
  if (request.info.verb == "watch") return;  // how long they last says nothing
  const double seconds = static_cast<double>(took.ns) / 1e9;
  std::size_t bucket = 0;
  while (bucket < bound_count && seconds > bounds[bucket]) ++bucket;
  ++requests.buckets[bucket];
  ++requests.count;
  requests.seconds += seconds;
}

std::string Metrics::to_text() const {
  std::string out;
  head(out, "apiserver_request_total", "counter", "Requests that were answered.");
  for (const auto& [labels, requests] : requests_)
    for (const auto& [code, count] : requests.by_code)
      out += text("apiserver_request_total{{{},code=\"{}\"}} {}\n", labels, code, count);
  head(out, "apiserver_request_duration_seconds", "histogram", "Time to answer, but of watches.");
  for (const auto& [labels, requests] : requests_) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i <= bound_count; ++i) {
      sum += requests.buckets[i];
      out += text("apiserver_request_duration_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                  i < bound_count ? decimal(bounds[i]) : "+Inf", sum);
    }
    out += text("apiserver_request_duration_seconds_sum{{{}}} {}\n", labels, decimal(requests.seconds));
    out += text("apiserver_request_duration_seconds_count{{{}}} {}\n", labels, requests.count);
  }
  head(out, "apiserver_current_inflight_requests", "gauge", "Requests that are being answered.");
  out += text("apiserver_current_inflight_requests{{request_kind=\"readOnly\"}} {}\n", reading_);
  out += text("apiserver_current_inflight_requests{{request_kind=\"mutating\"}} {}\n", writing_);
  head(out, "apiserver_registered_watchers", "gauge", "Watches that are open.");
  out += text("apiserver_registered_watchers {}\n", watches);
  head(out, "podo_build_info", "gauge", "Which Podo this is.");
  out += text("podo_build_info{{version=\"{}\",commit=\"{}\"}} 1\n", version(), commit());
  append_process(out);
  return out;
}

InFlight::~InFlight() { metrics_.end(request_, request_.ground.loop.clock().now() - request_.began); }

Task<void> show_metrics(Call& call) {
  std::string out = call.parts.metrics->to_text();
  out += co_await storage_text(call);
  co_await send(call, 200, "text/plain; version=0.0.4; charset=utf-8", std::move(out));
}

}  // namespace podo::apiserver
