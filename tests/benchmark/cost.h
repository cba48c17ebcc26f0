// What work costs, for benchmarks in one process: CPU of all threads and of the kernel for them, medians.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "base/core/error.h"

namespace podo {

inline double now_ms(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Cost {
  double cpu_ms, wall_ms;
};

inline Cost median_of(int times, const std::function<void()>& prepare, const std::function<void()>& work) {
  std::vector<double> cpu, wall;
  for (int i = 0; i < times; ++i) {
    prepare();
    const double cpu_before = now_ms(CLOCK_PROCESS_CPUTIME_ID), wall_before = now_ms(CLOCK_MONOTONIC);
    work();
    cpu.push_back(now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu_before);
    wall.push_back(now_ms(CLOCK_MONOTONIC) - wall_before);
  }
  std::ranges::sort(cpu);
  std::ranges::sort(wall);
  return {cpu[cpu.size() / 2], wall[wall.size() / 2]};
}

inline Cost median_of(int times, const std::function<void()>& work) {
  return median_of(times, [] {}, work);
}

// What it holds; a failure ends the benchmark.
template <class T>
T must(Result<T> outcome) {
  if (!outcome) {
    std::fprintf(stderr, "%s\n", outcome.error().message().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

}  // namespace podo
