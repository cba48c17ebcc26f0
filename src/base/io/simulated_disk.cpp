#include "base/io/simulated_disk.h"

#include <algorithm>

#include "base/core/ensure.h"

namespace podo::io {

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk& disk, std::shared_ptr<SimulatedDisk::Node> node)
      : disk_(disk), node_(std::move(node)), born_after_(disk.crashes_) {}

  Task<std::string> read_at(std::uint64_t offset, std::size_t count) override {
    co_await begin(SimulatedDisk::Call::read);
    if (offset >= node_->bytes.size()) co_return std::string();
    co_return node_->bytes.substr(offset, count);
  }
  Task<void> append(std::string bytes) override {
    co_await begin(SimulatedDisk::Call::append);
    co_await disk_.append_now(*node_, bytes);
    co_await disk_.spend_time(SimulatedDisk::Call::append);
  }
  Task<void> write_at(std::uint64_t offset, SharedBytes bytes) override {
    co_await begin(SimulatedDisk::Call::write);
    co_await disk_.write_now(*node_, offset, bytes.view());
    co_await disk_.spend_time(SimulatedDisk::Call::write);
  }
  Task<void> write_at_and_sync(std::uint64_t offset, SharedBytes bytes) override {
    co_await write_at(offset, std::move(bytes));
    co_await sync();
  }
  Task<void> truncate(std::uint64_t size) override {
    co_await begin(SimulatedDisk::Call::truncate);
    co_await disk_.fault(SimulatedDisk::Call::truncate);
    if (size > node_->bytes.size()) co_await invalid("the file is shorter than {} bytes", size);
    if (size < node_->synced && !node_->before_truncation)
      node_->before_truncation = node_->bytes.substr(0, node_->synced);
    node_->bytes.resize(size);
    node_->synced = std::min<std::size_t>(node_->synced, size);
    co_await disk_.spend_time(SimulatedDisk::Call::truncate);
  }
  Task<std::uint64_t> size() override {
    co_await begin(SimulatedDisk::Call::read);
    co_return node_->bytes.size();
  }
  Task<void> sync() override {
    co_await begin(SimulatedDisk::Call::sync);
    co_await disk_.sync_now(*node_);
    co_await disk_.spend_time(SimulatedDisk::Call::sync);
  }

 private:
  Task<void> begin(SimulatedDisk::Call call) {
    if (disk_.crashes_ != born_after_) co_await unavailable("the file was open when the machine lost power");
    co_await disk_.spend_time(call);
    if (call == SimulatedDisk::Call::read) co_await disk_.fault(call);
  }
  SimulatedDisk& disk_;
  std::shared_ptr<SimulatedDisk::Node> node_;
  std::uint64_t born_after_;
};

SimulatedDisk::SimulatedDisk(SimulatedLoop& loop) : loop_(loop) {
  auto root = std::make_shared<Node>();
  root->folder = true;
  names_["/"] = synced_names_["/"] = root;
}

// --- faults and time --------------------------------------------------------------------------------------

void SimulatedDisk::fail_next(Call call, int error) {
  faults_[static_cast<std::size_t>(call)].next_errno = error;
}
void SimulatedDisk::fail_sometimes(Call call, unsigned per_million) {
  faults_[static_cast<std::size_t>(call)].per_million = per_million;
}

Result<void> SimulatedDisk::fault(Call call) {
  Fault& fault = faults_[static_cast<std::size_t>(call)];
  int error = std::exchange(fault.next_errno, 0);
  if (error == 0 && fault.per_million > 0 && loop_.random().below(1'000'000) < fault.per_million) error = EIO;
  if (error != 0) return failed_errno(error, "simulated disk");
  return {};
}

// An operation spends time before and after its effect, so a crash may come when it has had its effect and
// its caller does not know yet.
Task<void> SimulatedDisk::spend_time(Call call) {
  std::uint64_t crashes = crashes_;
  std::uint64_t us_max = call == Call::sync || call == Call::sync_folder ? 1000 : 50;
  co_await sleep(microseconds(static_cast<std::int64_t>(1 + loop_.random().below(us_max))));
  if (crashes != crashes_) co_await unavailable("the machine lost power");
}

// --- bytes ------------------------------------------------------------------------------------------------

