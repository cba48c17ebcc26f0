#include "cli/store.h"

#include <stdio.h>

#include "base/io/epoll_loop.h"
#include "base/io/system_disk.h"
#include "base/store/admin.h"
#include "cli/store_view.h"
#include "container/oci_cli/columns.h"
#include "container/oci_cli/flags.h"

namespace podo::cli {
namespace {

using io::Task;
using oci_cli::Flag;
using oci_cli::Flags;

constexpr int bad_usage = 2;

Result<> print(std::string_view bytes) {
  bool written = ::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && ::fflush(stdout) == 0;
  if (!written) return failed_errno(errno, "write to standard output");
  return {};
}

void complain(std::string_view message) {
  std::string line = text("podo store: {}\n", message);
  ::fwrite(line.data(), 1, line.size(), stderr);
}

// --- the verbs --------------------------------------------------------------------------------------------

struct Call {
  io::Disk& disk;
  const Flags& flags;
  std::string path(std::size_t index) const {
    std::string path = flags.arguments()[index];
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
  }
};

constexpr Flag keys_flag = {"keys", "", "FILE",
                            "the key file of the store: values that are sealed are opened"};

Task<store::Contents> read(const Call& call, std::string key_file, store::OnDamage on_damage) {
  if (key_file.empty()) co_return co_await store::read_contents(call.disk, call.path(0), nullptr, on_damage);
  store::Keyring keyring = co_await store::load_keyring(key_file);
  SystemRandom random;
  store::Sealing sealing(keyring, {}, random);
  co_return co_await store::read_contents(call.disk, call.path(0), &sealing, on_damage);
}

Task<int> check(Call call) {
  store::Contents contents = co_await read(call, call.flags.text("keys"), store::OnDamage::skip);
  for (const std::string& damage : contents.read.damages) complain(damage);
  bool whole = contents.read.damages.empty();
  co_await print(text("{} is {}\n{}", call.path(0), whole ? "whole" : "damaged", counts_of(contents)));
  co_return whole ? 0 : 1;
}

Task<int> stat(Call call) {
  store::Contents contents = co_await read(call, "", store::OnDamage::refuse);
  co_await print(describe_store(call.path(0), contents));
  co_return 0;
}

Task<int> dump(Call call) {
  store::Contents contents = co_await read(call, call.flags.text("keys"), store::OnDamage::refuse);
  co_await dump_store(contents, call.flags.text("prefix"), print);
  co_return 0;
}

Task<int> backup(Call call) {
  store::BaseWritten written = co_await store::back_up_store(call.disk, call.path(0), call.path(1));
  co_await print(text("{}: revision {}, {} keys, {} bytes\n", call.path(1), written.header.revision,
                      written.entries, written.bytes));
  co_return 0;
}

Task<int> restore(Call call) {
  SystemRandom random;
  store::BaseRead read = co_await store::restore_store(call.disk, random, call.path(0), call.path(1));
  co_await print(text("{}: revision {}, {} keys\n", call.path(1), read.header.revision, read.entries));
  co_return 0;
}

Task<int> repair(Call call) {
  auto keep = call.flags.on("skip") ? store::OnDamage::skip : store::OnDamage::stop_before;
  store::Repaired repaired = co_await store::repair_store(call.disk, call.path(0), keep);
  std::string report;
  for (const std::string& damage : repaired.damages) report += text("lost: {}\n", damage);
  std::string holds = text("revision {}, {} keys", repaired.revision, repaired.entries);
  if (repaired.damages.empty()) report = text("{} is whole, nothing was done: {}\n", call.path(0), holds);
  else
    report += text("{} is repaired: {}\nThe old files are in {}: remove it when nobody wants them\n",
                   call.path(0), holds, repaired.aside);
  co_await print(report);
  co_return 0;
}

Task<int> rotate_key(Call call) {
  SystemRandom random;
  store::KeyId id = co_await store::rotate_keyring(call.path(0), random);
  co_await print(text("{}: key {} is the newest\n", call.path(0), id));
  co_return 0;
}

struct Verb {
  std::string_view name, arguments, summary, description;
  std::span<const Flag> flags;
  std::size_t arguments_count;
  Task<int> (*perform)(Call call);
};

constexpr Flag check_flags[] = {keys_flag};
constexpr Flag dump_flags[] = {{"prefix", "", "PREFIX", "only keys that begin so"}, keys_flag};
constexpr Flag repair_flags[] = {
    {"skip", "", "", "keep what comes after the damage as well, without what it stood on"}};

constexpr Verb verbs[] = {
    {"check", "FOLDER|BACKUP", "read everything and say whether it is whole",
     "Nothing is written; the store may be open. With damage the exit code is 1.\n", check_flags, 1, check},
    {"stat",
     "FOLDER|BACKUP",
     "what is in it, and where",
     "Nothing is written; the store may be open.\n",
     {},
     1,
     stat},
    {"dump", "FOLDER|BACKUP", "every key with its value, as JSON lines",
     "Nothing is written; the store may be open. Sealed values are shown only with their key file.\n",
     dump_flags, 1, dump},
    {"backup",
     "FOLDER FILE",
     "make one file of everything",
     "The store may be open. FILE must not exist; it is complete, or not there. Sealed values stay sealed:\n"
     "keep the key file elsewhere.\n",
     {},
     2,
     backup},
    {"restore",
     "FILE FOLDER",
     "make a store of a backup",
     "FOLDER is missing or empty. The whole backup is checked before anything is made.\n",
     {},
     2,
     restore},
    {"repair", "FOLDER", "make a damaged store whole, without what is lost",
     "Keeps the store as it was just before the damage. The old files are moved into a folder damaged-N in\n"
     "FOLDER. The store must not be open. Where there is no damage, nothing is done.\n",
     repair_flags, 1, repair},
    {"rotate-key",
     "KEYFILE",
     "put a new key in front of a key file, or make one",
     "A running store goes on with the keys it has read. What older keys sealed still needs them.\n",
     {},
     1,
     rotate_key},
};

// --- the command line -------------------------------------------------------------------------------------

std::string help() {
  oci_cli::Columns table(3);
  for (const Verb& verb : verbs)
    table.row({text("    {} {}", verb.name, verb.arguments), std::string(verb.summary)});
  return text(
      "podo store: a store's folder, looked at, backed up, restored and repaired\n\nUSAGE\n"
      "    podo store VERB [flags] [arguments]\n\nVERBS\n{}\n`podo store VERB --help` says more.\n",
      table.take());
}

std::string help_of(const Verb& verb) {
  oci_cli::Columns table(3);
  for (const Flag& flag : verb.flags)
    table.row({text("    --{} {}", flag.name, flag.value), std::string(flag.help)});
  table.row({"    --help, -h", "show this"});
  return text("podo store {}: {}\n\nUSAGE\n    podo store {} [flags] {}\n\n{}\nFLAGS\n{}", verb.name,
              verb.summary, verb.name, verb.arguments, verb.description, table.take());
}

int misunderstood(std::string_view message, std::string_view hint) {
  complain(text("{}: see `podo store {}`", message, hint));
  return bad_usage;
}

int answer(const Result<int>& outcome) {
  if (outcome) return *outcome;
  complain(outcome.error().message());
  return 1;
}

Result<int> perform(const Verb& verb, const Flags& flags) {
  io::EpollLoop loop;
  io::BlockingPool pool(1);
  io::SystemDisk disk(pool);
  return loop.run(verb.perform({.disk = disk, .flags = flags}));
}

int run_verb(const Verb& verb, std::span<char* const> words) {
  std::string hint = text("{} --help", verb.name);
  Result<Flags> flags = Flags::parse(verb.flags, words, oci_cli::FlagOrder::anywhere);
  if (!flags) return misunderstood(flags.error().message(), hint);
  if (flags->wants_help()) return answer(print(help_of(verb)).transform([] { return 0; }));
  if (flags->arguments().size() != verb.arguments_count)
    return misunderstood(text("{} takes {}", verb.name, verb.arguments), hint);
  return answer(perform(verb, *flags));
}

}  // namespace

int run_store(std::span<char*> argv, std::size_t skipped) {
  std::span<char* const> words = argv.subspan(skipped);
  std::string_view wanted = words.empty() ? "" : words[0];
  for (const Verb& verb : verbs)
    if (verb.name == wanted) return run_verb(verb, words.subspan(1));
  bool asked = wanted == "help" || wanted == "--help" || wanted == "-h";
  if (asked) return answer(print(help()).transform([] { return 0; }));
  return misunderstood(wanted.empty() ? "a verb is missing" : text("there is no verb '{}'", wanted),
                       "--help");
}

}  // namespace podo::cli
