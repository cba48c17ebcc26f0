#include "base/io/blocking_pool.h"

#include <signal.h>

#include <algorithm>

namespace podo::io {

struct BlockingPool::Finished final : Letter {
  explicit Finished(std::shared_ptr<Job> j) : job(std::move(j)) {}
  void arrive() override {
    if (job->waiting != nullptr) job->waiting->wake();
  }
  std::shared_ptr<Job> job;
};

BlockingPool::~BlockingPool() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BlockingPool::Done::start() {
  job_->loop = &strand().loop();
  job_->waiting = this;
  pool_.submit(job_);
}

void BlockingPool::Done::stop() {
  job_->waiting = nullptr;
  pool_.withdraw(*job_);
}

void BlockingPool::submit(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(job));
  if (idle_ >= queue_.size() || threads_.size() >= threads_max_) {
    changed_.notify_one();
    return;
  }
  // Signals belong to the loops: a thread starts with the mask of its maker.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  threads_.emplace_back([this] { work_until_closed(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void BlockingPool::withdraw(const Job& job) {
  std::lock_guard lock(mutex_);
  std::erase_if(queue_, [&](const std::shared_ptr<Job>& queued) { return queued.get() == &job; });
}

void BlockingPool::work_until_closed() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    --idle_;
    if (closed_) return;
    std::shared_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job->perform();
    Loop& loop = *job->loop;
    loop.post(std::make_unique<Finished>(std::move(job)));
    lock.lock();
  }
}

}  // namespace podo::io
