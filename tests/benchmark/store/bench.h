// The scenarios of ./bench store. Each runs every engine on a new database, the order of the engines rotating
// from round to round, and adds what it measured to the report.
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

// Calls `work(maker, folder)` for every engine, with a new folder that is removed after it.
template <class Work>
Result<void> for_each(std::span<const Maker> engines, const Plan& plan, unsigned round, Work work) {
  for (std::size_t i = 0; i < engines.size(); ++i) {
    const Maker& maker = engines[(i + round) % engines.size()];
    const Folder folder(plan.folder + "/" + maker.name);
    TRY_IN(maker.name, work(maker, folder.path()));
  }
  return {};
}

}  // namespace podo::bench
