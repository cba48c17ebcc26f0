// Statuses: what pods' statuses become on their way to the API. The newest one of each pod is written, those
// before it are left out; what could not be written is tried again, later and later. A pod that is over is
// deleted for good, after its last status.
//
//   statuses.tell(uid, pod, status)  what is different from the pod's is written
//   statuses.know(uid, pod)          the API has it so now
//   statuses.finish(uid, pod)        it is to go, when nothing is left to be written
//   statuses.forget(uid)
//
// Between a write and the news of it, what was answered stands for the pod. Lives on the loop;
// run() writes until it is cancelled.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cluster/client/client.h"
#include "cluster/client/work_queue.h"

namespace podo::node {

using io::Task;
using PodPtr = std::shared_ptr<const json::Tree>;

class Statuses {
 public:
  Statuses(io::Loop& loop, client::Client& client, Log& log);

  void tell(const std::string& uid, PodPtr pod, json::Tree status);
  void know(const std::string& uid, const json::Item& pod);
  void finish(const std::string& uid, PodPtr pod);
  void forget(const std::string& uid);
  Task<void> run(int writers);

 private:
  struct Pending {
    PodPtr pod;                                // as the teller knew it
    PodPtr written;                            // as it was answered; not known to the teller yet
    std::shared_ptr<const json::Tree> status;  // null: nothing to write
    bool finish = false;
    bool idle() const { return !written && !status && !finish; }
  };
  Task<void> write_on();
  Task<void> write(std::string uid);
  Task<void> remove(PodPtr pod);
  client::Where where(const json::Item& pod, std::string subresource) const;

  client::Client& client_;
  Log& log_;
  const schema::Resource& pods_;
  std::map<std::string, Pending, std::less<>> pending_;
  client::WorkQueue queue_;
};

}  // namespace podo::node
