// What a container says and hears: attach, resize, logs.
#include "container/engine/local_engine.h"

namespace podo::engine {
namespace {

// What was logged so far, then what comes.
class LogThenStream final : public io::Stream {
 public:
  LogThenStream(std::unique_ptr<LogReader> log, std::unique_ptr<io::Stream> live)
      : log_(std::move(log)), live_(std::move(live)) {}

  Task<std::size_t> read(std::span<std::byte> into) override {
    while (log_ && rest_.empty()) {
      rest_ = co_await log_->next();
      if (rest_.empty()) log_.reset();
    }
    if (!rest_.empty()) {
      const std::size_t count = std::min(into.size(), rest_.size());
      rest_.copy(reinterpret_cast<char*>(into.data()), count);
      rest_.erase(0, count);
      co_return count;
    }
    if (!live_) co_return 0;
    co_return co_await live_->read(into);
  }
  Task<void> write(std::span<const std::byte> bytes) override {
    if (live_) co_await live_->write(bytes);
  }
  Result<void> finish() override { return live_ ? live_->finish() : Result<void>(); }

 private:
  std::unique_ptr<LogReader> log_;
  std::string rest_;
  std::unique_ptr<io::Stream> live_;
};

}  // namespace

Task<std::unique_ptr<io::Stream>> LocalEngine::attach(std::string reference, AttachOptions options) {
  const SlotPtr slot = co_await find(reference);
  const ContainerPtr container = slot->container;
  const docker::Config& config = container->config;
  co_await may(Verb::attach, slot->status(), slot->id(), container->name);
  AttachWish wish{.in = options.in && config.open_stdin,
                  .out = options.out,
                  .err = options.err,
                  .ends_input = config.stdin_once};
  if (config.tty) {
    wish.detach_keys = default_detach_keys;
    if (!options.detach_keys.empty()) wish.detach_keys = co_await parse_detach_keys(options.detach_keys);
    wish.detached = [this, slot] { tell(*slot, "detach"); };
  }
  std::unique_ptr<io::Stream> live;
  if (options.stream) {
    relay_of(*slot);
    if (!slot->run) slot->relay->begin_again();  // of the next run: `start -a` attaches before it starts
    live = slot->relay->attach(std::move(wish));
  }
  tell(*slot, "attach");
  if (!options.logs) co_return std::move(live);
  auto log = co_await logs(slot->id(), {.out = options.out, .err = options.err});
  co_return std::make_unique<LogThenStream>(std::move(log), std::move(live));
}

Task<std::unique_ptr<LogReader>> LocalEngine::logs(std::string reference, LogOptions options) {
  const SlotPtr slot = co_await find(reference);
  const ContainerPtr container = slot->container;
  if (container->log_path.empty())
    co_return unsupported("configured logging driver does not support reading");
  LogPlace place{
      .path = container->log_path,
      .format = container->host_config.log_config.type == "local" ? LogFormat::local : LogFormat::json_file,
      .tty = container->config.tty,
      .life = slot->log_life};
  co_return co_await open_log(ground_.loop, ground_.pool, std::move(place), options);
}

Task<void> LocalEngine::resize(std::string reference, std::uint32_t height, std::uint32_t width) {
  const SlotPtr slot = co_await find(reference);
  co_await may(Verb::resize, slot->status(), slot->id(), slot->container->name);
  if (!slot->run || !slot->run->monitor) co_return;
  slot->run->monitor->resize(height, width);
  tell(*slot, "resize", {{"height", text("{}", height)}, {"width", text("{}", width)}});
}

}  // namespace podo::engine
