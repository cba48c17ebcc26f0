// Audit: who asked for what, and what came of it, as lines of JSON (audit.k8s.io/v1 Event) in a file.
//
//   AuditTrail trail(audit, request)             -> RequestReceived; `audit` may be null: nothing is written
//   trail.request_object(json), response_object(json), started()   -> ResponseStarted, of watches
//   its death                                     -> ResponseComplete, with what was answered
//
// The file is 0600, and rotated: FILE, FILE.1 (the last one), ... . Lines go out in batches on a strand of
// the audit's own. While more than `waiting_bytes_max` wait for the disk, room() holds requests back: no
// line is lost but by a full disk, which is told in the log. Bodies are there from level Request on, bodies
// with tokens never; neither are Authorization fields. Lives on the loop.
#pragma once

#include <memory>
#include <string>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/condition.h"
#include "base/io/disk.h"
#include "base/io/group.h"
#include "cluster/audit/audit_policy.h"

namespace podo::apiserver {

using io::Task;

struct AuditLimits {
  std::uint64_t file_bytes_max = 100 << 20;
  unsigned files_kept = 10;  // besides the one that is written
  std::size_t waiting_bytes_max = 16 << 20;
};

struct AuditGround {
  io::Loop& loop;
  io::Disk& disk;
  Clock& clock;
  Random& random;
  Log& log;
};

class Audit {
 public:
  static Task<std::unique_ptr<Audit>> open(AuditGround ground, std::string policy_file, std::string log_file,
                                           AuditLimits limits = {});
  // As open(), with the files of this machine, which it keeps.
  static Task<std::unique_ptr<Audit>> open_here(io::Loop& loop, Clock& clock, Random& random, Log& log,
                                                std::string policy_file, std::string log_file);
  Audit(AuditGround ground, AuditPolicy policy, std::string log_file, AuditLimits limits);
  ~Audit();

  const AuditPolicy& policy() const { return policy_; }
  Clock& clock() const { return ground_.clock; }
  std::string make_id();         // a UUID
  void write(std::string line);  // with its newline
  Task<void> room();             // until little enough waits for the disk
  Task<void> flush();            // everything written so far is in the file

 private:
  struct Here;
  Task<void> keep_writing();
  Task<void> write_batch(std::string batch);
  Task<void> rotate();

  const AuditGround ground_;
  const AuditPolicy policy_;
  const std::string log_file_;
  const AuditLimits limits_;
  std::unique_ptr<Here> here_;
  std::unique_ptr<io::File> file_;
  std::uint64_t file_bytes_ = 0;
  std::string waiting_;
  std::size_t under_way_ = 0;  // bytes of the batch that is being written
  io::Condition more_, less_;
  io::TaskGroup group_;  // last: its strand uses all of the above
};

// What a request is, for its events. What `asked` views is copied.
struct AuditedRequest {
  access::Attributes asked;
  std::string uri, source, user_agent;  // source: an address without its port
};

// Of one request; dies when that has been answered.
class AuditTrail {
 public:
  AuditTrail(Audit* audit, const access::User& user, AuditedRequest request);
  ~AuditTrail();
  AuditTrail(const AuditTrail&) = delete;

  AuditLevel level() const { return decision_.level; }
  bool wants_request_object() const { return decision_.level >= AuditLevel::request; }
  bool wants_response_object() const { return decision_.level == AuditLevel::request_response; }
  const std::string& id() const { return id_; }  // of the field Audit-Id; "" when nothing is written
  void request_object(std::string_view json);    // kept from level Request on
  void response_object(std::string_view json);   // kept at RequestResponse
  void authorized(bool allowed, std::string_view reason);
  void started(int code);  // a stream has begun
  void answered(int code, std::string_view reason = {}, std::string_view message = {});

 private:
  void write(AuditStage stage);
  std::string without_managed_fields(std::string_view json) const;

  Audit* audit_;
  AuditDecision decision_;
  const access::User& user_;
  AuditedRequest request_;
  std::string words_[7];  // what request_.asked views
  std::string id_, request_object_, response_object_, decision_text_, decision_reason_;
  std::string reason_, message_;
  int code_ = 0;
  Wall received_;
};

}  // namespace podo::apiserver
