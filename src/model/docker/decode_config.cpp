// Config, NetworkingConfig, and the bodies they come in.
#include "model/docker/decode_members.h"

namespace podo::docker {

static void members(Members& of, HealthConfig& to) {
  of.may("Test", to.test)
      .may("Interval", to.interval_ns)
      .may("Timeout", to.timeout_ns)
      .may("StartPeriod", to.start_period_ns)
      .may("StartInterval", to.start_interval_ns)
      .may("Retries", to.retries);
}

static void members(Members& of, Config& to) {
  of.may("Hostname", to.hostname)
      .may("Domainname", to.domainname)
      .may("User", to.user)
      .may("AttachStdin", to.attach_stdin)
      .may("AttachStdout", to.attach_stdout)
      .may("AttachStderr", to.attach_stderr)
      .may("ExposedPorts", to.exposed_ports)
      .may("Tty", to.tty)
      .may("OpenStdin", to.open_stdin)
      .may("StdinOnce", to.stdin_once)
      .may("Env", to.env)
      .may_command("Cmd", to.cmd)
      .may("Healthcheck", to.healthcheck)
      .may("ArgsEscaped", to.args_escaped)
      .may("Image", to.image)
      .may("Volumes", to.volumes)
      .may("WorkingDir", to.working_dir)
      .may_command("Entrypoint", to.entrypoint)
      .may("NetworkDisabled", to.network_disabled)
      .may("MacAddress", to.mac_address)
      .may("OnBuild", to.on_build)
      .may("Labels", to.labels)
      .may("StopSignal", to.stop_signal)
      .may("StopTimeout", to.stop_timeout_s)
      .may("Shell", to.shell);
}

static void members(Members& of, EndpointSettings::IpamConfig& to) {
  of.may("IPv4Address", to.ipv4_address)
      .may("IPv6Address", to.ipv6_address)
      .may("LinkLocalIPs", to.link_local_ips);
}

static void members(Members& of, EndpointSettings& to) {
  of.may("IPAMConfig", to.ipam_config)
      .may("Links", to.links)
      .may("Aliases", to.aliases)
      .may("MacAddress", to.mac_address)
      .may("DriverOpts", to.driver_opts)
      .may("GwPriority", to.gw_priority);
}

static void members(Members& of, UpdateRequest& to) {
  members(of, to.resources);
  of.may("RestartPolicy", to.restart_policy);
}

namespace {

template <class T>
Result<T> decode(const Field& from) {
  T to;
  if (from) TRY(read(from, to));
  return to;
}

}  // namespace

Result<Config> decode_config(Field field) { return decode<Config>(field); }
Result<EndpointSettings> decode_endpoint_settings(Field field) { return decode<EndpointSettings>(field); }

Result<CreateRequest> decode_create_request(const json::Document& body) {
  const Field root(body);
  CreateRequest request;
  TRY(read(root, request.config));
  request.host_config = TRY(decode_host_config(member(root, "HostConfig")));
  if (const Field networking = member(root, "NetworkingConfig")) {
    TRY(networking.object());
    if (const Field endpoints = member(networking, "EndpointsConfig")) {
      TRY(read(endpoints, request.endpoints));
    }
  }
  return request;
}

Result<UpdateRequest> decode_update_request(const json::Document& body) {
  UpdateRequest request;
  TRY(read(Field(body), request));
  return request;
}

}  // namespace podo::docker
