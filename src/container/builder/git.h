// A git repository becomes a folder, by the machine's git program: shallow where the server can, with
// submodules. Its hooks, its configuration and files of this machine are not used; nobody is asked for a
// password.
#pragma once

#include <string>

#include "container/builder/context.h"
#include "container/builder/git_url.h"

namespace podo::builder {

struct Checkout {
  std::string folder;  // with what was asked for: the checkout, or a folder in it
  std::string commit;
};
// `into` is made. Unsupported: "git is not installed".
Task<Checkout> check_out(ContextGround ground, std::string into, GitUrl url, bool keep_git);

}  // namespace podo::builder
