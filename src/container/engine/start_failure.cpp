#include "container/engine/start_failure.h"

#include <string>
#include <string_view>

namespace podo::engine {
namespace {

// Go writes errno's texts in lower case, and so do all who look for them.
constexpr std::string_view words[] = {"Permission denied", "No such file or directory", "Is a directory",
                                      "Not a directory", "Exec format error"};

std::string in_lower_case(std::string message) {
  for (const std::string_view each : words) {
    for (std::size_t at = message.find(each); at != std::string::npos; at = message.find(each, at + 1))
      message[at] = static_cast<char>(message[at] | 0x20);
  }
  return message;
}

}  // namespace

std::string runtime_message(std::string_view errors) {
  constexpr std::string_view mark = " msg=\"";
  const std::size_t at = errors.rfind(mark);
  if (at == std::string_view::npos) return std::string(errors);
  std::string message;
  for (std::size_t i = at + mark.size(); i < errors.size() && errors[i] != '"'; ++i) {
    if (errors[i] == '\\' && i + 1 < errors.size()) ++i;
    message += errors[i];
  }
  return message;
}

StartFailure explain_start_failure(const Error& cause) {
  std::string message = in_lower_case(cause.message());
  if (message.contains("executable file not found") || message.contains("no such file or directory"))
    return {Error(ErrorKind::invalid, std::move(message)), 127};
  if (message.contains("permission denied") || message.contains("is a directory"))
    return {Error(ErrorKind::invalid, std::move(message)), 126};
  if (message.contains("not a directory")) {
    message +=
        ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path "
        "exists and is the expected type";
    return {Error(ErrorKind::invalid, std::move(message)), 127};
  }
  return {Error(cause.kind(), std::move(message)), 128};
}

}  // namespace podo::engine
