// What can be done with a store's folder by somebody who has not opened it: look, back up, restore, repair.
// `podo store` (cli/store.h) is these from the command line.
//
// Looking and backing up take no lock and write nothing into the folder, so they also serve beside the
// process that has the store open. That one goes on meanwhile: a base is replaced, a segment gets another
// number. A reading that this can have disturbed is begun again. What it gives is the store at one revision:
// everything that was acknowledged before the call, and perhaps some of what came later.
//
// Where no keys are given sealed values stay sealed, in a backup and a restored store as well.
#pragma once

#include "base/core/random.h"
#include "base/store/log_reader.h"

namespace podo::store {

// What a folder or a backup holds.
struct Contents {
  bool is_backup = false;            // then `read` has a base and no log
  FolderRead read;                   // where and how it lies on the disk; damages
  std::unique_ptr<History> history;  // at its newest revision, without a past
};

// `path` is a store's folder, or a backup. Fails: not_found; corrupt: damage, when it is to be refused;
// unavailable: the store changes faster than it can be read.
Task<Contents> read_contents(io::Disk& disk, std::string path, Sealing* sealing, OnDamage on_damage);

// One file of everything at the newest revision, complete and synced, or not there; it is not replaced when
// there is one already (already_exists). A damaged store is refused.
Task<BaseWritten> back_up_store(io::Disk& disk, std::string folder, std::string file);

// A new store, with a number of its own, of what a backup holds: keys, values, revisions. The backup is read
// and checked as a whole before anything is made. The folder is missing, or empty, or what a restoring left
// that was cut off; else already_exists.
Task<BaseRead> restore_store(io::Disk& disk, Random& random, std::string file, std::string folder);

struct Repaired {
  std::vector<std::string> damages;  // sentences; none: nothing was damaged, and nothing was done
  Revision revision = 0;             // it goes on after this one: no revision is given twice
  std::uint64_t entries = 0;
  std::string aside;  // the folder that the old files are in now
};

// Makes a new base of what can be read, and moves the old files aside. `keep` says what that is: stop_before
// is the store as it was at one revision; skip has later changes too, without those that are lost.
// After a power cut at any point of it the store is repaired, or can be repaired again. Conflict when the
// store is open; corrupt when nothing can be read.
Task<Repaired> repair_store(io::Disk& disk, std::string folder, OnDamage keep);

}  // namespace podo::store
