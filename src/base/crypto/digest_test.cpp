#include "base/crypto/digest.h"

#include <doctest/doctest.h>

namespace podo::crypto {

TEST_CASE("digests are those of FIPS 180-4's examples") {
  CHECK_EQ(digest_of(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_EQ(digest_of("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_EQ(digest_of("abc", DigestAlgorithm::sha512),
           "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
           "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("a digest in parts is the digest of the whole, and can be asked in between") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += text("{},", i);
  for (DigestAlgorithm algorithm : {DigestAlgorithm::sha256, DigestAlgorithm::sha512}) {
    Digest digest(algorithm);
    for (std::size_t at = 0; at < bytes.size(); at += 77) {
      CHECK_EQ(digest.text(), digest_of(bytes.substr(0, at), algorithm));
      digest.add(std::string_view(bytes).substr(at, 77));
    }
    CHECK_EQ(digest.text(), digest_of(bytes, algorithm));
    CHECK_EQ(algorithm_of(digest.text()), algorithm);
  }
  CHECK_EQ(algorithm_of("md5:00").error().kind(), ErrorKind::unsupported);
}

}  // namespace podo::crypto
