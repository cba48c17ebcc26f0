// Any bytes are a DNS message that means the same when it is written and read again, or are refused.
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto message = dns::parse(input);
  (void)dns::refusal_of(input, dns::Code::format_error);
  ENSURE(dns::truncated(input, 512).size() <= 512);
  if (!message) {
    ENSURE(message.error().kind() == ErrorKind::corrupt || message.error().kind() == ErrorKind::invalid);
    return 0;
  }
  ENSURE(dns::encode(*message, 512).size() <= 512 || !message->questions.empty());
  if (size > 2048) return 0;  // names in data are written out, so that much more may not fit
  const auto again = dns::parse(dns::encode(*message));
  ENSURE(again.has_value() && *again == *message);
  return 0;
}
