// What a git URL says. Pure.
//
//   url        := repository [ '#' [ ref ] [ ':' folder ] ]
//   repository := ( "http" | "https" ) "://" ... ".git" | ( "git" | "ssh" ) "://" ...
//               | user '@' host ':' path
//               | "github.com/" ...               only as a context: in ADD it is a path
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::builder {

struct GitUrl {
  std::string repository;   // as git takes it
  std::string ref, folder;  // "" the default branch, all of it
  bool is_commit() const;   // `ref` is a whole commit id
};

enum class GitShorthand : bool { no, github };
// Absent: it is no git URL. Invalid: one whose ref or folder could be taken for something else.
std::optional<Result<GitUrl>> parse_git_url(std::string_view text, GitShorthand shorthand);

}  // namespace podo::builder
