// ADD and COPY: what is taken is digested, and put into the tree only when the cache does not have it.
#include <fcntl.h>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/builder/config_change.h"
#include "container/builder/file_facts.h"
#include "container/builder/solve.h"
#include "container/builder/step_key.h"
#include "container/builder/trees.h"

namespace podo::builder {
namespace {

using dockerfile::Instruction;
using dockerfile::Kind;

// All that the step puts into the tree.
struct Copy {
  std::string destination;
  std::string chown;
  PutOptions options;
  SelectOptions select;
  std::vector<std::string> patterns;  // of `source`
  Source source;
  Taken taken;                     // by the patterns
  std::vector<NewFile> files;      // heredocs, downloads
  std::vector<Fetched> checkouts;  // ADD of git repositories
  bool link = false, unpack_fetched = false;
  std::size_t sources = 0;
};

std::string flag_value(const Instruction& step, std::string_view name) {
  const dockerfile::Flag* flag = step.flag(name);
  return flag == nullptr ? std::string() : flag->value;
}
bool flag_set(const Instruction& step, std::string_view name) {
  const dockerfile::Flag* flag = step.flag(name);
  return flag != nullptr && (flag->value.empty() || flag->value == "true" || flag->value == "1");
}

Task<void> fetch(Work& work, const Instruction& step, const std::string& url, Copy& copy) {
  const std::string folder = text("{}/{}", work.folder, work.next_name());
  const std::string checksum = flag_value(step, "checksum");
  if (is_git_url(url)) {
    const bool keep_git = flag_set(step, "keep-git-dir");
    copy.checkouts.push_back(co_await fetch_git(work.contexts, folder, url, keep_git, checksum));
    co_return;
  }
  const Fetched fetched = co_await fetch_url(work.contexts, folder, url, checksum);
  NewFile file{.name = fetched.name, .path = fetched.folder + "/" + fetched.name, .mode = 0600};
  file.content = fetched.digest;  // only its name in the key: `path` has the bytes
  file.modified = fetched.modified;
  copy.files.push_back(std::move(file));
}

// Sorts the sources: heredocs, URLs, patterns.
Task<Copy> read_step(Work& work, const StageRun& run, const Instruction& step) {
  Copy copy;
  if (step.words.size() < 2) co_return invalid("{} requires at least two arguments", name_of(step.kind));
  copy.destination = step.words.back();
  if (!copy.destination.starts_with('/')) {
    const std::string& folder = run.state.config.working_dir;
    const bool is_folder =
        copy.destination.ends_with('/') || copy.destination == "." || copy.destination.ends_with("/.");
    copy.destination = join_working_dir(folder, copy.destination);
    if (is_folder && !copy.destination.ends_with('/')) copy.destination += '/';
  }
  copy.chown = flag_value(step, "chown");
  copy.options.instruction = std::string(name_of(step.kind));
  copy.options.mode = flag_value(step, "chmod");
  copy.options.times_at_most = work.epoch;
  copy.link = flag_set(step, "link");
  copy.select.parents = flag_set(step, "parents");
  copy.select.may_be_empty = true;
  for (const dockerfile::Flag& flag : step.flags)
    if (flag.name == "exclude") copy.select.exclude.push_back(flag.value);
  const bool unpack = step.flag("unpack") == nullptr || flag_set(step, "unpack");
  copy.unpack_fetched = flag_set(step, "unpack");
  copy.options.unpack_archives = step.kind == Kind::add && unpack;
  std::size_t heredoc = 0;
  for (std::size_t i = 0; i + 1 < step.words.size(); ++i) {
    const std::string& word = step.words[i];
    if (word.starts_with("<<") && heredoc < step.heredocs.size()) {
      const dockerfile::Heredoc& here = step.heredocs[heredoc++];
      copy.files.push_back({.name = here.name, .content = here.content});
    } else if (step.kind == Kind::add && (is_url(word) || is_git_url(word))) {
      co_await fetch(work, step, word, copy);
    } else {
      if (step.flag("checksum") != nullptr) co_return invalid("checksum can't be specified for {}", word);
      copy.patterns.push_back(word);
    }
  }
  copy.sources = step.words.size() - 1;
  co_return copy;
}

// As the words are when their variables are expanded.
std::string history_of(const Instruction& step) {
  std::string history(name_of(step.kind));
  for (const char* name : {"chown", "chmod"})
    if (const std::string value = flag_value(step, name); !value.empty())
      history += text(" --{}={}", name, value);
  for (const std::string& word : step.words) history += " " + word;
  return history;
}

std::string key_of(const Work& work, const StageRun& run, const Instruction& step, const Copy& copy) {
  StepKey key(step.kind == Kind::add ? "add" : "copy");
  key.add("parent", run.state.top());
  if (copy.link) key.add("link", "");
  else key.add("past", run.state.past);
  key.add("to", copy.destination).add("chown", copy.chown).add("chmod", copy.options.mode);
  if (!copy.patterns.empty()) key.add("files", copy.taken.digest);
  if (copy.options.unpack_archives) key.add("unpack", copy.unpack_fetched ? "all" : "local");
  for (const NewFile& file : copy.files)
    key.add("name", file.name)
        .add("content", file.content)
        .add("modified", text("{}", file.modified.value_or(0)));
  for (const Fetched& checkout : copy.checkouts) key.add("checkout", checkout.digest);
  if (work.epoch) key.add("epoch", text("{}", *work.epoch));
  return key.digest();
}

// Blocks: for the pool.
Result<> put_all(Copy copy, const Tree* from, const std::string& top, const std::string& owners) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, top.c_str(), O_RDONLY | O_DIRECTORY));
  if (!copy.chown.empty()) {
    const io::Fd tree = TRY(linux::open_at(AT_FDCWD, owners.c_str(), O_RDONLY | O_DIRECTORY));
    copy.options.owner = TRY(find_owner(tree.get(), copy.chown));
  }
  if (copy.sources > 1 && !copy.destination.ends_with('/'))
    return invalid(
        "When using {} with more than one source file, the destination must be a directory and end with a /",
        copy.options.instruction);
  if (!copy.patterns.empty()) {
    std::shared_ptr<const Selected> files = copy.taken.files;
    if (!files) files = std::make_shared<Selected>(TRY(select(*from, copy.patterns, copy.select)));
    TRY(put(*from, *files, root.get(), copy.destination, copy.options));
  }
  for (NewFile& file : copy.files) {
    if (!file.path.empty()) file.content.clear();
    PutOptions options = copy.options;
    options.unpack_archives = copy.unpack_fetched;  // what came from elsewhere is not unpacked by itself
    TRY(put_file(file, root.get(), copy.destination, options));
  }
  for (const Fetched& checkout : copy.checkouts) {
    const Tree tree{.path = checkout.folder};
    const Selected all = TRY(select(tree, {"."}, {}));
    PutOptions options = copy.options;
    options.unpack_archives = false;
    TRY(put(tree, all, root.get(), copy.destination, options));
  }
  return {};
}

