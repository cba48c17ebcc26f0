// Users with passwords, from a file as htpasswd writes it (htpasswd -B): USER ':' BCRYPT-HASH per line, '#'
// begins a comment. The file is read again when it has changed.
//
// Bcrypt is slow on purpose, so it runs on the pool, one check at a time, and what was right is remembered
// for some minutes (as a keyed digest, not as a password). An unknown user costs as much time as a wrong
// password.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/blocking_pool.h"
#include "base/io/condition.h"

namespace podo::registry {

using io::Task;

// Invalid: which line is no user with a bcrypt hash.
Result<std::map<std::string, std::string, std::less<>>> read_users(std::string_view text);

class Users {
 public:
  static Result<std::unique_ptr<Users>> open(io::BlockingPool& pool, Clock& clock, Random& random, Log& log,
                                             std::string path);
  Task<bool> check(std::string user, std::string password);

 private:
  Users(io::BlockingPool& pool, Clock& clock, Log& log, std::string path)
      : pool_(pool), clock_(clock), log_(log), path_(std::move(path)) {}
  Result<> read_if_changed();
  std::string fingerprint(std::string_view user, std::string_view password) const;

  io::BlockingPool& pool_;
  Clock& clock_;
  Log& log_;
  std::string path_;
  std::string key_;  // of fingerprints; this process's own
  std::map<std::string, std::string, std::less<>> hashes_;
  std::map<std::string, Monotonic, std::less<>> right_;  // fingerprints, until when
  std::int64_t changed_ns_ = 0, size_ = -1;              // of the file, as it was read
  bool checking_ = false;
  io::Condition checked_{"the check of another password"};
};

}  // namespace podo::registry
