#include "container/builder/file_facts.h"

#include "base/io/combine.h"
#include "container/builder/step_key.h"
#include "container/builder/trees.h"

namespace podo::builder {
namespace {

using SelectedPtr = std::shared_ptr<const Selected>;

Task<SelectedPtr> select_in(Work& work, Tree tree, std::vector<std::string> patterns, SelectOptions options) {
  return io::shielded(work.ground.pool.run(
      [tree, patterns = std::move(patterns), options = std::move(options)]() -> Result<SelectedPtr> {
        return std::make_shared<const Selected>(TRY(select(tree, patterns, options)));
      }));
}

}  // namespace

Task<Taken> take_files(Work& work, const Source& source, std::vector<std::string> patterns,
                       SelectOptions options) {
  if (source.tree != nullptr) {
    SelectedPtr files = co_await select_in(work, *source.tree, std::move(patterns), std::move(options));
    co_return Taken{.digest = files->digest, .files = std::move(files)};
  }
  StepKey name("files");
  name.add("tree", source.chain_ids.empty() ? "" : source.chain_ids.back());
  name.add("pattern", patterns).add("exclude", options.exclude).add("parents", options.parents ? "1" : "0");
  const std::string key = "files/" + name.digest();
  if (auto known = work.cache.fact(key)) co_return Taken{.digest = *std::move(known), .files = nullptr};
  MountedTree mounted = co_await mount_tree(work, source.chain_ids);
  const Tree tree{.path = mounted.path, .keep_owner = true};
  const auto files = co_await select_in(work, tree, std::move(patterns), std::move(options)).result();
  co_await drop_tree(work, std::move(mounted));
  if (!files) co_return Failure(files.error());
  co_await work.cache.keep_fact(key, (*files)->digest);
  co_return Taken{.digest = (*files)->digest, .files = nullptr};
}

}  // namespace podo::builder