// The trees that are mounted while files are put.
struct Mounted {
  MountedTree target, source, owners;
};

Task<void> fill(Work& work, const StageRun& run, const Copy& copy, Mounted& mounted) {
  if (copy.link) mounted.target = co_await bare_tree(work, run.state.chain_ids);
  else mounted.target = co_await mount_tree(work, run.state.chain_ids);
  if (copy.link && !copy.chown.empty()) mounted.owners = co_await mount_tree(work, run.state.chain_ids);
  Tree tree;
  const Tree* from = copy.source.tree;
  if (from == nullptr && !copy.patterns.empty()) {
    mounted.source = co_await mount_tree(work, copy.source.chain_ids);
    tree = {.path = mounted.source.path, .keep_owner = true};
    from = &tree;
  }
  const std::string& owners = mounted.owners.id.empty() ? mounted.target.path : mounted.owners.path;
  co_await io::shielded(work.ground.pool.run(
      [copy, from, top = mounted.target.path, owners] { return put_all(copy, from, top, owners); }));
}

Task<image::Images::KeptLayer> make_layer(Work& work, const StageRun& run, const Copy& copy) {
  Mounted mounted;
  const auto filled = co_await fill(work, run, copy, mounted).result();
  co_await drop_tree(work, std::move(mounted.source));
  co_await drop_tree(work, std::move(mounted.owners));
  if (!filled) {
    co_await drop_tree(work, std::move(mounted.target));
    co_return Failure(filled.error());
  }
  co_return co_await keep_tree(work, std::move(mounted.target));
}

}  // namespace

Task<StepDone> copy_step(Solve& solve, StageRun& run, Instruction step) {
  Work& work = solve.work();
  Copy copy = co_await read_step(work, run, step);
  if (!copy.patterns.empty()) {
    const std::string from = step.kind == Kind::copy ? flag_value(step, "from") : std::string();
    copy.source = co_await solve.find_source(run, from);
    auto taken = co_await take_files(work, copy.source, copy.patterns, copy.select).result();
    if (!taken)
      co_await Failure(std::move(taken).error().within(text("{} failed", copy.options.instruction)));
    copy.taken = *std::move(taken);
  }
  const std::size_t layers = run.state.chain_ids.size();
  const StepDone done = co_await solve.add_layer(run, key_of(work, run, step, copy), step.text,
                                                 [&] { return make_layer(work, run, copy); });
  run.state.add_history(done.created, history_of(step), run.state.chain_ids.size() == layers);
  co_return done;
}

}  // namespace podo::builder
