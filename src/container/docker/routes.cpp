#include "container/docker/routes.h"

namespace podo::docker {
namespace {

// pattern := text [ "*" text ]          "*" is a name: any bytes, slashes too, but at least one
struct Route {
  std::string_view method, pattern;
  Task<void> (*handler)(Call&);
};

// The first that matches wins: what has no name stands before what has one.
constexpr Route routes[] = {
    {"GET", "/_ping", ping},
    {"HEAD", "/_ping", ping},
    {"GET", "/version", show_version},
    {"GET", "/info", show_info},
    {"POST", "/auth", check_login},
    {"GET", "/system/df", show_disk_usage},
    {"GET", "/events", stream_events},

    {"GET", "/containers/json", list_containers},
    {"GET", "/containers/ps", list_containers},
    {"POST", "/containers/create", create_container},
    {"POST", "/containers/prune", prune_containers},
    {"POST", "/commit", commit_container},
    {"GET", "/containers/*/json", inspect_container},
    {"GET", "/containers/*/top", show_top},
    {"GET", "/containers/*/logs", stream_logs},
    {"GET", "/containers/*/stats", stream_stats},
    {"GET", "/containers/*/changes", show_changes},
    {"GET", "/containers/*/export", export_container},
    {"GET", "/containers/*/attach/ws", attach_websocket},
    {"HEAD", "/containers/*/archive", stat_archive},
    {"GET", "/containers/*/archive", get_archive},
    {"PUT", "/containers/*/archive", put_archive},
    {"POST", "/containers/*/start", start_container},
    {"POST", "/containers/*/stop", stop_container},
    {"POST", "/containers/*/restart", restart_container},
    {"POST", "/containers/*/kill", kill_container},
    {"POST", "/containers/*/pause", pause_container},
    {"POST", "/containers/*/unpause", unpause_container},
    {"POST", "/containers/*/wait", wait_container},
    {"POST", "/containers/*/resize", resize_container},
    {"POST", "/containers/*/attach", attach_container},
    {"POST", "/containers/*/rename", rename_container},
    {"POST", "/containers/*/update", update_container},
    {"POST", "/containers/*/exec", create_exec},
    {"DELETE", "/containers/*", remove_container},
    {"GET", "/exec/*/json", inspect_exec},
    {"POST", "/exec/*/start", start_exec},
    {"POST", "/exec/*/resize", resize_exec},

    {"GET", "/images/json", list_images},
    {"GET", "/images/search", search_images},
    {"GET", "/images/get", save_images},
    {"POST", "/images/create", create_image},
    {"POST", "/images/load", load_images},
    {"POST", "/images/prune", prune_images},
    {"GET", "/images/*/get", save_image},
    {"GET", "/images/*/history", show_history},
    {"GET", "/images/*/json", inspect_image},
    {"POST", "/images/*/push", push_image},
    {"POST", "/images/*/tag", tag_image},
    {"DELETE", "/images/*", remove_image},
    {"GET", "/distribution/*/json", inspect_distribution},

    {"GET", "/networks", list_networks},
    {"GET", "/networks/", list_networks},
    {"POST", "/networks/create", create_network},
    {"POST", "/networks/prune", prune_networks},
    {"POST", "/networks/*/connect", connect_network},
    {"POST", "/networks/*/disconnect", disconnect_network},
    {"GET", "/networks/*", inspect_network},
    {"DELETE", "/networks/*", remove_network},

    {"GET", "/volumes", list_volumes},
    {"POST", "/volumes/create", create_volume},
    {"POST", "/volumes/prune", prune_volumes},
    {"GET", "/volumes/*", inspect_volume},
    {"PUT", "/volumes/*", update_volume},
    {"DELETE", "/volumes/*", remove_volume},

    {"POST", "/build", build_image},
    {"POST", "/build/prune", prune_build_cache},
    {"POST", "/build/cancel", cancel_build},
    {"POST", "/session", hold_session},
    {"POST", "/grpc", refuse_buildkit},
    {"GET", "/plugins", no_plugins},
    {"GET", "/plugins/*/json", no_such_plugin},
    {"GET", "/plugins/*", no_plugin_calls},
    {"POST", "/plugins/*", no_plugin_calls},
    {"DELETE", "/plugins/*", no_such_plugin},
};

// Every path of these, whatever the method.
constexpr std::string_view swarm[] = {"/swarm", "/nodes", "/services", "/tasks", "/secrets", "/configs"};

bool matches(std::string_view pattern, std::string_view path, std::string_view& name) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return pattern == path;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return false;
  name = path.substr(before.size(), path.size() - before.size() - after.size());
  return true;
}

}  // namespace

Found find_route(std::string_view method, std::string_view path) {
  std::string_view name;
  for (const Route& route : routes) {
    if (route.method == method && matches(route.pattern, path, name)) return {route.handler, name};
  }
  for (const std::string_view resource : swarm) {
    if (path == resource || (path.starts_with(resource) && path[resource.size()] == '/')) return {no_swarm};
  }
  return {};
}

}  // namespace podo::docker
