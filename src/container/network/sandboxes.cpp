#include "container/network/sandboxes.h"

#include "base/linux/links.h"
#include "base/linux/namespaces.h"

namespace podo::network {
namespace {

// Containers come in bursts: while one starts, its processors are not for the next one's namespace.
constexpr Duration restock_delay = milliseconds(20);
constexpr Duration restock_delay_after_failure = seconds(10);

}  // namespace

Result<io::Fd> make_network_namespace() {
  const auto visit = TRY(linux::NetworkNamespaceVisit::enter_new());
  linux::LinkRequests requests;
  requests.change_link(1, {.up = true});  // lo is always the first
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  TRY_IN("set lo up", socket.send_all(requests.all()));
  // A kernel without IPv6 has no such file, and nothing to turn off.
  (void)linux::write_net_sysctl("ipv6/conf/default/disable_ipv6", "1");
  return linux::current_network_namespace();
}

SandboxStock::SandboxStock(io::Loop& loop, io::BlockingPool& pool, Log& log, unsigned ahead)
    : pool_(pool), log_(log), ahead_(ahead), group_(loop) {
  if (ahead_ > 0) group_.spawn(restock(), "sandboxes made ahead");
}

io::Task<NamespacePtr> SandboxStock::take(std::string path) {
  NamespacePtr ready;
  if (!stock_.empty()) {
    ready = std::move(stock_.front());
    stock_.pop_front();
    taken_.notify_one();
  }
  co_return co_await pool_.run([ready, path]() -> Result<NamespacePtr> {
    const NamespacePtr made =
        ready != nullptr ? ready : std::make_shared<const io::Fd>(TRY(make_network_namespace()));
    Result<> pinned = linux::pin_namespace(*made, path);
    if (!pinned && pinned.error().system_errno() == EEXIST) {
      TRY(linux::unpin_namespace(path));  // an earlier daemon's: the container does not run
      pinned = linux::pin_namespace(*made, path);
    }
    TRY(std::move(pinned));
    return made;
  });
}

io::Task<void> SandboxStock::restock() {
  for (;;) {
    while (stock_.size() >= ahead_) {
      co_await taken_.wait();
      co_await io::sleep(restock_delay);
    }
    auto made = co_await pool_.run([] { return make_network_namespace(); }).result();
    if (made) {
      stock_.push_back(std::make_shared<const io::Fd>(*std::move(made)));
      continue;
    }
    if (made.error().kind() == ErrorKind::cancelled) co_return;
    log_.warn("no sandbox could be made ahead: {}", made.error().message());
    co_await io::sleep(restock_delay_after_failure);
  }
}

}  // namespace podo::network
