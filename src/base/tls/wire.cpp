// A BIO of ours: OpenSSL takes its bytes from where they were received, and puts them where they are sent
// from. Its own memories would keep their largest size for as long as the connection lives.
#include <algorithm>
#include <cstring>

#include "base/core/ensure.h"
#include "base/tls/context.h"

namespace podo::tls {
namespace {

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int take(BIO* bio, char* into, std::size_t size, std::size_t* count) {
  std::span<const std::byte>& incoming = wire_of(bio).incoming;
  BIO_clear_retry_flags(bio);
  *count = std::min(size, incoming.size());
  if (*count == 0) {
    BIO_set_retry_read(bio);  // nothing there is not the end
    return 0;
  }
  std::memcpy(into, incoming.data(), *count);
  incoming = incoming.subspan(*count);
  return 1;
}

int put(BIO* bio, const char* bytes, std::size_t size, std::size_t* count) {
  BIO_clear_retry_flags(bio);
  wire_of(bio).outgoing.append(bytes, size);
  *count = size;
  return 1;
}

long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

WireMethod wire_method() {
  WireMethod method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire"));
  ENSURE(method != nullptr);
  BIO_meth_set_read_ex(method.get(), take);
  BIO_meth_set_write_ex(method.get(), put);
  BIO_meth_set_ctrl(method.get(), control);
  return method;
}

BIO* new_wire(const BIO_METHOD* method, Wire& wire) {
  BIO* bio = BIO_new(method);
  ENSURE(bio != nullptr);
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace podo::tls
