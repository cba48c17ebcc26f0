// A list whose links live in its members: no allocation, and a member leaves in O(1) by itself.
//
//   class Strand : public Link<ReadyQueue>, public Link<Living> { ... };
//   List<Strand, ReadyQueue> ready;
//
// The tag says which of a member's links is meant. A member that dies leaves its list. Values of one loop.
#pragma once

#include <cstddef>

namespace podo::io {

template <class Tag>
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  ~Link() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T, class U>
  friend class List;
  Link* next_ = nullptr;
  Link* previous_ = nullptr;
};

template <class T, class Tag>
class List {
 public:
  List() { head_.next_ = head_.previous_ = &head_; }
  ~List() {
    while (!empty()) head_.next_->unlink();
    head_.next_ = head_.previous_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T* front() { return at(head_.next_); }
  T* back() { return at(head_.previous_); }
  T* after(T& member) { return at(static_cast<Link<Tag>&>(member).next_); }  // null after the last
  void push_back(T& member) {
    Link<Tag>& link = member;
    link.unlink();
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }
  static void remove(T& member) { static_cast<Link<Tag>&>(member).unlink(); }

 private:
  T* at(Link<Tag>* link) { return link == &head_ ? nullptr : static_cast<T*>(link); }
  Link<Tag> head_;
};

}  // namespace podo::io
