// The handlers of the API, a file per resource; api.cpp has the table of paths that lead to them.
// Private to container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

// system.cpp, info.cpp, disk_usage.cpp, events.cpp
Task<void> ping(Call& call);
Task<void> show_version(Call& call);
Task<void> show_info(Call& call);
Task<void> check_login(Call& call);
Task<void> show_disk_usage(Call& call);
Task<void> stream_events(Call& call);

// container_list.cpp, container_inspect.cpp, container_create.cpp
Task<void> list_containers(Call& call);
Task<void> inspect_container(Call& call);
Task<void> create_container(Call& call);
Task<void> commit_container(Call& call);

// container_life.cpp
Task<void> start_container(Call& call);
Task<void> stop_container(Call& call);
Task<void> restart_container(Call& call);
Task<void> kill_container(Call& call);
Task<void> pause_container(Call& call);
Task<void> unpause_container(Call& call);
Task<void> rename_container(Call& call);
Task<void> update_container(Call& call);
Task<void> wait_container(Call& call);
Task<void> remove_container(Call& call);
Task<void> prune_containers(Call& call);

// container_streams.cpp
Task<void> attach_container(Call& call);
Task<void> attach_websocket(Call& call);
Task<void> stream_logs(Call& call);
Task<void> stream_stats(Call& call);
Task<void> show_top(Call& call);
Task<void> resize_container(Call& call);

// container_files.cpp
Task<void> stat_archive(Call& call);
Task<void> get_archive(Call& call);
Task<void> put_archive(Call& call);
Task<void> show_changes(Call& call);
Task<void> export_container(Call& call);

// exec.cpp
Task<void> create_exec(Call& call);
Task<void> start_exec(Call& call);
Task<void> inspect_exec(Call& call);
Task<void> resize_exec(Call& call);

// image_list.cpp, image_inspect.cpp
Task<void> list_images(Call& call);
Task<void> inspect_image(Call& call);
Task<void> show_history(Call& call);
// image_names.cpp
Task<void> tag_image(Call& call);
Task<void> remove_image(Call& call);
Task<void> prune_images(Call& call);
// image_transfer.cpp, image_archives.cpp
Task<void> create_image(Call& call);
Task<void> push_image(Call& call);
Task<void> search_images(Call& call);
Task<void> inspect_distribution(Call& call);
Task<void> save_image(Call& call);
Task<void> save_images(Call& call);
Task<void> load_images(Call& call);
Task<void> import_image(Call& call);

// networks.cpp
Task<void> list_networks(Call& call);
Task<void> inspect_network(Call& call);
Task<void> create_network(Call& call);
Task<void> remove_network(Call& call);
Task<void> connect_network(Call& call);
Task<void> disconnect_network(Call& call);
Task<void> prune_networks(Call& call);

// volumes.cpp
Task<void> list_volumes(Call& call);
Task<void> inspect_volume(Call& call);
Task<void> create_volume(Call& call);
Task<void> update_volume(Call& call);
Task<void> remove_volume(Call& call);
Task<void> prune_volumes(Call& call);

// build.cpp, build_cache.cpp, buildkit.cpp
Task<void> build_image(Call& call);
Task<void> cancel_build(Call& call);
Task<void> prune_build_cache(Call& call);
Task<void> hold_session(Call& call);
Task<void> refuse_buildkit(Call& call);

// absent.cpp: what Docker has and Podo has not
Task<void> no_swarm(Call& call);
Task<void> no_plugins(Call& call);
Task<void> no_such_plugin(Call& call);
Task<void> no_plugin_calls(Call& call);

}  // namespace podo::docker
