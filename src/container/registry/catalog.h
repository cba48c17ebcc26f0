// The catalog: which repositories there are, and the manifests, tags and blobs of each. In memory for whoever
// looks, in the store for the next life:
//
//   registry/manifest/REPOSITORY@DIGEST   {"type":T,"size":N,"blobs":[D...],"manifests":[D...],
//                                          "subject":D,"artifactType":A,"annotations":{...}}
//   registry/tag/REPOSITORY:TAG           DIGEST
//   registry/blob/REPOSITORY@DIGEST       {}
//
// Changes of one repository happen one after the other: a change is durable first, then others see it, then
// it is acknowledged. Looking never waits, so looking and holding (touch) are one step.
//
// Held: what a push was told about lately is not swept away as unused. After a restart everything counts as
// lately told. A repository goes on to exist, empty, until it is swept.
//
// Lives on the server's loop.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/core/log.h"
#include "base/io/condition.h"
#include "base/store/store.h"

namespace podo::registry {

using io::Task;

struct ManifestRecord {
  std::string type = {};
  std::uint64_t size = 0;
  std::vector<std::string> blobs = {}, manifests = {};  // what it refers to
  std::string subject = {}, artifact_type = {};         // with a subject only: what a list of referrers tells
  std::map<std::string, std::string> annotations = {};
  Monotonic touched = {};
};

template <class T>
using ByName = std::map<std::string, T, std::less<>>;

struct Repository {
  ByName<ManifestRecord> manifests;                         // by digest
  ByName<std::string> tags;                                 // -> digest
  ByName<Monotonic> blobs;                                  // by digest, when they were told of last
  std::set<std::pair<std::string, std::string>> referrers;  // (subject, digest of the manifest)
  Monotonic touched = {};
};

class Catalog {
 public:
  Catalog(store::Store& store, Clock& clock, Log& log) : store_(store), clock_(clock), log_(log) {}
  Task<void> open();

  // --- looking; what is given lives until the next await ---
  const Repository* find(std::string_view repository) const;
  const ByName<Repository>& repositories() const { return repositories_; }
  const ManifestRecord* find_manifest(std::string_view repository, std::string_view digest) const;
  std::optional<std::string> find_tag(std::string_view repository, std::string_view tag) const;
  bool has_blob(std::string_view repository, std::string_view digest) const;
  // A repository that has the blob, among those that are `allowed`.
  std::optional<std::string> find_owner(std::string_view digest,
                                        const std::function<bool(const std::string&)>& allowed) const;
  void touch_blob(std::string_view repository, std::string_view digest);
  void touch_manifest(std::string_view repository, std::string_view digest);

  // --- changing ---
  Task<void> add_blobs(std::string repository, std::vector<std::string> digests);
  // `tag` may be "".
  Task<void> put_manifest(std::string repository, std::string digest, ManifestRecord record, std::string tag);
  Task<bool> remove_tag(std::string repository, std::string tag);
  Task<bool> remove_manifest(std::string repository, std::string digest);  // and the tags that lead to it
  Task<bool> remove_blob(std::string repository, std::string digest);

  // Removes from one repository what plan_sweep() (sweep.h) chooses, all at once.
  struct Sweep {
    std::vector<std::string> manifests = {}, tags = {}, blobs = {};
    bool empty() const { return manifests.empty() && tags.empty() && blobs.empty(); }
  };
  using Plan = std::function<Sweep(const Repository&)>;
  Task<Sweep> sweep(std::string repository, Plan plan);
  void forget_empty(Duration held);  // repositories with nothing in them for so long

 private:
  class Turn;  // nobody else changes the repository meanwhile
  Task<void> wait_for_turn(const std::string& repository);
  void read_record(std::string_view key, std::string_view value);
  void forget_manifest(Repository& of, const std::string& digest);

  store::Store& store_;
  Clock& clock_;
  Log& log_;
  ByName<Repository> repositories_;
  std::set<std::string> changing_;
  io::Condition changed_{"another change of the repository"};
};

std::string encode(const ManifestRecord& record);
Result<ManifestRecord> decode_manifest_record(std::string_view text);

}  // namespace podo::registry
