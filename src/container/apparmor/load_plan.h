// Whether the default profile has to be loaded. The kernel keeps it until the machine ends, so as a rule the
// first daemon loads it and later ones find it there. Two daemons side by side share it: where their texts
// differ, the one that began last has its text in force. Pure.
#pragma once

#include <string>
#include <string_view>

namespace podo::apparmor {

// note := TEXT_DIGEST " " KERNEL_DIGEST      what a daemon with this run folder loaded, and what came of it
struct LoadFacts {
  bool loaded = false;             // the kernel has a profile of that name ...
  std::string kernel_digest = {};  // ... with this digest; "" not known
  std::string note = {};           // "": nothing was loaded since the machine began
  bool administrators = false;     // there is a file of the administrator's
};

enum class Load { nothing, own, administrators };
Load plan_load(const LoadFacts& facts, std::string_view text_digest);

std::string note_of(std::string_view text_digest, std::string_view kernel_digest);

}  // namespace podo::apparmor
