// How long it takes to open a database of many keys, and what it then takes in memory, in a process of its
// own. What is read at open and what at the first use differs between engines, so both are told.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/io/fd.h"
#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

// What open_and_print prints, in this order.
struct Opening {
  unsigned long long open_us = 0, open_kb = 0, read_us = 0, read_kb = 0, read_anonymous_kb = 0, cpu_us = 0;
};

Result<std::string> output_of(std::vector<std::string> arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed_errno(errno, "pipe");
  io::Fd out(ends[0]), in(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return failed_errno(error, "start {}", arguments.front());
  in = io::Fd();
  char bytes[256] = {};
  std::size_t size = 0;
  for (ssize_t count = 0; size + 1 < sizeof bytes; size += static_cast<std::size_t>(count))
    if ((count = ::read(out.get(), bytes + size, sizeof bytes - 1 - size)) <= 0) break;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) return internal("the child that opens ended with status {}", status);
  return std::string(bytes);
}

Result<Opening> open_in_child(const Maker& maker, const std::string& folder, const std::string& prefix) {
  const std::string line = TRY(output_of({"bench_store", "open", maker.name, folder, prefix}));
  Opening opening;
  if (std::sscanf(line.c_str(), "%llu %llu %llu %llu %llu %llu", &opening.open_us, &opening.open_kb,
                  &opening.read_us, &opening.read_kb, &opening.read_anonymous_kb, &opening.cpu_us) != 6)
    return internal("the child that opens said: {}", line);
  return opening;
}

void add(Bench& bench, const Maker& maker, const Shape& shape, const Opening& opening) {
  const std::string section = text("open with {} keys, values of {} B", shape.keys, shape.value_bytes);
  const auto add = [&](const char* name, unsigned long long value, double scale) {
    bench.report.add({section, name, Better::lower, 1}, maker.name, static_cast<double>(value) / scale);
  };
  add("open, ms", opening.open_us, 1e3);
  add("open and read all, ms", opening.open_us + opening.read_us, 1e3);
  add("open and read all, CPU, ms", opening.cpu_us, 1e3);
  add("RSS after open, MB", opening.open_kb, 1024);
  add("RSS after reading all, MB", opening.read_kb, 1024);
  add("  of it not of files, MB", opening.read_anonymous_kb, 1024);
}

Result<void> measure(Bench& bench, const Workload& work) {
  const std::vector<Runner> runners = TRY(load_all(bench.engines, bench.plan, work));
  for (const Runner& runner : runners) runner.engine->close();
  settle(bench.plan.folder);
  for (unsigned round = 0; round < bench.plan.rounds; ++round)
    for (const Runner& runner : runners) {
      const Opening opening =
          TRY_IN(runner.maker.name, open_in_child(runner.maker, runner.folder->path(), work.shape().prefix));
      add(bench, runner.maker, work.shape(), opening);
    }
  return {};
}

}  // namespace

Result<void> measure_open(Bench& bench) {
  const Shape shapes[] = {{.keys = 100'000, .value_bytes = 2048},
                          {.keys = 100'000, .value_bytes = 200},
                          {.keys = 1'000'000, .value_bytes = 200}};
  for (const Shape& shape : shapes) {
    if (bench.plan.quick && shape.keys * shape.value_bytes > 100'000'000) continue;
    TRY(measure(bench, Workload(shape)));
  }
  return {};
}

Result<void> open_and_print(const Maker& maker, const std::string& folder, const std::string& prefix) {
  const SystemClock clock;
  const Usage before = Usage::now(folder);
  const std::unique_ptr<Engine> engine = maker.make();
  const Monotonic start = clock.now();
  TRY(engine->open(folder));
  const Monotonic opened = clock.now();
  const Memory after_open = Memory::now();
  const Monotonic reading = clock.now();
  TRY(engine->scan(prefix));
  const Monotonic read = clock.now();
  const Memory after_read = Memory::now();
  const Usage used = Usage::now(folder) - before;
  std::printf("%lld %llu %lld %llu %llu %lld\n", static_cast<long long>((opened - start).ns / 1000),
              static_cast<unsigned long long>(after_open.resident_kb),
              static_cast<long long>((read - reading).ns / 1000),
              static_cast<unsigned long long>(after_read.resident_kb),
              static_cast<unsigned long long>(after_read.anonymous_kb),
              static_cast<long long>(used.cpu_ns / 1000));
  std::fflush(stdout);
  engine->close();
  return {};
}

}  // namespace podo::bench