std::uint64_t SimulatedDisk::bytes_used() const {
  std::uint64_t used = 0;
  for (const auto& [path, node] : names_) used += node->bytes.size();
  return used;
}

Result<void> SimulatedDisk::append_now(Node& node, const std::string& bytes) {
  std::uint64_t used = bytes_used();
  std::size_t room = static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes.size(), bytes_max_ - std::min(bytes_max_, used)));
  Result<void> fate = fault(Call::append);
  if (!fate) room = static_cast<std::size_t>(loop_.random().below(room + 1));
  node.bytes.append(bytes, 0, room);
  if (!fate) return fate;
  if (room < bytes.size()) return failed_errno(ENOSPC, "append to simulated disk");
  return {};
}

Result<void> SimulatedDisk::write_now(Node& node, std::size_t offset, std::string_view bytes) {
  TRY(fault(Call::write));
  if (offset + bytes.size() > node.bytes.size()) node.bytes.resize(offset + bytes.size());
  node.bytes.replace(offset, bytes.size(), bytes);
  node.synced = std::min(node.synced, offset);
  return {};
}

Result<void> SimulatedDisk::sync_now(Node& node) {
  Result<void> fate = fault(Call::sync);
  if (!fate) node.lost.emplace_back(node.synced, node.bytes.size());
  node.synced = node.bytes.size();  // a failed one is not tried again: the bytes count as clean
  if (fate) node.before_truncation.reset();
  return fate;
}

std::string SimulatedDisk::surviving_tail(const Node& node) {
  enum { nothing, prefix, scattered, everything };
  std::uint64_t fate = loop_.random().below(4);
  std::string tail;
  bool torn = false;
  for (std::size_t from = node.synced; from < node.bytes.size() && fate != nothing;) {
    std::size_t to = std::min((from / sector_bytes + 1) * sector_bytes, node.bytes.size());
    bool kept = fate == everything || loop_.random().below(4) != 0;
    if (!kept) torn = true;
    if (torn && fate == prefix) break;
    if (kept) {
      tail.resize(from - node.synced);  // sectors before it that were lost read as zeros
      tail.append(node.bytes, from, to - from);
    }
    from = to;
  }
  return tail;
}

void SimulatedDisk::survive(Node& node) {
  std::string bytes = node.bytes.substr(0, node.synced);
  for (auto [from, to] : node.lost)
    for (std::size_t i = from; i < std::min(to, bytes.size()); ++i) bytes[i] = '\0';
  bool truncation_lost = node.before_truncation && loop_.random().below(2) == 0;
  if (truncation_lost) bytes = *node.before_truncation;
  else bytes += surviving_tail(node);
  std::size_t size = bytes.size();
  node = {.folder = node.folder,
          .bytes = std::move(bytes),
          .holder = {},
          .synced = size,
          .before_truncation = {},
          .lost = {}};
}

void SimulatedDisk::crash() {
  ++crashes_;
  std::uint64_t kept = loop_.random().below(unsynced_.size() + 1);
  for (std::uint64_t i = 0; i < kept; ++i) apply(unsynced_[i], synced_names_);
  unsynced_.clear();
  // Parents stand before what is in them, so one pass finds every name that lost its folder.
  for (auto at = synced_names_.begin(); at != synced_names_.end();) {
    bool stands = at->first == "/" || synced_names_.contains(folder_of(at->first));
    at = stands ? std::next(at) : synced_names_.erase(at);
  }
  for (auto& [path, node] : synced_names_) survive(*node);
  for (auto& [path, node] : synced_names_) node->holder.reset();
  names_ = synced_names_;
}

// --- names ------------------------------------------------------------------------------------------------

void SimulatedDisk::apply(const Change& change, Names& names) {
  for (const auto& [path, node] : change) {
    if (node == nullptr) names.erase(path);
    else names[path] = node;
  }
}

void SimulatedDisk::change(Change change) {
  apply(change, names_);
  unsynced_.push_back(std::move(change));
}

Result<std::shared_ptr<SimulatedDisk::Node>> SimulatedDisk::find(const std::string& path) const {
  auto found = names_.find(path);
  if (found == names_.end()) return failed_errno(ENOENT, "{}", path);
  return found->second;
}

