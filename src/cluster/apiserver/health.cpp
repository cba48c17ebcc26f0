#include "base/io/combine.h"
#include "cluster/apiserver/paths.h"

namespace podo::apiserver {
namespace {

struct Check {
  std::string_view name;
  Task<void> (*check)(Call& call);  // fails when it is not well
};

Task<void> nothing(Call&) { co_return; }
// The store answers, and soon.
Task<void> ask_store(Call& call) { co_await io::deadline(call.parts.ground.objects.newest(), seconds(2)); }

constexpr Check checks[] = {{"ping", nothing},
                            {"log", nothing},
                            {"etcd", ask_store},
                            {"store", ask_store},
                            {"poststarthook/rbac/bootstrap-roles", nothing},
                            {"poststarthook/scheduling/bootstrap-system-priority-classes", nothing}};

bool is_excluded(const Request& request, std::string_view name) {
  for (const std::string_view excluded : request.query().all("exclude"))
    if (excluded == name) return true;
  return false;
}

Task<void> send_text(Request& request, int status, std::string body) {
  request.extra.set("X-Content-Type-Options", "nosniff");
  co_await send(request, status, "text/plain; charset=utf-8", std::move(body));
}

Task<void> show_one(Call& call, std::string name) {
  for (const Check& check : checks) {
    if (check.name != name) continue;
    const auto well = co_await check.check(call).result();
    if (well) co_return co_await send_text(call, 200, "ok");
    co_return co_await send_text(call, 500, text("internal server error: {}\n", well.error().message()));
  }
  co_await not_a_path(call);
}

}  // namespace

Task<void> show_health(Call& call, std::string_view endpoint, std::string rest) {
  if (!rest.empty()) co_return co_await show_one(call, std::move(rest));
  std::string report;
  bool well = true;
  for (const Check& check : checks) {
    if (is_excluded(call, check.name)) {
      report += text("[+]{} excluded: ok\n", check.name);
      continue;
    }
    const auto found = co_await check.check(call).result();
    report += found ? text("[+]{} ok\n", check.name) : text("[-]{} failed: reason withheld\n", check.name);
    well = well && found;
  }
  endpoint.remove_prefix(1);
  if (!well) co_return co_await send_text(call, 500, report + text("{} check failed\n", endpoint));
  const bool verbose = call.flag("verbose");
  co_await send_text(call, 200, verbose ? report + text("{} check passed\n", endpoint) : "ok");
}

}  // namespace podo::apiserver
