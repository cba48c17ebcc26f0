// SegmentFiles: the next segments of a log, made before they are needed. A commit then overwrites blocks the
// file system has allocated and written already, and its sync has no metadata to carry.
//
//   take() -> written by the log -> give_back(), when a base stands for what it holds -> under a later
//             number, with a new header and its old bytes, the next one to take
//
// Only a log that grows has new files filled with zeros; a log that goes round writes nothing twice.
// Lives on its store's loop; run() is a strand of the log's.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "base/io/condition.h"
#include "base/io/disk.h"

namespace podo::store {

using io::Task;

struct Segment {
  std::uint64_t number = 0;
  std::shared_ptr<io::File> file;
  std::uint64_t bytes = 0;  // allocated
};

class SegmentFiles {
 public:
  SegmentFiles(io::Disk& disk, std::string folder, std::uint64_t store, std::uint64_t segment_bytes)
      : disk_(disk), folder_(std::move(folder)), store_(store), segment_bytes_(segment_bytes) {}

  void give_back(std::uint64_t number);   // a file of this number whose bytes are of no use any more
  void keep_spares(std::uint64_t bytes);  // beyond it, files are removed
  void number_from(std::uint64_t next) { next_number_ = std::max(next_number_, next); }

  // The next segment. Waits for one that is being made; fails with why none can be made, and tries again when
  // it is asked again.
  Task<Segment> take();
  Task<void> run();

 private:
  Task<Segment> make();
  Task<std::shared_ptr<io::File>> recycle(std::string path);
  Task<std::shared_ptr<io::File>> fill(std::string path);
  std::string path_of(std::uint64_t number) const;
  bool wanted() const { return prepared_.size() < ahead_ || too_many_spares(); }
  bool too_many_spares() const { return spares_.size() * segment_bytes_ > spare_bytes_; }

  io::Disk& disk_;
  std::string folder_;
  std::uint64_t store_;
  std::uint64_t segment_bytes_;
  std::uint64_t spare_bytes_ = 0;
  std::uint64_t next_number_ = 1;
  std::size_t ahead_ = 1;  // two once the log has moved on: it may again, soon
  std::deque<Segment> prepared_;
  std::set<std::uint64_t> spares_;
  std::optional<Error> failure_;
  io::Condition wanted_{"a segment to be taken"};
  io::Condition made_{"the next segment of the log"};
};

}  // namespace podo::store
