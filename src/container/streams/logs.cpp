#include "container/streams/logs.h"

#include <sys/inotify.h>

#include <cerrno>

#include "base/io/combine.h"
#include "base/io/disk.h"
#include "container/streams/log_cursor.h"

namespace podo::engine {
namespace {

// Says when files of a folder were written to or came. What it says is read and thrown away: we then look.
class FolderWatch {
 public:
  static Result<std::unique_ptr<FolderWatch>> begin(io::EpollLoop& loop, const std::string& folder) {
    io::Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd) return failed_errno(errno, "follow a log: get an inotify instance");
    if (::inotify_add_watch(fd.get(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
      return failed_errno(errno, "follow a log: watch {}", folder);
    return std::make_unique<FolderWatch>(loop, std::move(fd));
  }
  FolderWatch(io::EpollLoop& loop, io::Fd fd) : fd_(std::move(fd)), ready_(loop, fd_.get()) {}

  // Waits for a change since the last time.
  io::Task<void> changed() {
    co_await io::checkpoint();
    for (bool any = false;;) {
      char events[4096];
      if (::read(fd_.get(), events, sizeof events) > 0) any = true;
      else if (any) co_return;
      else co_await ready_.readable();
    }
  }

 private:
  io::Fd fd_;
  io::Readiness ready_;
};

io::Task<void> wait_for_end(std::shared_ptr<LogLife> life) {
  while (life->growing()) co_await life->changed();
}

class FileLogReader final : public LogReader {
 public:
  FileLogReader(io::BlockingPool& pool, LogPlace place, LogOptions options,
                std::unique_ptr<FolderWatch> watch)
      : pool_(pool),
        life_(place.life),
        watch_(std::move(watch)),
        cursor_(std::make_shared<LogCursor>(std::move(place), std::move(options))) {}

  io::Task<std::string> next() override {
    for (;;) {
      // Before we look: what is written until then is seen.
      const bool growing = watch_ && life_ && life_->growing();
      auto cursor = cursor_;
      std::string piece = co_await pool_.run([cursor] { return cursor->read_piece(); });
      if (!piece.empty() || !growing || cursor_->past_until()) co_return piece;
      std::vector<io::Task<void>> news;
      news.push_back(watch_->changed());
      news.push_back(wait_for_end(life_));
      co_await io::first(std::move(news));
    }
  }

 private:
  io::BlockingPool& pool_;
  std::shared_ptr<LogLife> life_;
  std::unique_ptr<FolderWatch> watch_;  // when it follows
  std::shared_ptr<LogCursor> cursor_;   // also held by work that a cancelled next() left behind
};

}  // namespace

Result<std::unique_ptr<LogReader>> open_log(io::EpollLoop& loop, io::BlockingPool& pool, LogPlace place,
                                            LogOptions options) {
  std::unique_ptr<FolderWatch> watch;
  if (options.follow && place.life && place.life->growing())
    watch = TRY(FolderWatch::begin(loop, io::folder_of(place.path)));
  return std::make_unique<FileLogReader>(pool, std::move(place), std::move(options), std::move(watch));
}

}  // namespace podo::engine
