// What can go wrong, as values.
//
// An expected outcome is a Result<T>: the value, or an Error of one of the closed set of kinds. Kinds are
// mapped to a protocol (an exit code, an HTTP status) once, at that protocol's edge. Programming errors do
// not travel: they stop the program (see ensure.h).
//
//   Result<Fd> open_log(std::string_view path) {
//     if (path.empty()) return invalid("the log needs a path");
//     Fd file = TRY(open_file(path));               // fails -> this function fails with the same Error
//     return file;
//   }
#pragma once

#include <cerrno>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/core/text.h"

namespace podo {

enum class ErrorKind : std::uint8_t {
  not_found,        // what was named is not there
  already_exists,   // the name is taken
  conflict,         // the thing is in a state that does not allow this
  invalid,          // the request itself is wrong; repeating it will not help
  denied,           // known, but not allowed
  unauthenticated,  // not known who asks
  exhausted,        // a limit, a quota, space or descriptors ran out
  unavailable,      // may work later
  corrupt,          // stored bytes are not what was written
  unsupported,      // this program or this host cannot do it
  cancelled,        // the caller no longer wants it
  internal,         // a defect here, or the system broke a promise
};

std::string_view name_of(ErrorKind kind);  // "not found", "invalid", ...

class Error {
 public:
  Error(ErrorKind kind, std::string message, int system_errno = 0)
      : message_(std::move(message)), errno_(system_errno), kind_(kind) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  int system_errno() const { return errno_; }  // 0 when no system call is behind it

  // The same error told from one floor up: "mount /proc: permission denied".
  Error within(std::string_view context) && {
    message_.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }

 private:
  std::string message_;
  int errno_;
  ErrorKind kind_;
};

using Failure = std::unexpected<Error>;

template <class T = void>
using Result = std::expected<T, Error>;

inline Failure fail(ErrorKind kind, std::string message, int system_errno = 0) {
  return Failure(Error(kind, std::move(message), system_errno));
}

#define PODO_ERROR_FACTORY(kind)                               \
  template <class... A>                                        \
  Failure kind(Pattern<A...> pattern, const A&... arguments) { \
    return fail(ErrorKind::kind, text(pattern, arguments...)); \
  }
PODO_ERROR_FACTORY(not_found)
PODO_ERROR_FACTORY(already_exists)
PODO_ERROR_FACTORY(conflict)
PODO_ERROR_FACTORY(invalid)
PODO_ERROR_FACTORY(denied)
PODO_ERROR_FACTORY(exhausted)
PODO_ERROR_FACTORY(unavailable)
PODO_ERROR_FACTORY(corrupt)
PODO_ERROR_FACTORY(unsupported)
PODO_ERROR_FACTORY(cancelled)
PODO_ERROR_FACTORY(internal)
#undef PODO_ERROR_FACTORY

// The failure of a system call: "open /etc/x: No such file or directory", its kind chosen from `error`.
Failure system_failure(int error, std::string what);
ErrorKind kind_of_errno(int error);
std::string_view describe_errno(int error);  // "No such file or directory"; no locale, no buffer

template <class... A>
Failure failed_errno(int error, Pattern<A...> pattern, const A&... arguments) {
  return system_failure(error, text(pattern, arguments...));
}

}  // namespace podo

// TRY(expression): the value of a Result, or return its Error from the enclosing function.
// TRY_IN(context, expression): the same, with `context: ` put before the message; `context` is evaluated
// only on failure.
#define PODO_TRY_NAMED(name, expression, error_of)               \
  __extension__({                                                \
    auto&& name = (expression);                                  \
    if (!name) [[unlikely]]                                      \
      return ::podo::Failure(error_of(std::move(name).error())); \
    *std::move(name);                                            \
  })
#define PODO_TRY_UNIQUE(number, expression, error_of) \
  PODO_TRY_NAMED(podo_result_##number, expression, error_of)
#define PODO_TRY(number, expression, error_of) PODO_TRY_UNIQUE(number, expression, error_of)
#define TRY(expression) PODO_TRY(__COUNTER__, expression, )
#define TRY_IN(context, expression) \
  PODO_TRY(__COUNTER__, expression, \
           [&](::podo::Error&& podo_error) { return std::move(podo_error).within(context); })
