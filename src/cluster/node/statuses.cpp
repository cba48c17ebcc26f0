#include "cluster/node/statuses.h"

#include <charconv>

#include "base/io/group.h"
#include "cluster/pod/status.h"
#include "model/kube/path.h"

namespace podo::node {

using kube::text_at;

namespace {

std::uint64_t version_of(const json::Item& pod) {
  const std::string_view digits = text_at(pod, "metadata.resourceVersion");
  std::uint64_t version = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return version;
}

}  // namespace

Statuses::Statuses(io::Loop& loop, client::Client& client, Log& log)
    : client_(client), log_(log), pods_(*client.resource("", "pods")), queue_(loop, "a pod's status") {}

void Statuses::tell(const std::string& uid, PodPtr pod, json::Tree status) {
  Pending& pending = pending_[uid];
  pending.pod = std::move(pod);
  pending.status = std::make_shared<const json::Tree>(std::move(status));
  queue_.add(uid);
}

void Statuses::know(const std::string& uid, const json::Item& pod) {
  const auto found = pending_.find(uid);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  if (pending.written && version_of(pod) >= version_of(pending.written->root())) pending.written = nullptr;
  if (pending.idle()) pending_.erase(found);
}

void Statuses::finish(const std::string& uid, PodPtr pod) {
  Pending& pending = pending_[uid];
  if (pending.finish) return;
  pending.pod = std::move(pod);
  pending.finish = true;
  queue_.add(uid);
}

void Statuses::forget(const std::string& uid) { pending_.erase(uid); }

Task<void> Statuses::run(int writers) {
  io::TaskGroup group(co_await io::this_loop());
  for (int i = 0; i < writers; ++i) group.spawn(write_on(), text("statuses {}", i));
  co_await group.join();
}

Task<void> Statuses::write_on() {
  for (;;) {
    const std::string uid = co_await queue_.next();
    const Result<void> written = co_await write(uid).result();
    if (!written && written.error().kind() == ErrorKind::cancelled) co_await Result<void>(written);
    if (!written) log_.warn("the status of pod {}: {}", uid, written.error().message());
    queue_.done(uid, written ? client::WorkQueue::Outcome::good : client::WorkQueue::Outcome::failed);
  }
}

client::Where Statuses::where(const json::Item& pod, std::string subresource) const {
  return {.resource = &pods_,
          .name_space = std::string(text_at(pod, "metadata.namespace")),
          .name = std::string(text_at(pod, "metadata.name")),
          .subresource = std::move(subresource)};
}

Task<void> Statuses::write(std::string uid) {
  const auto found = pending_.find(uid);
  if (found == pending_.end()) co_return;
  const PodPtr pod = found->second.written ? found->second.written : found->second.pod;
  const auto status = found->second.status;
  const bool finish = found->second.finish;
  const auto patch = status ? pod::status_patch(pod->root(), status->root()) : std::nullopt;
  if (patch) {
    auto answer =
        co_await client_.patch(where(pod->root(), "status"), client::Patch::strategic, *patch).result();
    // It is gone, or another one has its name now: nobody wants to know any more.
    if (!answer && answer.error().kind() == ErrorKind::not_found) co_return forget(uid);
    PodPtr now = std::make_shared<const json::Tree>(co_await std::move(answer));
    if (const auto known = pending_.find(uid); known != pending_.end())
      known->second.written = std::move(now);
  }
  if (const auto known = pending_.find(uid); known != pending_.end()) {
    if (known->second.status == status) known->second.status = nullptr;
    if (known->second.idle()) pending_.erase(known);
  }
  if (finish) co_await remove(pod);
}

Task<void> Statuses::remove(PodPtr pod) {
  const Result<void> removed =
      co_await client_
          .remove(where(pod->root(), ""),
                  {.uid = std::string(text_at(pod->root(), "metadata.uid")), .grace_s = 0})
          .result();
  if (!removed && removed.error().kind() != ErrorKind::not_found &&
      removed.error().kind() != ErrorKind::conflict)
    co_await Result<void>(removed);
}

}  // namespace podo::node
