#include "base/core/error.h"

#include <cstring>

namespace podo {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return "not found";
    case ErrorKind::already_exists: return "already exists";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::denied: return "denied";
    case ErrorKind::unauthenticated: return "unauthenticated";
    case ErrorKind::exhausted: return "exhausted";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

ErrorKind kind_of_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
    case ESRCH: return ErrorKind::not_found;
    case EEXIST: return ErrorKind::already_exists;
    case EBUSY:
    case ENOTEMPTY:
    case EISCONN: return ErrorKind::conflict;
    case EINVAL:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case E2BIG:
    case ENOEXEC: return ErrorKind::invalid;
    case EPERM:
    case EACCES:
    case EROFS:
    case EXDEV: return ErrorKind::denied;
    case ENOSPC:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EDQUOT:
    case EFBIG: return ErrorKind::exhausted;
    case EAGAIN:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN: return ErrorKind::unavailable;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT: return ErrorKind::unsupported;
    case ECANCELED: return ErrorKind::cancelled;
    default: return ErrorKind::internal;
  }
}

std::string_view describe_errno(int error) {
  const char* words = ::strerrordesc_np(error);
  return words != nullptr ? words : "unknown error";
}

Failure system_failure(int error, std::string what) {
  what.append(": ").append(describe_errno(error));
  return fail(kind_of_errno(error), std::move(what), error);
}

}  // namespace podo
