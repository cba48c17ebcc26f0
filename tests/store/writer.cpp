// A process with a log store open, for tests that end it by force.
//
//   store_writer FOLDER strands COUNT SEED    COUNT strands write until it is killed
//   store_writer FOLDER commands              does what lines of standard input say, one after the other
//
// Both begin with "opened REVISION", or end with "error KIND: MESSAGE" and exit code 1. Behind it all may
// stand `small`, a log that is compacted every few hundred writes, or `keys FILE`: what begins with
// "secret/" is sealed.
//
// Of strands: a line before each commit and a line when it was acknowledged. A strand writes again and
// again to keys of its own, NAME/STRAND/0 to 9; a pair has its two keys written by one transaction, with
// one number.
//
//   begun  := "+ " durability " " key " " number " " kind      durability := durable | relaxed | memory
//   acked  := "= " key " " number " " revision                 kind       := put | erase | pair
//
// The value is "KEY NUMBER " and filler(NUMBER, NUMBER * 37 % 3000): bytes that a compression makes little
// of.
//
// Of commands: "put KEY BYTES DURABILITY" of filler(BYTES, BYTES), "erase PREFIX", "count", "flush",
// "close"; each is answered by "ok NUMBER" or "error KIND: MESSAGE".
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <span>

#include "base/io/combine.h"
#include "base/io/epoll_loop.h"
#include "base/io/system_disk.h"
#include "base/store/log_store.h"

namespace podo::store {
namespace {

void say(std::string line) {
  line += '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
}

class StandardError final : public Log {
 public:
  void write(LogLevel level, std::string_view message) override {
    std::string line = text("{}: {}\n", name_of(level), message);
    ::fwrite(line.data(), 1, line.size(), stderr);
  }
};

std::uint64_t number_in(std::string_view word) {
  std::uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

// tests/store/store.py makes the same.
std::string filler(std::uint64_t seed, std::uint64_t size) {
  std::string bytes;
  for (std::uint64_t state = seed & 0x7fffffff; bytes.size() < size;) {
    state = (state * 1'103'515'245 + 12'345) & 0x7fffffff;
    bytes.push_back(static_cast<char>('!' + (state >> 16) % 90));
  }
  return bytes;
}

std::string value_of(std::string_view key, std::uint64_t number) {
  return text("{} {} {}", key, number, filler(number, number * 37 % 3000));
}

constexpr std::string_view durabilities[] = {"durable", "relaxed", "memory"};

// --- strands ----------------------------------------------------------------------------------------------

struct Write {
  Transaction transaction;
  std::string key;
  std::string_view kind;
};

Write choose(std::uint64_t strand, std::uint64_t number, Random& random) {
  Write write;
  std::uint64_t dice = random.below(10);
  auto durability = dice < 5 ? Durability::durable : dice < 9 ? Durability::relaxed : Durability::memory;
  std::uint64_t place = random.below(10);
  write.transaction.durability = durability;
  if (durability == Durability::memory) {
    write.key = text("memory/{}/{}", strand, place);
    write.kind = "put";
  } else if (random.below(4) == 0) {
    write.key = text("pair/{}/{}", strand, place);
    write.transaction.then.push_back(put(write.key + "/too", value_of(write.key + "/too", number)));
    write.kind = "pair";
  } else {
    write.key = text("one/{}/{}", strand, place);
    write.kind = random.below(8) == 0 ? "erase" : "put";
  }
  write.transaction.then.push_back(write.kind == "erase" ? erase(Range::key(write.key))
                                                         : put(write.key, value_of(write.key, number)));
  return write;
}

Task<void> write_for_ever(Store& store, std::uint64_t strand, std::uint64_t first, std::uint64_t seed) {
  SeededRandom random(seed + strand);
  for (std::uint64_t number = first;; ++number) {
    Write write = choose(strand, number, random);
    std::string_view durability = durabilities[static_cast<std::size_t>(write.transaction.durability)];
    say(text("+ {} {} {} {}", durability, write.key, number, write.kind));
    Outcome outcome = co_await store.commit(std::move(write.transaction));
    say(text("= {} {} {}", write.key, number, outcome.revision));
  }
}

Task<void> run_strands(Store& store, std::uint64_t count, std::uint64_t seed) {
  Revision first = (co_await store.status()).revision;
  std::vector<Task<void>> strands;
  for (std::uint64_t strand = 0; strand < count; ++strand)
    strands.push_back(write_for_ever(store, strand, first * 10 + 1, seed));
  co_await io::all(std::move(strands));
}

// --- commands ---------------------------------------------------------------------------------------------

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

Result<std::string> next_line() {
  std::string line;
  for (int c = ::getchar(); c != '\n'; c = ::getchar()) {
    if (c == EOF) return cancelled("the input has ended");
    line.push_back(static_cast<char>(c));
  }
  return line;
}

Task<std::uint64_t> obey(Store& store, std::vector<std::string> words) {
  if (words.size() == 4 && words[0] == "put") {
    std::string value = filler(number_in(words[2]), number_in(words[2]));
    auto durability = words[3] == "durable" ? Durability::durable : Durability::relaxed;
    co_return co_await write(store, words[1], std::move(value), durability);
  }
  if (words.size() == 2 && words[0] == "erase") co_return co_await remove(store, Range::prefix(words[1]));
  if (words == std::vector<std::string>{"count"}) co_return (co_await store.status()).entries;
  if (words == std::vector<std::string>{"flush"}) co_await store.flush();
  else if (words == std::vector<std::string>{"close"}) co_await store.close();
  else co_return invalid("there is no such command");
  co_return 0;
}

Task<void> run_commands(Store& store, io::BlockingPool& pool) {
  for (;;) {
    std::string line = co_await pool.run(next_line);
    Result<std::uint64_t> done = co_await obey(store, words_of(line)).result();
    if (done) say(text("ok {}", *done));
    else say(text("error {}: {}", name_of(done.error().kind()), done.error().message()));
  }
}

// --- the process ------------------------------------------------------------------------------------------

Task<void> run(std::span<char*> words, io::BlockingPool& pool) {
  io::SystemDisk disk(pool);
  SystemRandom random;
  StandardError log;
  LogStoreOptions options;
  Sealing sealing;
  if (std::string_view(words.back()) == "small")
    options.log = {.segment_bytes = 128 << 10, .log_bytes = 512 << 10, .log_per_live = 2};
  if (std::string_view(words[words.size() - 2]) == "keys")
    sealing = Sealing(co_await load_keyring(words.back()), {"secret/"}, random);
  auto store = co_await open_log_store({.disk = disk, .random = random, .log = log}, words[1], options,
                                       std::move(sealing));
  say(text("opened {}", (co_await store->status()).revision));
  if (std::string_view(words[2]) == "strands")
    co_await run_strands(*store, number_in(words[3]), number_in(words[4]));
  else co_await run_commands(*store, pool);
}

}  // namespace
}  // namespace podo::store

int main(int count, char** words) {
  using namespace podo;
  if (count < 3) return 2;
  io::EpollLoop loop;
  io::BlockingPool pool(4);
  std::span arguments(words, static_cast<std::size_t>(count));
  Result<void> ran = loop.run(store::run(arguments, pool));
  if (ran || ran.error().kind() == ErrorKind::cancelled) return 0;
  store::say(text("error {}: {}", name_of(ran.error().kind()), ran.error().message()));
  return 1;
}
