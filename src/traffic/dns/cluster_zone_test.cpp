#include "traffic/dns/cluster_zone.h"

#include "traffic/dns/cluster_testing.h"

namespace podo::cluster_dns {
namespace {

using dns::Type;

struct ZoneWorld {
  ZoneWorld() { fill(names); }
  // "10.96.0.7 " or "NXDOMAIN "; "" is a name without such data. Additional addresses stand behind "+".
  std::string ask(std::string name, Type type = Type::a) const {
    if (!name.ends_with(".local")) name += ".cluster.local";
    const Finding finding = zone.find({name, type});
    std::string words = finding.code == dns::Code::no_such_name ? "NXDOMAIN " : "";
    for (const dns::Record& record : finding.answers) {
      CHECK(record.name == name);
      CHECK((record.ttl == record_ttl_s || record.type == Type::soa));
      words += data_of(record) + " ";
    }
    for (const dns::Record& record : finding.additional)
      words += text("+{}={} ", record.name, data_of(record));
    return words;
  }
  std::string ask_address(const char* address) const {
    std::string words;
    const IpAddress parsed = *IpAddress::parse(address);
    for (const dns::Record& record : zone.find_names({dns::reverse_name(parsed.bytes()), Type::ptr}, parsed))
      words += data_of(record) + " ";
    return words;
  }
  static std::string data_of(const dns::Record& record) {
    switch (record.type) {
      case Type::a:
      case Type::aaaa: return IpAddress::from_bytes(record.data).to_text();
      case Type::txt: return record.data.substr(1);
      case Type::soa: return "soa";
      case Type::srv: {
        const auto number = [&](std::size_t at) {
          return static_cast<unsigned char>(record.data[at]) << 8 |
                 static_cast<unsigned char>(record.data[at + 1]);
        };
        return text("{}/{}/{}/{}", number(0), number(2), number(4), *dns::target_of(record));
      }
      default: return *dns::target_of(record);
    }
  }
  ClusterNames names;
  ClusterZone zone{
      names, "Cluster.Local", {*IpAddress::parse("10.244.0.1"), *IpAddress::parse("fd00:244::1")}};
};

}  // namespace

TEST_CASE("a Service has its cluster addresses, whatever the case of its name") {
  const ZoneWorld world;
  CHECK(world.ask("web.default.svc") == "10.96.0.7 ");
  CHECK(world.ask("WEB.Default.svc") == "10.96.0.7 ");
  CHECK(world.ask("web.default.svc", Type::aaaa) == "fd00:96::7 ");
  CHECK(world.ask("api.prod.svc") == "10.96.0.8 ");
  CHECK(world.ask("api.prod.svc", Type::aaaa) == "");
  CHECK(world.ask("web.default.svc", Type::txt) == "");
}

TEST_CASE("a headless Service has the addresses of its ready endpoints, or of all when it says so") {
  const ZoneWorld world;
  CHECK(world.ask("db.default.svc") == "10.244.0.5 10.244.0.6 10.244.0.9 ");
  CHECK(world.ask("db.default.svc", Type::aaaa) == "fd00:244::5 fd00:244::9 ");
  CHECK(world.ask("late.default.svc") == "10.244.0.20 ");
  CHECK(world.ask("late-0.late.default.svc") == "10.244.0.20 ");
  CHECK(world.ask("empty.default.svc") == "");
}

TEST_CASE("endpoints have names: their hostnames, or their addresses with dashes") {
  const ZoneWorld world;
  CHECK(world.ask("db-0.db.default.svc") == "10.244.0.5 ");
  CHECK(world.ask("db-0.db.default.svc", Type::aaaa) == "fd00:244::5 ");
  CHECK(world.ask("10-244-0-9.db.default.svc") == "10.244.0.9 ");
  CHECK(world.ask("fd00-244--9.db.default.svc", Type::aaaa) == "fd00:244::9 ");
  CHECK(world.ask("fd00-244--9.db.default.svc", Type::a) == "");
  CHECK(world.ask("10-244-0-30.web.default.svc") == "10.244.0.30 ");
  CHECK(world.ask("db-2.db.default.svc") == "NXDOMAIN ");        // not ready
  CHECK(world.ask("10-244-0-5.db.default.svc") == "NXDOMAIN ");  // it has a hostname
}

TEST_CASE("SRV leads to the Service, or to each endpoint, with their addresses") {
  const ZoneWorld world;
  CHECK(world.ask("_http._tcp.web.default.svc", Type::srv) ==
        "0/100/80/web.default.svc.cluster.local +web.default.svc.cluster.local=10.96.0.7 "
        "+web.default.svc.cluster.local=fd00:96::7 ");
  CHECK(world.ask("_DNS._udp.web.default.svc", Type::srv).starts_with("0/100/53/web."));
  CHECK(world.ask("_sql._tcp.db.default.svc", Type::srv) ==
        "0/100/5432/db-0.db.default.svc.cluster.local 0/100/5432/db-1.db.default.svc.cluster.local "
        "0/100/5432/10-244-0-9.db.default.svc.cluster.local "
        "0/100/5432/fd00-244--9.db.default.svc.cluster.local "
        "+db-0.db.default.svc.cluster.local=10.244.0.5 +db-1.db.default.svc.cluster.local=10.244.0.6 "
        "+10-244-0-9.db.default.svc.cluster.local=10.244.0.9 "
        "+db-0.db.default.svc.cluster.local=fd00:244::5 "
        "+fd00-244--9.db.default.svc.cluster.local=fd00:244::9 ");
  CHECK(world.ask("api.prod.svc", Type::srv).starts_with("0/100/443/api.prod.svc.cluster.local +"));
  CHECK(world.ask("db-1.db.default.svc", Type::srv) ==
        "0/100/5432/db-1.db.default.svc.cluster.local +db-1.db.default.svc.cluster.local=10.244.0.6 ");
}

TEST_CASE("names of ports have no other data, and only those that are there exist") {
  const ZoneWorld world;
  CHECK(world.ask("_http._tcp.web.default.svc") == "");
  CHECK(world.ask("_tcp.web.default.svc") == "");
  CHECK(world.ask("_sctp.web.default.svc") == "NXDOMAIN ");
  CHECK(world.ask("_http._udp.web.default.svc", Type::srv) == "NXDOMAIN ");
  CHECK(world.ask("_gone._tcp.web.default.svc", Type::srv) == "NXDOMAIN ");
  CHECK(world.ask("http.tcp.web.default.svc", Type::srv) == "NXDOMAIN ");
  CHECK(world.ask("_._tcp.api.prod.svc", Type::srv) == "NXDOMAIN ");
  CHECK(world.ask("_sql._tcp.empty.default.svc", Type::srv) == "");
}

TEST_CASE("names above others exist and have no data; all else does not exist") {
  const ZoneWorld world;
  for (const char* there : {"svc", "pod", "dns", "default.svc", "default.pod", "kube-system.svc"})
    CHECK(world.ask(there) == "");
  for (const char* none : {"x", "gone.svc", "gone.pod", "x.default.svc", "web.prod.svc", "a.b.c.d.svc",
                           "x._http._tcp.web.default.svc", "x.dns", "a.ns.dns", "x.dns-version",
                           "web\\.default.svc", "a.out.default.svc"})
    CHECK_MESSAGE(world.ask(none) == "NXDOMAIN ", none);
}

TEST_CASE("an ExternalName is an alias") {
  const ZoneWorld world;
  CHECK(world.ask("out.default.svc") == "web.example ");
  CHECK(world.ask("out.default.svc", Type::cname) == "web.example ");
  CHECK(world.zone.find({"out.default.svc.cluster.local", Type::aaaa}).alias_of == "web.example");
  CHECK(world.zone.find({"out.default.svc.cluster.local", Type::cname}).alias_of.empty());
}

TEST_CASE("pods by address, while their namespace exists") {
  const ZoneWorld world;
  CHECK(world.ask("10-244-0-77.default.pod") == "10.244.0.77 ");
  CHECK(world.ask("fd00-244--77.default.pod", Type::aaaa) == "fd00:244::77 ");
  CHECK(world.ask("10-244-0-77.default.pod", Type::aaaa) == "");
  for (const char* none :
       {"10-244-0-77.gone.pod", "10-244-0-777.default.pod", "web.default.pod", "a.10-244-0-77.default.pod"})
    CHECK_MESSAGE(world.ask(none) == "NXDOMAIN ", none);
}

TEST_CASE("addresses have the names that lead to them") {
  const ZoneWorld world;
  CHECK(world.ask_address("10.96.0.7") == "web.default.svc.cluster.local ");
  CHECK(world.ask_address("fd00:96::7") == "web.default.svc.cluster.local ");
  CHECK(world.ask_address("10.244.0.5") == "db-0.db.default.svc.cluster.local ");
  CHECK(world.ask_address("10.244.0.9") == "10-244-0-9.db.default.svc.cluster.local ");
  CHECK(world.ask_address("10.244.0.7") == "");
  CHECK(world.ask_address("192.0.2.1") == "");
}

TEST_CASE("the domain itself: authority, server, version of the schema") {
  const ZoneWorld world;
  CHECK(world.ask("dns-version", Type::txt) == "1.1.0 ");
  CHECK(world.ask("dns-version", Type::a) == "");
  CHECK(world.ask("ns.dns") == "10.244.0.1 ");
  CHECK(world.ask("ns.dns", Type::aaaa) == "fd00:244::1 ");
  const dns::Question apex{"cluster.local", Type::ns};
  CHECK(world.zone.find(apex).answers.size() == 1);
  CHECK(world.zone.find(apex).additional.size() == 2);
  CHECK(world.zone.find({"cluster.local", Type::soa}).answers.size() == 1);
  CHECK(world.zone.find({"cluster.local", Type::a}).code == dns::Code::no_error);
  CHECK(!world.zone.owns("notcluster.local"));
}

TEST_CASE("names follow what becomes of the objects") {
  ZoneWorld world;
  set_service(world.names, {"default", "web"}, R"({"clusterIP":"10.96.0.9"})");
  CHECK(world.ask("web.default.svc") == "10.96.0.9 ");
  CHECK(world.ask_address("10.96.0.7") == "");
  CHECK(world.ask_address("10.96.0.9") == "web.default.svc.cluster.local ");
  CHECK(world.ask_address("10.244.0.30") == "10-244-0-30.web.default.svc.cluster.local ");
  set_slice(world.names, "default", "db-4", "db", R"("endpoints":[{"addresses":["10.244.0.40"]}])");
  CHECK(world.ask("db.default.svc") == "10.244.0.40 ");
  CHECK(world.ask_address("10.244.0.5") == "");
  set_slice(world.names, "default", "db-4", "late", R"("endpoints":[{"addresses":["10.244.0.41"]}])");
  CHECK(world.ask("db.default.svc") == "");
  CHECK(world.ask("late.default.svc") == "10.244.0.20 10.244.0.41 ");
  world.names.remove_service({"default", "late"});
  CHECK(world.ask("late.default.svc") == "NXDOMAIN ");
  CHECK(world.ask_address("10.244.0.41") == "");
  set_service(world.names, {"default", "late"}, R"({"clusterIP":"None"})");  // its slices were still there
  CHECK(world.ask("late.default.svc") == "10.244.0.41 ");
  world.names.remove_slice("default", "db-4");
  world.names.remove_slice("default", "late-4");
  CHECK(world.ask("late.default.svc") == "");
  world.names.remove_service({"prod", "api"});
  CHECK(world.ask("api.prod.svc") == "NXDOMAIN ");
  world.names.remove_namespace("prod");
  CHECK(world.ask("prod.svc") == "NXDOMAIN ");
  CHECK(world.ask("1-2-3-4.prod.pod") == "NXDOMAIN ");
}

TEST_CASE("objects with odd or missing parts do no harm") {
  ZoneWorld world;
  set_service(world.names, {"default", "bare"}, "{}");
  set_service(
      world.names, {"default", "odd"},
      R"({"clusterIPs":[7,"x",null],"ports":[{"port":"no"},{"port":70000},{},5,{"name":7,"port":9}]})");
  set_slice(world.names, "default", "s", "odd",
            R"("ports":null,"endpoints":[{},{"addresses":[5,"name.example"]},7,{"addresses":null}])");
  const auto nobody = json::parse(R"({"metadata":{},"endpoints":[{"addresses":["10.244.0.99"]}]})");
  world.names.set_slice("default", "t", nobody->root());
  CHECK(world.ask("bare.default.svc") == "");
  CHECK(world.ask("odd.default.svc") == "");
  CHECK(world.ask_address("10.244.0.99") == "");
}

}  // namespace podo::cluster_dns
