#include "container/builder/step_failed.h"

#include <charconv>

namespace podo::builder {
namespace {

constexpr std::string_view before = "The command '", between = "' returned a non-zero code: ";

}  // namespace

Error step_failure(const StepFailed& failed) {
  return {ErrorKind::invalid, text("{}{}{}{}", before, failed.command, between, failed.exit_code)};
}

std::optional<StepFailed> step_failed(const Error& error) {
  const std::string_view message = error.message();
  const std::size_t start = message.find(before), end = message.rfind(between);
  if (start == message.npos || end == message.npos || end < start + before.size()) return std::nullopt;
  StepFailed failed;
  failed.command = message.substr(start + before.size(), end - start - before.size());
  const std::string_view code = message.substr(end + between.size());
  const auto read = std::from_chars(code.data(), code.data() + code.size(), failed.exit_code);
  if (read.ec != std::errc() || read.ptr != code.data() + code.size()) return std::nullopt;
  return failed;
}

}  // namespace podo::builder
