// BlockingPool: a few threads for work that blocks (fsync, unpacking, a large read) and so must not run on a
// loop. Threads start when work comes and stay until the pool dies.
//
//   std::string bytes = co_await pool.run([path]() -> Result<std::string> { ... });
//
// The work owns what it touches: it may still be running when its Task has been cancelled. Cancelling takes
// queued work away; of running work it drops the result. Strands of several loops may share one pool; declare
// it after them: its death waits for running work and drops the queued.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/io/loop.h"

namespace podo::io {

class BlockingPool {
 public:
  explicit BlockingPool(unsigned threads_max) : threads_max_(threads_max) {}
  BlockingPool(const BlockingPool&) = delete;
  ~BlockingPool();

  // `work` is called once, on a thread of the pool, and returns a Result.
  template <class F, class R = std::invoke_result_t<F&>>
  Task<typename R::value_type> run(F work) {
    auto job = std::make_shared<JobOf<F, R>>(std::move(work));
    co_await Done(*this, job);
    if constexpr (std::is_void_v<typename R::value_type>) co_await *std::move(job->result);
    else co_return *std::move(job->result);
  }

 private:
  class Done;
  struct Job {
    virtual ~Job() = default;
    virtual void perform() = 0;
    Loop* loop = nullptr;
    Done* waiting = nullptr;  // touched on the loop's thread only
  };
  template <class F, class R>
  struct JobOf final : Job {
    explicit JobOf(F&& f) : work(std::move(f)) {}
    void perform() override { result.emplace(work()); }
    F work;
    std::optional<R> result;
  };
  class [[nodiscard]] Done final : public Wait {
   public:
    Done(BlockingPool& pool, std::shared_ptr<Job> job) : pool_(pool), job_(std::move(job)) {}
    ~Done() override { end(); }
    std::string what() const override { return "work on the blocking pool"; }

   private:
    friend class BlockingPool;
    void start() override;
    void stop() override;
    BlockingPool& pool_;
    std::shared_ptr<Job> job_;
  };
  struct Finished;

  void submit(std::shared_ptr<Job> job);
  void withdraw(const Job& job);
  void work_until_closed();

  const unsigned threads_max_;
  std::mutex mutex_;  // guards all that follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> queue_;
  std::vector<std::thread> threads_;
  unsigned idle_ = 0;
  bool closed_ = false;
};

}  // namespace podo::io
