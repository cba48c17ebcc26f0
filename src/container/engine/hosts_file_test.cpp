#include "container/engine/hosts_file.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

TEST_CASE("hosts: the common names, then one line an entry, each name once") {
  const HostsEntry entries[] = {
      {"10.0.0.1", {"db", "db", "3f2a"}}, {"10.0.0.2", {"", "web.example", "web"}}, {"10.0.0.3", {""}}};
  const std::string hosts = make_hosts(entries);
  CHECK(hosts.starts_with("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"));
  CHECK(hosts.ends_with("ff02::2\tip6-allrouters\n10.0.0.1\tdb 3f2a\n10.0.0.2\tweb.example web\n"));
}

TEST_CASE("extra hosts are given with a colon or an equals sign, IPv6 with brackets or without") {
  CHECK(parse_extra_host("a:1.2.3.4", "")->address == "1.2.3.4");
  CHECK(parse_extra_host("a=1.2.3.4", "")->names == std::vector<std::string>{"a"});
  CHECK(parse_extra_host("a:[::1]", "")->address == "::1");
  CHECK(parse_extra_host("a:fe80::1", "")->address == "fe80::1");
  CHECK(parse_extra_host("h:host-gateway", "172.17.0.1")->address == "172.17.0.1");
  CHECK_FALSE(parse_extra_host("h:host-gateway", ""));
  CHECK_FALSE(parse_extra_host("nothing", ""));
  CHECK_FALSE(parse_extra_host(":1.2.3.4", ""));
}

TEST_CASE("links name a container and what it is called here") {
  CHECK(parse_link("web:db").container == "web");
  CHECK(parse_link("web:db").alias == "db");
  CHECK(parse_link("web").alias == "web");
  CHECK(parse_link("/web:/own/db").container == "web");
  CHECK(parse_link("/web:/own/db").alias == "db");
}

}  // namespace
}  // namespace podo::engine
