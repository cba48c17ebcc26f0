// The path of one build: context -> Dockerfile -> plan -> solved for each platform -> result.
#include <charconv>

#include "container/builder/cache_places.h"
#include "container/builder/export.h"
#include "container/builder/local_builder.h"
#include "container/builder/solve.h"

namespace podo::builder {
namespace {

Result<> read_arguments(Work& work) {
  for (const auto& [name, value] : work.request.arguments)
    if (value) work.given.emplace(name, value);
  work.epoch = work.request.source_date_epoch;
  const auto given = work.given.find("SOURCE_DATE_EPOCH");
  if (work.epoch || given == work.given.end()) return {};
  const std::string& digits = *given->second;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size())
    return invalid("invalid SOURCE_DATE_EPOCH: {}", digits);
  work.epoch = seconds;
  return {};
}

Task<void> read_dockerfile(Work& work) {
  BuildRequest& request = work.request;
  work.context = co_await open_context(work.contexts, work.folder + "/context", request.context,
                                       request.dockerfile, request.dockerfile_text);
  const std::string text = co_await work.context->dockerfile();
  const auto check = work.given.find("BUILDKIT_DOCKERFILE_CHECK");
  work.file = co_await dockerfile::parse(text, request.dockerfile,
                                         check == work.given.end() ? std::string_view() : *check->second);
  for (const dockerfile::Warning& warning : work.file.warnings)
    work.warn(warning.rule, warning.message, warning.place.line);
}

// "# check=error=true": what was warned of ends the build, before anything is built.
Result<> check_warnings(const Work& work) {
  if (!work.file.directives.checks_fail || work.warned.empty()) return {};
  std::set<std::string> rules;
  for (const BuildEvent& warning : work.warned) rules.insert(warning.rule);
  std::string list;
  for (const std::string& rule : rules) list += (list.empty() ? "" : ", ") + rule;
  return invalid("lint violation found for rules: {}", list);
}

std::vector<oci::Platform> platforms_of(const Work& work) {
  if (work.request.platforms.empty()) return {oci::Platform::own()};
  return work.request.platforms;
}

Task<BuildResult> solve_all(Work& work, Export how, std::vector<SolvePlan> plans, CachePlaces caches) {
  co_await import_caches(work, caches);
  std::vector<Built> built;
  work.packs = how.needs_image();
  work.inline_cache = caches.inlined;
  work.tell({.kind = BuildEvent::Kind::planned, .total = plans.back().total});
  for (SolvePlan& plan : plans) {
    const oci::Platform platform = plan.platform;
    Solve solve(work, std::move(plan));
    built.push_back({.platform = platform, .state = co_await solve.run()});
  }
  co_await check_warnings(work);
  co_await export_caches(work, caches);
  co_return co_await export_result(work, std::move(how), std::move(built));
}

}  // namespace

Task<BuildResult> build_image(Work& work) {
  co_await read_arguments(work);
  Export how = co_await parse_export(work.request.export_to);
  const CachePlaces caches = co_await parse_cache_places(work.request);
  co_await read_dockerfile(work);

  std::vector<SolvePlan> plans;
  for (const oci::Platform& platform : platforms_of(work))
    plans.push_back(co_await plan_solve(work, platform, plans.empty() ? 0 : plans.back().total));
  co_await check_warnings(work);
  const std::vector<std::string> unused = unused_arguments(work.file, work.given);
  BuildResult result;
  if (!work.request.check_only) result = co_await solve_all(work, std::move(how), std::move(plans), caches);
  result.unused_arguments = unused;
  co_return result;
}

}  // namespace podo::builder
