// File trees on disk as wholes: how large, gone, copied. No name in a tree is followed out of it: every
// step is by descriptor, symlinks are never followed, and nothing mounted inside is entered.
//
// Blocking: for the pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/error.h"

namespace podo::engine {

Result<std::uint64_t> tree_bytes(const std::string& folder);  // each file once, however many names it has
Result<> remove_tree(const std::string& folder);              // fine if there is none
Result<std::vector<std::string>> names_in(int folder);        // but . and ..
Result<> remove_at(int folder, const std::string& name);      // a file, or a tree
Result<bool> is_empty_folder(int folder);

// What is in `from` into `to`, which is empty: with owners, modes, times, extended attributes, hard links,
// devices. The folder itself passes on owner, mode and attributes as well.
Result<> copy_tree(int from, int to);

}  // namespace podo::engine
