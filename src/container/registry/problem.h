// What the registry says when it refuses (distribution-spec, "Error Codes"), with the HTTP status that goes
// along and the words people know for it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace podo::registry {

struct Problem {
  int status = 0;
  std::string_view code;  // "BLOB_UNKNOWN"
  std::string message;
  std::string detail = {};  // JSON, or ""
};

template <class T = void>
using Answer = std::expected<T, Problem>;
using Refusal = std::unexpected<Problem>;

// {"errors":[{"code":...,"message":...,"detail":...}]}
std::string to_json(const Problem& problem);

Problem blob_unknown(std::string_view digest);
Problem upload_unknown(std::string_view id);
Problem digest_invalid(std::string_view why);
Problem size_invalid(std::string_view why);
Problem range_invalid(std::string_view why);
Problem manifest_unknown(std::string_view repository, std::string_view reference);
Problem manifest_invalid(std::string_view why);
Problem manifest_too_large(std::uint64_t bytes_max);
Problem manifest_blob_unknown(std::string_view digest);
Problem name_invalid(std::string_view name);
Problem name_unknown(std::string_view name);
Problem tag_invalid(std::string_view tag);
Problem number_invalid(std::string_view text);
Problem no_such_page();
Problem not_supported(std::string_view why);  // 405: the method, or what is switched off

}  // namespace podo::registry
