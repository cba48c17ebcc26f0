#include "base/io/group.h"

namespace podo::io {

class TaskGroup::Child final : public Strand {
 public:
  Child(TaskGroup& group, Task<void> task, std::string name)
      : Strand(group.loop_, task.release(), std::move(name)), group_(group) {}

 private:
  void ended(std::unique_ptr<Error> error) override { group_.child_ended(*this, std::move(error)); }
  TaskGroup& group_;
};

TaskGroup::~TaskGroup() {
  while (!children_.empty()) {
    Strand* newest = children_.back();
    --size_;
    delete newest;
  }
  ENSURE(joining_ == nullptr);  // the group outlives its join()
}

void TaskGroup::spawn(Task<void> task, std::string name) {
  auto* child = new Child(*this, std::move(task), std::move(name));
  children_.push_back(*child);
  ++size_;
  if (cancelled_) child->cancel();
}

void TaskGroup::cancel() {
  cancelled_ = true;
  for (Strand* child = children_.front(); child != nullptr; child = children_.after(*child)) child->cancel();
}

void TaskGroup::child_ended(Child& child, std::unique_ptr<Error> error) {
  --size_;
  delete &child;
  bool wanted = cancelled_ && error != nullptr && error->kind() == ErrorKind::cancelled;
  if (error != nullptr && !wanted && error_ == nullptr) {
    error_ = std::move(error);
    cancel();
  }
  if (size_ == 0 && joining_ != nullptr) wake_joining();
}

void TaskGroup::Join::start() {
  ENSURE(group_.joining_ == nullptr);
  group_.joining_ = this;
  if (group_.size_ == 0) group_.wake_joining();
}

void TaskGroup::wake_joining() {
  Join& join = *std::exchange(joining_, nullptr);
  if (error_ != nullptr) join.fail(std::move(*std::exchange(error_, nullptr)));
  else if (join.strand().cancelled()) join.fail(Error(ErrorKind::cancelled, "cancelled while joining"));
  else join.wake();
}

}  // namespace podo::io
