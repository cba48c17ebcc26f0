// ./bench store: Podo's store beside LMDB and SQLite, all with group commit, in one interleaved run.
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>

#include "bench.h"
#include "measure.h"

namespace podo::bench {

namespace {

constexpr Maker engines[] = {{"podo", make_podo}, {"lmdb", make_lmdb}, {"sqlite", make_sqlite}};

struct Scenario {
  std::string_view name;
  Result<void> (*measure)(Bench&);
};
constexpr Scenario scenarios[] = {{"puts", measure_puts},         {"range", measure_range},
                                  {"watchers", measure_watchers}, {"open", measure_open},
                                  {"space", measure_space},       {"day", measure_day}};

constexpr char usage[] =
    "./bench store [--quick] [--rounds N] [--dir FOLDER] [--json FILE]\n"
    "              [--only SCENARIO] [--engine ENGINE]\n"
    "scenarios: puts range watchers open space day; engines: podo lmdb sqlite\n";

Result<Plan> parse(int count, char** arguments) {
  Plan plan;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--quick") {
      plan.quick = true;
      continue;
    }
    if (i + 1 == count) return invalid("{}: unknown, or without its value", name);
    const char* value = arguments[++i];
    if (name == "--rounds") plan.rounds = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    else if (name == "--dir") plan.folder = value;
    else if (name == "--json") plan.json = value;
    else if (name == "--only") plan.only = value;
    else if (name == "--engine") plan.engine = value;
    else return invalid("unknown option {}", name);
  }
  if (plan.rounds == 0) plan.rounds = plan.quick ? 3 : 5;
  return plan;
}

// What was chosen by name; everything when nothing was.
template <class T>
Result<std::span<const T>> chosen(std::span<const T> from, std::string_view name) {
  if (name.empty()) return from;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (from[i].name == name) return from.subspan(i, 1);
  return invalid("there is no {}; see --help", name);
}

std::string machine() {
  utsname name{};
  ::uname(&name);
  double load[1] = {};
  ::getloadavg(load, 1);
  return text("{} CPUs, Linux {}, load {}.{}", ::sysconf(_SC_NPROCESSORS_ONLN), name.release,
              static_cast<int>(load[0]), static_cast<int>(load[0] * 10) % 10);
}

// An interrupted run leaves no gigabytes behind.
void remove_when_interrupted(const std::string& folder) {
  sigset_t ends;
  ::sigemptyset(&ends);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ends, signal);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::thread([ends, folder] {
    int signal = 0;
    ::sigwait(&ends, &signal);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    ::_exit(128 + signal);
  }).detach();
}

Result<void> run(int count, char** arguments) {
  Bench bench{.plan = TRY(parse(count, arguments)), .report = {}, .engines = {}};
  bench.engines = TRY(chosen(std::span<const Maker>(engines), bench.plan.engine));
  const auto wanted = TRY(chosen(std::span<const Scenario>(scenarios), bench.plan.only));
  // A folder of its own: what is in the one it was given is not this program's to remove.
  const Folder folder(text("{}/bench-store.{}", bench.plan.folder, ::getpid()));
  bench.plan.folder = folder.path();
  remove_when_interrupted(folder.path());
  for (const Scenario& scenario : wanted) {
    if (::isatty(STDERR_FILENO)) std::fprintf(stderr, "\r  %-12s", scenario.name.data());
    TRY_IN(scenario.name, scenario.measure(bench));
  }
  if (::isatty(STDERR_FILENO)) std::fprintf(stderr, "\r");
  const std::string where = machine();
  std::printf("Medians of %u rounds; %s.\n", bench.plan.rounds, where.c_str());
  bench.report.print();
  if (!bench.plan.json.empty()) TRY(bench.report.write_json(bench.plan.json, where));
  return {};
}

Result<void> open_one(char** arguments) {
  const auto engine = TRY(chosen(std::span<const Maker>(engines), arguments[2]));
  return open_and_print(engine.front(), arguments[3], arguments[4]);
}

}  // namespace

}  // namespace podo::bench

int main(int count, char** arguments) {
  using namespace podo::bench;
  const std::string_view first = count > 1 ? arguments[1] : "";
  if (first == "--help" || first == "-h") return std::fputs(usage, stdout) < 0;
  const podo::Result<void> ended =
      first == "open" && count == 5 ? open_one(arguments) : run(count, arguments);
  if (ended) return 0;
  std::fprintf(stderr, "bench store: %s\n", ended.error().message().c_str());
  return 1;
}
