// The variables of a build: what ARG and ENV mean where. Pure.
//
//   globals   ARG before the first FROM, and TARGETPLATFORM and its kin: seen by FROM, and by a stage that
//             declares the name again
//   a stage   ARG from its line on, and ENV of its config; of one name the later line counts, an ARG without
//             a value not at all; inherited by the stages made from it
//   proxies   HTTP_PROXY and its kin, in either case: when given they are in the environment of every RUN,
//             and in no key and no history
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/expand.h"
#include "model/oci/image.h"

namespace podo::builder {

// Build arguments as they were given; without a value: as if not given.
using Given = std::map<std::string, std::optional<std::string>>;

struct Argument {
  std::string name;
  std::optional<std::string> value;
  bool hidden = false;  // by an ENV of the same name behind it
};

class Globals {
 public:
  struct Platforms {
    oci::Platform build, target;
  };
  // `unknown` is told of names that are used and not declared.
  static Result<Globals> make(const dockerfile::Dockerfile& file, const Given& given,
                              const Platforms& platforms, const std::string& target_stage);

  std::optional<std::string> find(std::string_view name) const;
  const std::vector<Argument>& arguments() const { return arguments_; }  // platforms' first

 private:
  void set(std::string name, std::optional<std::string> value);
  std::vector<Argument> arguments_;
};

// ARGs of one stage, in the order of their declaration.
class Scope {
 public:
  // The last declaration of a name counts; its place is that of the first.
  void declare(const std::string& name, std::optional<std::string> standard, const Globals& globals,
               const Given& given);
  void hide(std::string_view name);  // ENV
  const std::vector<Argument>& arguments() const { return arguments_; }
  // What $NAME is: of an ARG, else of `env` ("NAME=value").
  std::optional<std::string> find(std::string_view name, const std::vector<std::string>& env) const;
  // `env` with the ARGs, as commands see it: "NAME=value".
  std::vector<std::string> over(std::vector<std::string> env) const;
  // How a RUN's history begins: "|2 A=1 B=" and a blank; "" without ARGs.
  std::string history(const std::vector<std::string>& env) const;

 private:
  std::vector<Argument> arguments_;
};

// Replaced where it stands, else put at the end.
void set_variable(std::vector<std::string>& env, const std::string& name, const std::string& value);
std::optional<std::string> find_in(const std::vector<std::string>& env, std::string_view name);

bool is_proxy_argument(std::string_view name);
std::vector<std::string> proxies_of(const Given& given);  // "HTTP_PROXY=..."

// Arguments that were given and that no ARG of the file declares, sorted.
std::vector<std::string> unused_arguments(const dockerfile::Dockerfile& file, const Given& given);

// What "${NAME:-word}" and the like say: the value may be missing on purpose.
bool has_standard_value(std::string_view word, std::string_view name);

}  // namespace podo::builder
