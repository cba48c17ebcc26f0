// What an instruction that changes no file does to the image's config, as Docker's builder does it; and the
// config a stage begins with. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/dockerfile/dockerfile.h"
#include "model/oci/image.h"

namespace podo::builder {

inline constexpr std::string_view default_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// FROM scratch: an environment with PATH, and "/" to work in.
oci::ImageConfig scratch_config(const oci::Platform& platform);

// `step` is CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, SHELL, STOPSIGNAL, USER or
// VOLUME with its variables expanded, or WORKDIR (its path alone; the folder is the caller's business).
// `command_set`: whether a CMD came before it in this stage; an ENTRYPOINT takes away one that is older.
// Gives the history's created_by, "" for none. Invalid: what the instruction says cannot be.
Result<std::string> change_config(oci::ImageConfig& config, const dockerfile::Instruction& step,
                                  bool& command_set);

// WORKDIR: relative to the one before, cleaned.
std::string join_working_dir(const std::string& before, const std::string& path);
// A command in shell form: with SHELL, else /bin/sh -c, in front.
std::vector<std::string> shell_command(const oci::ImageConfig& config, std::string line);

// ["a" "b"], as Go prints a list of strings with %q.
std::string quoted_list(const std::vector<std::string>& words);

}  // namespace podo::builder
