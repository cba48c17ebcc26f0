#include "base/io/simulated_disk.h"

#include <algorithm>
#include <bit>

#include "base/core/ensure.h"

namespace podo::io {

class SimulatedFile final : public File {
 public:
  using Call = SimulatedDisk::Call;
  SimulatedFile(SimulatedDisk& disk, std::shared_ptr<SimulatedDisk::Node> node)
      : disk_(disk), node_(std::move(node)), opened_after_(disk.cuts_) {}

  Task<std::string> read_at(std::uint64_t offset, std::size_t count) override {
    co_await begin(Call::read);
    co_await disk_.fault(Call::read);
    co_return node_->bytes.read(offset, count);
  }
  Task<void> append(std::string bytes) override {
    co_await begin(Call::append);
    co_await disk_.write_now(*node_, Call::append, node_->bytes.size(), bytes);
    co_await disk_.pass(Call::append);
  }
  Task<void> write_at(std::uint64_t offset, SharedBytes bytes) override {
    co_await begin(Call::write);
    co_await disk_.write_now(*node_, Call::write, offset, bytes.view());
    co_await disk_.pass(Call::write);
  }
  Task<void> write_at_and_sync(std::uint64_t offset, SharedBytes bytes) override {
    co_await write_at(offset, std::move(bytes));
    co_await sync();
  }
  Task<void> truncate(std::uint64_t size) override {
    co_await begin(Call::truncate);
    co_await disk_.fault(Call::truncate);
    if (size > node_->bytes.size()) co_await invalid("the file is shorter than {} bytes", size);
    node_->bytes.truncate(size, disk_.fates_);
    co_await disk_.pass(Call::truncate);
  }
  Task<std::uint64_t> size() override {
    co_await begin(Call::read);
    co_await disk_.fault(Call::read);
    co_return node_->bytes.size();
  }
  Task<void> sync() override {
    SimulatedBytes::Mark mark = node_->bytes.mark();  // what others write meanwhile is not synced
    co_await begin(Call::sync);
    co_await disk_.sync_now(*node_, mark);
    co_await disk_.pass(Call::sync);
  }

