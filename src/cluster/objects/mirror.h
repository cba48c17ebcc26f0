// Mirror: all objects of one resource, kept up to date by a watch, for who asks often and in between (RBAC,
// admission). It shares the store's bytes. What it says is at most a moment old.
//
// Life: start() returns when it has everything -> find(), each() at any time -> destroyed before its Objects.
// A watch that fell behind is begun anew by a list, and what is different is told as changes. When the store
// is closed the mirror stays as it is. Lives on the loop.
#pragma once

#include "cluster/objects/objects.h"

namespace podo::objects {

// Where a mirror gets what it has: these Objects, or an API server elsewhere (cluster/client).
class MirrorSource {
 public:
  virtual ~MirrorSource() = default;
  virtual std::string prefix(std::string_view name_space) const = 0;  // of its keys: prefix_of()
  virtual bool is_near() const = 0;  // what has been committed comes without waiting for anybody
  virtual Task<ListPage> list(ListPage before) = 0;  // the page after that one; the first after a default one
  virtual Task<std::unique_ptr<Changes>> watch(Revision from) = 0;
};

class Mirror {
 public:
  // `changed` is called for everything there is, and then for every change: the old or the new state may be
  // absent. It must not block, nor use the mirror.
  using Changed = std::function<void(const Object& before, const Object& now)>;
  static Task<std::unique_ptr<Mirror>> start(Objects& objects, const schema::Resource& resource,
                                             Changed changed = {});
  static Task<std::unique_ptr<Mirror>> start(std::unique_ptr<MirrorSource> source, Changed changed = {});
  virtual ~Mirror() = default;
  virtual const Object* find(std::string_view name_space, std::string_view name) const = 0;
  virtual void each(std::string_view name_space, const std::function<void(const Object&)>& see) const = 0;
  virtual Revision revision() const = 0;
  virtual Task<void> reach(Revision revision) = 0;  // waits until it has seen so much
};

}  // namespace podo::objects
