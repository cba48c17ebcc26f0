#include "container/builder/step_key.h"

#include "base/core/text.h"
#include "base/crypto/digest.h"

namespace podo::builder {

StepKey::StepKey(std::string_view kind) : text_("podo build step 1\n") { add("kind", kind); }

StepKey& StepKey::add(std::string_view name, std::string_view value) {
  append_text(text_, "{} {}:", std::initializer_list<TextArgument>{name, value.size()}.begin());
  text_ += value;
  text_ += '\n';
  return *this;
}

StepKey& StepKey::add(std::string_view name, const std::vector<std::string>& values) {
  add(name, podo::text("{}", values.size()));
  for (const std::string& value : values) add(name, value);
  return *this;
}

std::string StepKey::digest() const { return crypto::digest_of(text_).substr(7); }  // behind "sha256:"

}  // namespace podo::builder
