// Uploads: blobs on their way in. Each is a file of its own (DATA/registry/uploads/ID) until its digest was
// verified; what of it is here survives the connection that brought it, and the server's process.
//
//   begin(repository) -> Upload -> [ take_over() -> receive(body) ]* -> complete(digest) -> path | remove()
//
// Bytes are digested while they come: they go from the socket into one of two pieces, and from there into the
// digest and the file on a thread of the pool, while the other piece is filled. After a restart the digest is
// made from the file, as it is when another algorithm is asked for at the end than was expected at the begin.
//
// A client whose connection broke comes back before this side has noticed: whoever takes an upload over has
// it from then on, and the one before fails. Uploads that nobody goes on with are removed after `kept_for`.
// Their names are in the store: registry/upload/ID -> REPOSITORY, relaxed.
//
// Lives on the server's loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/crypto/digest.h"
#include "base/http/message.h"
#include "base/io/blocking_pool.h"
#include "base/io/condition.h"
#include "base/io/fd.h"
#include "base/store/store.h"

namespace podo::registry {

using io::Task;

// What the pool's threads touch, one at a time.
struct UploadFile {
  UploadFile(std::string the_path, crypto::DigestAlgorithm the_algorithm)
      : path(std::move(the_path)), algorithm(the_algorithm), digest(the_algorithm) {}

  Result<> append(std::string_view bytes);
  Result<bool> has(const std::string& wanted);  // whether that is the digest of all of it; closes the file
  Result<> digest_again(crypto::DigestAlgorithm by);

  std::string path;
  crypto::DigestAlgorithm algorithm;
  crypto::Digest digest;
  bool digested = true;  // `digest` is of all `size` bytes
  std::uint64_t size = 0;
  io::Fd file;

 private:
  std::uint64_t written_out_ = 0;  // the kernel was told to begin to write up to there
};

struct Upload {
  std::string id, repository;
  std::shared_ptr<UploadFile> file;
  std::uint64_t turn = 0;  // of the one who has it now
  bool busy = false;       // somebody writes
  bool recorded = false;
  Monotonic touched = {};
};
using UploadPtr = std::shared_ptr<Upload>;

class Uploads {
 public:
  struct Ground {
    io::BlockingPool& pool;
    store::Store& store;
    Random& random;
    Clock& clock;
    Log& log;
  };
  Uploads(const Ground& ground, std::string folder) : ground_(ground), folder_(std::move(folder)) {}
  Task<void> open();

  // One of a single request need not be found again.
  enum class Resumable : bool { no, yes };
  Task<UploadPtr> begin(std::string repository, crypto::DigestAlgorithm algorithm, Resumable resumable);
  UploadPtr find(std::string_view repository, std::string_view id) const;
  std::size_t size() const { return uploads_.size(); }

  // Waits until the one who had it has put down what it received.
  Task<std::uint64_t> take_over(UploadPtr upload);
  // All of the body. Fails with conflict when somebody took it over, unavailable when no byte comes for a
  // minute; what came before is kept.
  Task<void> receive(UploadPtr upload, std::uint64_t turn, http::Body& body, std::uint64_t size_hint);
  Task<bool> has_digest(UploadPtr upload, std::string digest);
  Task<void> remove(UploadPtr upload);  // with its file, if that is still there
  Task<void> remove_older(Duration kept_for);

  std::string fresh_path();  // for a file of the caller's in the same folder

 private:
  Task<void> receive_pieces(UploadPtr upload, http::Body& body, std::uint64_t size_hint, Monotonic& moved);
  std::string new_id();
  std::string path_of(std::string_view id) const { return folder_ + "/" + std::string(id); }

  Ground ground_;
  std::string folder_;
  std::map<std::string, UploadPtr, std::less<>> uploads_;
  io::Condition changed_{"another turn of an upload"};
};

}  // namespace podo::registry
