#include "model/docker/container_config.h"

#include <doctest/doctest.h>

namespace podo::docker {
namespace {

json::Document parsed(std::string_view text) { return *json::parse(std::string(text)); }

template <class T>
std::string encoded(const T& value) {
  json::Writer out;
  encode(out, value);
  return out.take();
}

std::string again(const Config& config) {
  return encoded(*decode_config(json::Field(parsed(encoded(config)))));
}
std::string again(const HostConfig& config) {
  return encoded(*decode_host_config(json::Field(parsed(encoded(config)))));
}

// Every member with a value that is not its default.
constexpr std::string_view full_config =
    R"({"Hostname":"h","Domainname":"d","User":"1:2","AttachStdin":true,)"
    R"("AttachStdout":true,"AttachStderr":true,"ExposedPorts":{"53/udp":{},"80/tcp":{}},"Tty":true,)"
    R"("OpenStdin":true,"StdinOnce":true,"Env":["A=1"],"Cmd":["sh","-c","x"],)"
    R"("Healthcheck":{"Test":["CMD","t"],)"
    R"("Interval":1,"Timeout":2,"StartPeriod":3,"StartInterval":4,"Retries":5},"ArgsEscaped":true,)"
    R"("Image":"i",)"
    R"("Volumes":{"/data":{}},"WorkingDir":"/w","Entrypoint":["/e"],"NetworkDisabled":true,)"
    R"("MacAddress":"02:00:00:00:00:01","OnBuild":["RUN x"],"Labels":{"a":"b"},"StopSignal":"SIGINT",)"
    R"("StopTimeout":7,"Shell":["/bin/sh","-c"]})";

constexpr std::string_view full_host_config =
    R"({"Binds":["/a:/b:ro"],"ContainerIDFile":"f",)"
    R"("LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}},"NetworkMode":"n",)"
    R"("PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]},)"
    R"("RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3},"AutoRemove":true,)"
    R"("VolumeDriver":"local",)"
    R"("VolumesFrom":["c:ro"],"ConsoleSize":[40,120],"Annotations":{"k":"v"},"CapAdd":["NET_ADMIN"],)"
    R"("CapDrop":["ALL"],"CgroupnsMode":"private","Dns":["1.1.1.1"],"DnsOptions":["ndots:1"],)"
    R"("DnsSearch":["x.y"],"ExtraHosts":["a:1.2.3.4"],"GroupAdd":["5"],"IpcMode":"host","Cgroup":"c",)"
    R"("Links":["x:y"],"OomScoreAdj":-5,"PidMode":"host","Privileged":true,"PublishAllPorts":true,)"
    R"("ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges"],"StorageOpt":{"size":"1G"},)"
    R"("Tmpfs":{"/t":"size=1m"},"UTSMode":"host","UsernsMode":"host","ShmSize":67108864,)"
    R"("Sysctls":{"net.core.somaxconn":"1"},"Runtime":"podo","Isolation":"default","CpuShares":2,)"
    R"("Memory":3,)"
    R"("NanoCpus":4,"CgroupParent":"/p","BlkioWeight":500,"BlkioWeightDevice":[{"Path":"/dev/a",)"
    R"("Weight":10}],)"
    R"("BlkioDeviceReadBps":[{"Path":"/dev/b","Rate":1}],"BlkioDeviceWriteBps":[{"Path":"/dev/c",)"
    R"("Rate":2}],)"
    R"("BlkioDeviceReadIOps":[{"Path":"/dev/d","Rate":3}],"BlkioDeviceWriteIOps":[{"Path":"/dev/e",)"
    R"("Rate":4}],)"
    R"("CpuPeriod":5,"CpuQuota":6,"CpuRealtimePeriod":7,"CpuRealtimeRuntime":8,"CpusetCpus":"0-1",)"
    R"("CpusetMems":"0","Devices":[{"PathOnHost":"/dev/x","PathInContainer":"/dev/y",)"
    R"("CgroupPermissions":"rwm"}],)"
    R"("DeviceCgroupRules":["c 1:3 rwm"],"DeviceRequests":[{"Driver":"d","Count":-1,"DeviceIDs":["0"],)"
    R"("Capabilities":[["gpu","x"]],"Options":{"o":"p"}}],"KernelMemory":9,"MemoryReservation":10,)"
    R"("MemorySwap":-1,"MemorySwappiness":60,"OomKillDisable":true,"PidsLimit":100,)"
    R"("Ulimits":[{"Name":"nofile","Hard":2,"Soft":1}],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,)"
    R"("IOMaximumBandwidth":0,"Mounts":[{"Type":"bind","Source":"/s","Target":"/t","ReadOnly":true,)"
    R"("Consistency":"cached","BindOptions":{"Propagation":"rslave","NonRecursive":true,)"
    R"("CreateMountpoint":true,)"
    R"("ReadOnlyNonRecursive":true,"ReadOnlyForceRecursive":true}},{"Type":"volume","Source":"v",)"
    R"("Target":"/v",)"
    R"("VolumeOptions":{"NoCopy":true,"Labels":{"l":"m"},"Subpath":"s","DriverConfig":{"Name":"local",)"
    R"("Options":{"o":"p"}}}},{"Type":"tmpfs","Target":"/m","TmpfsOptions":{"SizeBytes":4096,"Mode":448,)"
    R"("Options":[["noexec"],["uid","1"]]}}],"MaskedPaths":["/proc/x"],"ReadonlyPaths":[],"Init":false})";