 private:
  Task<void> begin(Call call) {
    if (disk_.powered_ && disk_.cuts_ != opened_after_)
      co_await unavailable("the file was open when the machine lost power");
    co_await disk_.pass(call);
  }
  SimulatedDisk& disk_;
  std::shared_ptr<SimulatedDisk::Node> node_;
  std::uint64_t opened_after_;
};

struct SimulatedLock final : Lock {
  explicit SimulatedLock(std::shared_ptr<void> held_) : held(std::move(held_)) {}
  std::shared_ptr<void> held;
};

SimulatedDisk::SimulatedDisk(SimulatedLoop& loop, Settings settings)
    : loop_(loop),
      sector_bytes_(settings.sector_bytes),
      fates_(settings.fates_seed ? *settings.fates_seed : loop.random().next()) {
  ENSURE(std::has_single_bit(sector_bytes_));
  names_["/"] = synced_names_["/"] = new_node(true);
}

std::shared_ptr<SimulatedDisk::Node> SimulatedDisk::new_node(bool folder) const {
  return std::make_shared<Node>(folder, SimulatedBytes(sector_bytes_));
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

// What every operation does before its effect and again after it: time passes, and the power may go.
Task<void> SimulatedDisk::pass(Call call) {
  std::uint64_t cuts = cuts_;
  std::uint64_t us_max = call == Call::sync || call == Call::sync_folder ? 1000 : 50;
  co_await sleep(microseconds(static_cast<std::int64_t>(1 + loop_.random().below(us_max))));
  if (!powered_ || cuts != cuts_) co_await unavailable("the machine lost power");
  if (call == Call::read || call == Call::list || ++points_ != cut_at_) co_return;
  cut_power();
  co_await unavailable("the machine lost power");
}

void SimulatedDisk::cut_power() {
  powered_ = false;
  ++cuts_;
  cut_at_ = 0;
}

void SimulatedDisk::crash() {
  if (powered_) cut_power();
  std::uint64_t kept = fates_.below(unsynced_.size() + 1);
  for (std::uint64_t i = 0; i < kept; ++i) apply(unsynced_[i], synced_names_);
  unsynced_.clear();
  // Parents stand before what is in them, so one pass finds every name that lost its folder.
  for (auto at = synced_names_.begin(); at != synced_names_.end();) {
    bool stands = at->first == "/" || synced_names_.contains(folder_of(at->first));
    at = stands ? std::next(at) : synced_names_.erase(at);
  }
  for (auto& [path, node] : synced_names_) {
    node->bytes.crash(fates_);
    node->holder.reset();
  }
  names_ = synced_names_;
  powered_ = true;
}

// --- bytes ------------------------------------------------------------------------------------------------

std::uint64_t SimulatedDisk::bytes_free() const {
  std::uint64_t used = 0;
  for (const auto& [path, node] : names_) used += node->bytes.size();
  return bytes_max_ - std::min(bytes_max_, used);
}

Result<void> SimulatedDisk::write_now(Node& node, Call call, std::size_t offset, std::string_view bytes) {
  std::size_t end = offset + bytes.size(), size = node.bytes.size();
  std::uint64_t growth = end > size ? end - size : 0;
  std::uint64_t lacking = growth - std::min(growth, bytes_free());
  std::size_t fits = bytes.size() - static_cast<std::size_t>(std::min<std::uint64_t>(lacking, bytes.size()));
  Result<void> fate = fault(call);
  node.bytes.write(offset, bytes.substr(0, fate ? fits : loop_.random().below(fits + 1)));
  if (fate && fits < bytes.size()) return failed_errno(ENOSPC, "write to simulated disk");
  return fate;
}

Result<void> SimulatedDisk::sync_now(Node& node, SimulatedBytes::Mark mark) {
  Result<void> fate = fault(Call::sync);
  if (fate) node.bytes.sync(mark);
  else node.bytes.fail_sync();
  return fate;
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

Result<std::shared_ptr<SimulatedDisk::Node>> SimulatedDisk::open_now(const std::string& path,
                                                                     OpenOptions::Create create) {
  TRY(folder_exists(folder_of(path)));
  bool exists = names_.contains(path);
  if (exists && create == OpenOptions::Create::must_be_new) return failed_errno(EEXIST, "{}", path);
  if (!exists && create == OpenOptions::Create::no) return failed_errno(ENOENT, "{}", path);
  if (!exists) change({{path, new_node(false)}});
  std::shared_ptr<Node> node = names_.at(path);
  if (node->folder) return failed_errno(EISDIR, "{}", path);
  return node;
}

Task<std::unique_ptr<File>> SimulatedDisk::open(std::string path, OpenOptions options) {
  co_await pass(Call::open);
  co_await fault(Call::open);
  std::shared_ptr<Node> node = co_await open_now(path, options.create);
  co_await pass(Call::open);
  co_return std::make_unique<SimulatedFile>(*this, node);
}

Task<std::unique_ptr<Lock>> SimulatedDisk::lock(std::string path) {
  co_await pass(Call::lock);
  co_await fault(Call::lock);
  std::shared_ptr<Node> node = co_await open_now(path, OpenOptions::Create::if_missing);
  if (!node->holder.expired()) co_return conflict("{} is locked by somebody else", path);
  auto held = std::make_shared<char>();
  node->holder = held;
  co_await pass(Call::lock);
  co_return std::make_unique<SimulatedLock>(held);
}

Task<void> SimulatedDisk::rename(std::string from, std::string to) {
  co_await pass(Call::rename);
  co_await fault(Call::rename);
  std::shared_ptr<Node> node = co_await find(from);
  if (node->folder) co_await unsupported("the simulated disk does not rename folders");
  co_await folder_exists(folder_of(to));
  auto target = names_.find(to);
  if (target != names_.end() && target->second->folder) co_await failed_errno(EISDIR, "{}", to);
  change({{from, nullptr}, {to, node}});
  co_await pass(Call::rename);
}

Task<void> SimulatedDisk::remove(std::string path) {
  co_await pass(Call::remove);
  co_await fault(Call::remove);
  std::shared_ptr<Node> node = co_await find(path);
  auto below = names_.upper_bound(path + "/");
  if (node->folder && below != names_.end() && below->first.starts_with(path + "/"))
    co_await failed_errno(ENOTEMPTY, "{}", path);
  change({{path, nullptr}});
  co_await pass(Call::remove);
}

Task<void> SimulatedDisk::make_folder(std::string path) {
  co_await pass(Call::make_folder);
  co_await fault(Call::make_folder);
  co_await folder_exists(folder_of(path));
  if (names_.contains(path)) co_await failed_errno(EEXIST, "{}", path);
  change({{path, new_node(true)}});
  co_await pass(Call::make_folder);
}

Task<void> SimulatedDisk::sync_folder(std::string path) {
  co_await pass(Call::sync_folder);
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
  co_await pass(Call::sync_folder);
}

Task<std::vector<std::string>> SimulatedDisk::list(std::string folder) {
  co_await pass(Call::list);
  co_await fault(Call::list);
  co_await folder_exists(folder);
  std::vector<std::string> names;
  for (const auto& [path, node] : names_)
    if (path != "/" && folder_of(path) == folder) names.push_back(path.substr(path.rfind('/') + 1));
  co_return names;
}

}  // namespace podo::io
