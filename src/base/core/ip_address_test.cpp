#include "base/core/ip_address.h"

#include <doctest/doctest.h>

namespace podo {

TEST_CASE("addresses are read and printed") {
  for (const char* text : {"0.0.0.0", "172.17.0.1", "::", "::1", "2001:db8::5", "fe80::1:0:0:1"})
    CHECK(IpAddress::parse(text)->to_text() == text);
  CHECK(IpAddress::parse("2001:0DB8:0::0005")->to_text() == "2001:db8::5");
  for (const char* wrong :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "1.2.3.4 ", "[::1]", "fe80::1%eth0"})
    CHECK(!IpAddress::parse(wrong).has_value());
  CHECK(IpAddress().to_text().empty());
  CHECK(IpAddress::parse("127.9.9.9")->is_loopback());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK(!IpAddress::parse("::2")->is_loopback());
  CHECK(IpAddress::parse("::")->is_unspecified());
  CHECK(!IpAddress().is_unspecified());
}

TEST_CASE("addresses count over their bytes' borders") {
  CHECK(IpAddress::parse("10.0.255.255")->plus(1).to_text() == "10.1.0.0");
  CHECK(IpAddress::parse("255.255.255.255")->plus(1).to_text() == "0.0.0.0");
  CHECK(IpAddress::parse("2001:db8::ffff:ffff")->plus(2).to_text() == "2001:db8::1:0:1");
  CHECK(IpAddress::parse("10.1.0.0")->previous().to_text() == "10.0.255.255");
  CHECK(*IpAddress::parse("255.0.0.0") < *IpAddress::parse("::"));
  CHECK(*IpAddress::parse("9.0.0.0") < *IpAddress::parse("10.0.0.0"));
}

TEST_CASE("prefixes contain and overlap") {
  const IpPrefix net = *IpPrefix::parse("172.17.5.9/20");
  CHECK(net.network().to_text() == "172.17.0.0/20");
  CHECK(net.last().to_text() == "172.17.15.255");
  CHECK(net.contains(*IpAddress::parse("172.17.15.255")));
  CHECK(!net.contains(*IpAddress::parse("172.17.16.0")));
  CHECK(!net.contains(*IpAddress::parse("::")));
  CHECK(net.overlaps(*IpPrefix::parse("172.16.0.0/12")));
  CHECK(!net.overlaps(*IpPrefix::parse("172.17.16.0/20")));
  CHECK(IpPrefix::parse("::/0")->contains(*IpAddress::parse("ffff::")));
  CHECK(IpPrefix::parse("fd00::/64")->last().to_text() == "fd00::ffff:ffff:ffff:ffff");
  for (const char* wrong :
       {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "/8", "::/129"})
    CHECK(!IpPrefix::parse(wrong).has_value());
}

}  // namespace podo
