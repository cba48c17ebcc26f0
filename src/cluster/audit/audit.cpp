#include "cluster/audit/audit.h"

#include "base/io/blocking_pool.h"
#include "base/io/system_disk.h"
#include "base/io/timer.h"

namespace podo::apiserver {
namespace {

constexpr std::size_t policy_bytes_max = 1 << 20;
constexpr Duration after_failure = seconds(1);

std::string numbered(const std::string& file, unsigned number) {
  return number == 0 ? file : text("{}.{}", file, number);
}

}  // namespace

// The machine's files, when nobody gave a disk.
struct Audit::Here {
  io::BlockingPool pool{1};
  io::SystemDisk disk{pool};
};

Audit::Audit(AuditGround ground, AuditPolicy policy, std::string log_file, AuditLimits limits)
    : ground_(ground),
      policy_(std::move(policy)),
      log_file_(std::move(log_file)),
      limits_(limits),
      more_("audit events"),
      less_("the audit log's disk"),
      group_(ground.loop) {}

Audit::~Audit() = default;

Task<std::unique_ptr<Audit>> Audit::open(AuditGround ground, std::string policy_file, std::string log_file,
                                         AuditLimits limits) {
  const std::string yaml = co_await io::read_file(ground.disk, policy_file, policy_bytes_max);
  Result<AuditPolicy> policy = AuditPolicy::parse(yaml);
  if (!policy) co_return Failure(std::move(policy).error().within(policy_file));
  auto audit = std::make_unique<Audit>(ground, *std::move(policy), std::move(log_file), limits);
  audit->file_ = co_await ground.disk.open(
      audit->log_file_, {.create = io::OpenOptions::Create::if_missing, .permissions = 0600});
  audit->file_bytes_ = co_await audit->file_->size();
  audit->group_.spawn(audit->keep_writing(), "audit log");
  co_return audit;
}

Task<std::unique_ptr<Audit>> Audit::open_here(io::Loop& loop, Clock& clock, Random& random, Log& log,
                                              std::string policy_file, std::string log_file) {
  auto here = std::make_unique<Here>();
  auto audit =
      co_await open({loop, here->disk, clock, random, log}, std::move(policy_file), std::move(log_file));
  audit->here_ = std::move(here);
  co_return audit;
}

std::string Audit::make_id() {
  unsigned char bytes[16];
  ground_.random.fill(std::as_writable_bytes(std::span(bytes)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string id;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += "0123456789abcdef"[bytes[i] >> 4];
    id += "0123456789abcdef"[bytes[i] & 15];
  }
  return id;
}

void Audit::write(std::string line) {
  waiting_ += line;
  more_.notify_one();
}

Task<void> Audit::room() {
  while (waiting_.size() + under_way_ > limits_.waiting_bytes_max) co_await less_.wait();
}

Task<void> Audit::flush() {
  while (!waiting_.empty() || under_way_ != 0) co_await less_.wait();
}

Task<void> Audit::keep_writing() {
  for (;;) {
    while (waiting_.empty()) co_await more_.wait();
    std::string batch = std::exchange(waiting_, {});
    under_way_ = batch.size();
    const Result<> written = co_await write_batch(std::move(batch)).result();
    if (!written) {
      ground_.log.error("audit log {}: {} bytes of events are lost: {}", log_file_, under_way_,
                        written.error().message());
      co_await io::sleep(after_failure);
    }
    under_way_ = 0;
    less_.notify_all();
  }
}

Task<void> Audit::write_batch(std::string batch) {
  if (file_bytes_ != 0 && file_bytes_ + batch.size() > limits_.file_bytes_max) co_await rotate();
  file_bytes_ += batch.size();
  co_await file_->append(std::move(batch));
}

Task<void> Audit::rotate() {
  file_.reset();
  for (unsigned number = limits_.files_kept; number-- > 0;) {
    const Result<> moved =
        co_await ground_.disk.rename(numbered(log_file_, number), numbered(log_file_, number + 1)).result();
    if (!moved && moved.error().kind() != ErrorKind::not_found) co_await Failure(moved.error());
  }
  file_ = co_await ground_.disk.open(log_file_,
                                     {.create = io::OpenOptions::Create::if_missing, .permissions = 0600});
  file_bytes_ = co_await file_->size();
}

}  // namespace podo::apiserver
