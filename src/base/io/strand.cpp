#include "base/io/strand.h"

#include "base/core/ensure.h"
#include "base/io/loop.h"
#include "base/io/wait.h"

namespace podo::io {

// --- frames -----------------------------------------------------------------------------------------------

void Frame::fail(Error error) { strand_->fail(std::move(error)); }

void Frame::returned() {
  Strand& strand = *strand_;
  if (strand.error_ == nullptr && awaited_by_ != nullptr) strand.innermost_ = awaited_by_->parent_;
  else if (strand.error_ == nullptr) strand.outermost_returned_ = true;
  strand.continues_ = true;
}

ChildAwait::~ChildAwait() {
  if (child_ != nullptr) child_->handle_.destroy();
}

void ChildAwait::call_from(Frame& parent) {
  Strand& strand = *parent.strand_;
  parent_ = &parent;
  child_->strand_ = &strand;
  child_->awaited_by_ = this;
  strand.innermost_ = child_;
  strand.continues_ = true;
}

// --- strands ----------------------------------------------------------------------------------------------

Strand::Strand(Loop& loop, Frame* outermost, std::string name)
    : loop_(loop), innermost_(outermost), name_(std::move(name)), number_(loop.enlist(*this)) {
  outermost->strand_ = this;
  loop_.make_ready(*this);
}

Strand::~Strand() {
  ENSURE(!loop_.is_running(*this));  // a strand may not destroy the frames it runs in
  while (innermost_ != nullptr) drop_innermost();
}

bool Strand::step() {
  if (error_ != nullptr) unwind();
  else innermost_->handle_.resume();
  if (outermost_returned_) drop_innermost();
  return innermost_ == nullptr;
}

void Strand::drop_innermost() {
  Frame* frame = innermost_;
  ChildAwait* await = frame->awaited_by_;
  innermost_ = await != nullptr ? await->parent_ : nullptr;
  if (await != nullptr) await->child_ = nullptr;
  frame->handle_.destroy();
}

void Strand::unwind() {
  while (innermost_ != nullptr) {
    ChildAwait* await = innermost_->awaited_by_;
    drop_innermost();
    if (await == nullptr || !await->catches_) continue;
    await->error_ = std::move(error_);
    continues_ = true;
    return;
  }
}

void Strand::fail(Error error) {
  ENSURE(error_ == nullptr);
  error_ = std::make_unique<Error>(std::move(error));
  loop_.make_ready(*this);
}

void Strand::cancel() {
  cancelled_ = true;
  if (wait_ != nullptr && shields_ == 0) wait_->cancel();
}

// --- waits ------------------------------------------------------------------------------------------------

void Wait::begin(Frame& frame) {
  Strand& strand = frame.strand();
  if (strand.cancelled() && cancelling_ == Cancelling::stops_at_once)
    return frame.fail(Error(ErrorKind::cancelled, text("cancelled before waiting for {}", what())));
  strand_ = &strand;
  strand.wait_ = this;
  start();
  if (waiting() && strand.cancelled()) cancel();
}

void Wait::cancel() {
  if (cancelling_ == Cancelling::joins_first) return cancel_and_join();
  stop();
  fail(Error(ErrorKind::cancelled, text("cancelled while waiting for {}", what())));
}

void Wait::forget() {
  if (strand_ != nullptr) strand_->wait_ = nullptr;
  strand_ = nullptr;
}

void Wait::wake() {
  Strand& strand = *strand_;
  forget();
  strand.loop().make_ready(strand);
}

void Wait::fail(Error error) {
  Strand& strand = *strand_;
  forget();
  strand.fail(std::move(error));
}

void Yield::start() {
  strand().loop().make_ready_last(strand());
  wake();
}

}  // namespace podo::io