TEST_CASE("every member of Config is read and written") {
  const auto document = parsed(full_config);
  CHECK(encoded(*decode_config(json::Field(document))) == full_config);
}

TEST_CASE("every member of HostConfig is read and written") {
  const auto document = parsed(full_host_config);
  CHECK(encoded(*decode_host_config(json::Field(document))) == full_host_config);
}

TEST_CASE("what is empty comes back empty") {
  CHECK(again(Config{}) == encoded(Config{}));
  CHECK(again(HostConfig{}) == encoded(HostConfig{}));
}

TEST_CASE("no command and an empty command stay two things") {
  Config config;
  config.cmd.emplace();
  const auto document = parsed(encoded(config));
  const Config read = *decode_config(json::Field(document));
  CHECK(read.cmd.has_value());
  CHECK(!read.entrypoint.has_value());
}

TEST_CASE("a command may be one string, and names may be written in any case") {
  const auto body =
      parsed(R"({"image":"busybox","cMD":"true","ENTRYPOINT":["/e"],"hostconfig":{"binds":["/a:/b"],)"
             R"("portbindings":{"80/tcp":null}},"networkingConfig":{"endpointsConfig":)"
             R"({"n":{"ipamconfig":{"ipv4address":"10.0.0.2"},"Aliases":["x"],"GwPriority":-1},)"
             R"("m":null}}})");
  const CreateRequest request = *decode_create_request(body);
  CHECK(request.config.image == "busybox");
  CHECK(request.config.cmd == Strings{"true"});
  CHECK(request.config.entrypoint == Strings{"/e"});
  CHECK(request.host_config.binds == Strings{"/a:/b"});
  CHECK(request.host_config.port_bindings.at("80/tcp").empty());
  REQUIRE(request.endpoints.size() == 2);
  CHECK(request.endpoints.at("n").ipam_config->ipv4_address == "10.0.0.2");
  CHECK(request.endpoints.at("n").gw_priority == -1);
  CHECK(!request.endpoints.at("m").ipam_config);
}

TEST_CASE("a name written exactly wins over one in another case") {
  CHECK(decode_create_request(parsed(R"({"image":"a","Image":"b"})"))->config.image == "b");
}

TEST_CASE("null is absent and unknown members are ignored") {
  const auto body =
      parsed(R"({"Image":"i","Cmd":null,"Healthcheck":null,"HostConfig":null,"Foo":[1],"Env":null})");
  const CreateRequest request = *decode_create_request(body);
  CHECK(!request.config.cmd);
  CHECK(!request.config.healthcheck);
}

TEST_CASE("a wrong kind is told with its path") {
  CHECK(decode_create_request(parsed(R"({"HostConfig":{"Memory":"1g"}})")).error().message() ==
        "HostConfig.Memory: expected an integer, got the string \"1g\"");
  CHECK(decode_create_request(parsed("[]")).error().kind() == ErrorKind::invalid);
  CHECK(!decode_create_request(parsed(R"({"NetworkingConfig":{"EndpointsConfig":{"a":3}}})")));
  CHECK(!decode_create_request(parsed(R"({"HostConfig":{"BlkioWeight":65536}})")));
  CHECK(!decode_create_request(parsed(R"({"Env":["A=\u0000"]})")));
}

TEST_CASE("an update has limits and may have a restart policy") {
  const auto plain = *decode_update_request(parsed(R"({"Memory":5,"PidsLimit":-1})"));
  CHECK(plain.resources.memory == 5);
  CHECK(plain.resources.pids_limit == -1);
  CHECK(!plain.restart_policy);
  const auto both = *decode_update_request(parsed(R"({"restartPolicy":{"Name":"always"}})"));
  CHECK(both.restart_policy->name == "always");
}

TEST_CASE("an endpoint comes back as it was asked for") {
  EndpointSettings settings;
  settings.ipam_config = {"10.0.0.2", "fd00::2", {"169.254.1.1"}};
  settings.links = {"a:b"};
  settings.aliases = {"c"};
  settings.mac_address = "02:00:00:00:00:01";
  settings.driver_opts = {{"o", "p"}};
  settings.gw_priority = 4;
  const auto text = [](const EndpointSettings& of) {
    json::Writer out;
    out.object();
    encode_members(out, of);
    return out.end().take();
  };
  const auto document = parsed(text(settings));
  CHECK(text(*decode_endpoint_settings(json::Field(document))) == text(settings));
}

}  // namespace
}  // namespace podo::docker
