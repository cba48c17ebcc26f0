// SHA-1 (FIPS 180-4), for protocols that use it to show that a message was understood, such as the handshake
// of WebSocket. It names nothing and proves nothing: others can make bytes with the same sum.
#pragma once

#include <string>
#include <string_view>

namespace podo::crypto {

std::string sha1(std::string_view bytes);  // 20 bytes

}  // namespace podo::crypto
