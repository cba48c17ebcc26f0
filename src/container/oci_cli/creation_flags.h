// The flags create and run have in common.
#pragma once

#include "container/oci_cli/verb.h"

namespace podo::oci_cli {

constexpr Flag bundle_flag = {"bundle", "b", "DIR",
                              "the bundle: a directory with config.json and a root file system (default: .)"};
constexpr Flag console_socket_flag = {"console-socket", "", "PATH",
                                      "a unix socket that the terminal is sent to"};
constexpr Flag pid_file_flag = {"pid-file", "", "FILE", "where to write the process's number"};
constexpr Flag no_pivot_flag = {
    "no-pivot", "", "", "move the root instead of pivoting to it: for a host that runs from a ramdisk"};
constexpr Flag no_new_keyring_flag = {"no-new-keyring", "", "", "keep the caller's session keyring"};
constexpr Flag preserve_fds_flag = {"preserve-fds", "", "N", "pass N descriptors on, from 3"};

Result<runtime::CreateOptions> creation_options(const Call& call);
Result<int> preserved_descriptors(const Call& call);

}  // namespace podo::oci_cli
