#include "container/apparmor/default_profile.h"

#include "base/crypto/checksum.h"
#include "base/io/combine.h"
#include "base/io/process.h"
#include "base/linux/file.h"
#include "container/apparmor/load_plan.h"
#include "container/apparmor/profile.h"

#include <fcntl.h>
#include <unistd.h>

namespace podo::apparmor {
namespace {

constexpr Duration parser_time = seconds(60);  // some 20 ms as a rule
constexpr Duration pause_after_failure = seconds(60);
constexpr std::size_t words_max = 64u << 10;

std::string note_path(const DefaultProfileOptions& options) { return options.run_folder + "/apparmor"; }

Result<void> write_note(const DefaultProfileOptions& options, const std::string& text_digest) {
  const std::string note = note_of(text_digest, digest_of_loaded(options.places, default_name));
  const std::string path = note_path(options);
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return linux::write_whole(file.get(), note);
}

std::string one_line(std::string words) {
  while (words.ends_with('\n')) words.pop_back();
  for (char& c : words) c = c == '\n' ? ' ' : c;
  return words;
}

}  // namespace

struct DefaultProfile::Seen {
  bool enabled = false;
  std::string own_label = {}, parser = {};
  LoadFacts facts = {};
};

DefaultProfile::DefaultProfile(const DefaultProfileGround& ground, DefaultProfileOptions options)
    : ground_(ground), options_(std::move(options)), background_(ground.loop) {}

void DefaultProfile::begin() { load(); }

void DefaultProfile::load() {
  loading_ = true;
  background_.spawn(load_whole(), "load the AppArmor profile");
}

Task<void> DefaultProfile::load_whole() {
  const Result<void> done = co_await load_or_fail().result();
  const std::string why = done ? std::string() : done.error().message();
  const std::string before = std::exchange(trouble_, older_ ? std::string() : why);
  if (!done && older_)
    ground_.log.warn("AppArmor: the profile {} that the kernel has is kept as it is: {}", default_name, why);
  else if (!done && why != before)
    ground_.log.warn("AppArmor: the profile {} cannot be loaded, containers run unconfined by it: {}",
                     default_name, why);
  loading_ = false;
  loaded_.notify_all();
}

Task<void> DefaultProfile::load_or_fail() {
  older_ = false;
  const Seen seen = co_await ground_.pool.run([options = options_]() -> Result<Seen> {
    Seen found{.enabled = is_enabled(options.places)};
    if (!found.enabled) return found;
    found.own_label = own_label(options.places);
    found.parser = find_parser(options.places);
    found.facts = {.loaded = TRY(is_loaded(options.places, default_name)),
                   .kernel_digest = digest_of_loaded(options.places, default_name),
                   .note = linux::read_file(note_path(options).c_str(), 4096).value_or(""),
                   .administrators = ::access(options.places.administrators.c_str(), R_OK) == 0};
    return found;
  });
  enabled_ = seen.enabled;
  older_ = seen.facts.loaded;
  if (!enabled_) co_return;
  const std::string profile = default_profile(seen.own_label);
  const std::string digest = text("{:x}", crypto::checksum(profile));
  const Load load = plan_load(seen.facts, digest);
  if (load == Load::nothing) co_return;
  if (seen.parser.empty())
    co_await unavailable("there is no {}; it comes with the package apparmor (apparmor-parser)",
                         options_.places.parsers.front());
  if (load == Load::administrators) co_await run_parser(seen.parser, options_.places.administrators, {});
  else co_await run_parser(seen.parser, {}, profile);
  // A parser that was told to leave a profile alone ends well, and so does one whose file is another's.
  if (!co_await ground_.pool.run([places = options_.places] { return is_loaded(places, default_name); })) {
    patient_until_ = ground_.clock.now() + pause_after_failure;
    co_await unavailable("{} ended well, but the kernel has no such profile", seen.parser);
  }
  if (load == Load::administrators) co_return;
  co_await ground_.pool.run([options = options_, digest] { return write_note(options, digest); });
}

// Its own caches are passed by: they know nothing of what comes through a pipe.
Task<void> DefaultProfile::run_parser(std::string parser, std::string file, std::string input) {
  io::Command command{.arguments = {parser, "--replace", "--skip-cache", "--quiet"},
                      .environment = std::vector<std::string>{}};
  if (!file.empty()) command.arguments.push_back(file);
  auto ran = co_await io::deadline(io::capture(ground_.loop, std::move(command), std::move(input), words_max),
                                   parser_time)
                 .result();
  const bool failed = !ran || !ran->status.ok();
  if (failed) patient_until_ = ground_.clock.now() + pause_after_failure;
  if (!ran) co_await Failure(std::move(ran).error().within(parser));
  if (failed)
    co_await unavailable("{}: {}{}{}", parser, ran->status.to_text(), ran->errors.empty() ? "" : ": ",
                         one_line(ran->errors));
}

Task<std::string> DefaultProfile::ready() {
  for (bool again = false;; again = true) {
    while (loading_) co_await loaded_.wait();
    if (!enabled_) co_return std::string();
    const auto there =
        co_await ground_.pool.run([places = options_.places] { return is_loaded(places, default_name); })
            .result();
    if (there && *there) co_return std::string(default_name);
    if (again || ground_.clock.now() < patient_until_) co_return std::string();
    if (!loading_) load();
  }
}

}  // namespace podo::apparmor
