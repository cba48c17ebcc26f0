// The scenarios of ./bench store. Each runs every engine on a new database, the engines taking turns, and
// adds what it measured to the report.
#pragma once

#include <span>
#include <string>

#include "engine.h"
#include "measure.h"
#include "report.h"

namespace podo::bench {

struct Plan {
  bool quick = false;
  unsigned rounds = 0;
  std::string folder = "build";  // databases are made in a new folder in it
  std::string only;              // one scenario; empty is all
  std::string engine;            // one engine; empty is all
  std::string json;
};

struct Bench {
  Plan plan;
  Report report;
  std::span<const Maker> engines;
};

Result<void> measure_puts(Bench& bench);  // and the floor of the disk
Result<void> measure_range(Bench& bench);
Result<void> measure_watchers(Bench& bench);  // Podo alone
Result<void> measure_open(Bench& bench);
Result<void> measure_space(Bench& bench);
Result<void> measure_day(Bench& bench);

// One appended and synced write of 2 KB after the other, into a file that has its blocks.
Result<void> measure_floor(Bench& bench);

// `./bench store` starts itself so for measure_open: opens the database and prints what it took.
Result<void> open_and_print(const Maker& maker, const std::string& folder, const std::string& prefix);

// An engine with a database of its own, which goes with it.
struct Runner {
  Maker maker;
  std::unique_ptr<Folder> folder;
  std::unique_ptr<Engine> engine;
};
Result<std::vector<Runner>> open_all(std::span<const Maker> engines, const Plan& plan);
Result<std::vector<Runner>> load_all(std::span<const Maker> engines, const Plan& plan, const Workload& work);

}  // namespace podo::bench
