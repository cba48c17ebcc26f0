#include "container/apparmor/load_plan.h"

#include "base/core/text.h"

namespace podo::apparmor {

std::string note_of(std::string_view text_digest, std::string_view kernel_digest) {
  return text("{} {}", text_digest, kernel_digest);
}

Load plan_load(const LoadFacts& facts, std::string_view text_digest) {
  // What the administrator wrote is loaded with all else of /etc/apparmor.d when the machine begins.
  if (facts.administrators) return facts.loaded ? Load::nothing : Load::administrators;
  if (!facts.loaded || facts.kernel_digest.empty()) return Load::own;
  return facts.note == note_of(text_digest, facts.kernel_digest) ? Load::nothing : Load::own;
}

}  // namespace podo::apparmor
