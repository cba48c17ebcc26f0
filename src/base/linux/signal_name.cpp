#include "base/linux/signal_name.h"

#include <signal.h>

#include <optional>

#include "base/core/number.h"

namespace podo::linux {
namespace {

// Names of one number: the first is the one that is printed.
struct SignalName {
  std::string_view name;
  int number;
};
constexpr SignalName names[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},     {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"IOT", SIGABRT},      {"BUS", SIGBUS},       {"FPE", SIGFPE},   {"KILL", SIGKILL},
    {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},
    {"TERM", SIGTERM}, {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU}, {"URG", SIGURG},
    {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},     {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"POLL", SIGIO},       {"PWR", SIGPWR},       {"SYS", SIGSYS},
};

// The kernel's: the C library keeps some of them for itself, a container's may not.
constexpr int real_time_min = 34, real_time_max = 64;

std::optional<int> number_of(std::string_view digits) {
  return digits.starts_with('-') ? std::nullopt : whole_number<int>(digits);
}

// real_time := "RTMIN" [ "+" number ] | "RTMAX" [ "-" number ]
std::optional<int> real_time(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return std::nullopt;
  name.remove_prefix(5);
  if (name.empty()) return from_min ? real_time_min : real_time_max;
  if (name[0] != (from_min ? '+' : '-')) return std::nullopt;
  const auto distance = number_of(name.substr(1));
  if (!distance || *distance > real_time_max - real_time_min) return std::nullopt;
  return from_min ? real_time_min + *distance : real_time_max - *distance;
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  if (const auto number = number_of(text)) {
    if (*number >= 1 && *number <= real_time_max) return *number;
    return invalid("signal {} is not 1..{}", *number, real_time_max);
  }
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  std::string_view name = upper;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const SignalName& known : names) {
    if (known.name == name) return known.number;
  }
  if (const auto number = real_time(name)) return *number;
  return invalid("\"{}\" is not a signal", text.substr(0, 60));
}

std::string name_signal(int signal) {
  for (const SignalName& known : names) {
    if (known.number == signal) return text("SIG{}", known.name);
  }
  if (signal == real_time_min) return "SIGRTMIN";
  if (signal > real_time_min && signal <= real_time_max) return text("SIGRTMIN+{}", signal - real_time_min);
  return text("{}", signal);
}

}  // namespace podo::linux