Result<void> SimulatedDisk::folder_exists(const std::string& path) const {
  std::shared_ptr<Node> node = TRY(find(path));
  if (!node->folder) return failed_errno(ENOTDIR, "{}", path);
  return {};
}

Task<std::unique_ptr<File>> SimulatedDisk::open(std::string path, OpenOptions options) {
  co_await spend_time(Call::open);
  co_await fault(Call::open);
  co_await folder_exists(folder_of(path));
  bool exists = names_.contains(path);
  if (exists && options.create == OpenOptions::Create::must_be_new)
    co_return failed_errno(EEXIST, "{}", path);
  if (!exists && options.create == OpenOptions::Create::no) co_return failed_errno(ENOENT, "{}", path);
  if (!exists) change({{path, std::make_shared<Node>()}});
  auto node = names_.at(path);
  if (node->folder) co_return failed_errno(EISDIR, "{}", path);
  co_await spend_time(Call::open);
  co_return std::make_unique<SimulatedFile>(*this, node);
}

Task<void> SimulatedDisk::rename(std::string from, std::string to) {
  co_await spend_time(Call::rename);
  co_await fault(Call::rename);
  std::shared_ptr<Node> node = co_await find(from);
  if (node->folder) co_await unsupported("the simulated disk does not rename folders");
  co_await folder_exists(folder_of(to));
  auto target = names_.find(to);
  if (target != names_.end() && target->second->folder) co_await failed_errno(EISDIR, "{}", to);
  change({{from, nullptr}, {to, node}});
  co_await spend_time(Call::rename);
}

Task<void> SimulatedDisk::remove(std::string path) {
  co_await spend_time(Call::remove);
  co_await fault(Call::remove);
  std::shared_ptr<Node> node = co_await find(path);
  auto below = names_.upper_bound(path + "/");
  if (node->folder && below != names_.end() && below->first.starts_with(path + "/"))
    co_await failed_errno(ENOTEMPTY, "{}", path);
  change({{path, nullptr}});
  co_await spend_time(Call::remove);
}

Task<void> SimulatedDisk::make_folder(std::string path) {
  co_await spend_time(Call::make_folder);
  co_await fault(Call::make_folder);
  co_await folder_exists(folder_of(path));
  if (names_.contains(path)) co_await failed_errno(EEXIST, "{}", path);
  auto node = std::make_shared<Node>();
  node->folder = true;
  change({{path, node}});
  co_await spend_time(Call::make_folder);
}

Task<void> SimulatedDisk::sync_folder(std::string path) {
  co_await spend_time(Call::sync_folder);
  co_await fault(Call::sync_folder);
  co_await folder_exists(path);
  std::vector<Change> others;
  for (Change& change : unsynced_) {
    bool here =
        std::any_of(change.begin(), change.end(), [&](auto& name) { return folder_of(name.first) == path; });
    if (here) apply(change, synced_names_);
    else others.push_back(std::move(change));
  }
  unsynced_ = std::move(others);
  co_await spend_time(Call::sync_folder);
}

struct SimulatedLock final : Lock {
  explicit SimulatedLock(std::shared_ptr<Lock> held_) : held(std::move(held_)) {}
  std::shared_ptr<Lock> held;
};

Task<std::unique_ptr<Lock>> SimulatedDisk::lock(std::string path) {
  co_await spend_time(Call::lock);
  co_await fault(Call::lock);
  co_await folder_exists(folder_of(path));
  if (!names_.contains(path)) change({{path, std::make_shared<Node>()}});
  Node& node = *names_.at(path);
  if (!node.holder.expired()) co_return conflict("{} is locked by somebody else", path);
  auto held = std::make_shared<Lock>();
  node.holder = held;
  co_await spend_time(Call::lock);
  co_return std::make_unique<SimulatedLock>(held);
}

Task<std::vector<std::string>> SimulatedDisk::list(std::string folder) {
  co_await spend_time(Call::list);
  co_await fault(Call::list);
  co_await folder_exists(folder);
  std::vector<std::string> names;
  for (const auto& [path, node] : names_)
    if (path != "/" && folder_of(path) == folder) names.push_back(path.substr(path.rfind('/') + 1));
  co_return names;
}

}  // namespace podo::io
