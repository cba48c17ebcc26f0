// The environment of a container: env and envFrom, resolved against ConfigMaps, Secrets, the pod itself and
// the variables of Services; and the expansion of $(NAME), which command and args share. Pure: who asks
// fetches what environment_sources() names first.
//
//   text      := ( "$(" NAME ")" | "$$" | any )*      "$$" is "$"; what is not known stays as it is written
//
// Errors are invalid and say what a container waits for (CreateContainerConfigError):
//   configmap "x" not found | secret "x" not found | couldn't find key k in ConfigMap ns/x | ... Secret ns/x
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/pod/downward.h"

namespace podo::pod {

struct SourceName {
  bool secret = false;  // else a ConfigMap
  std::string name;
  auto operator<=>(const SourceName&) const = default;
};
// Each once. Optional ones too.
std::vector<SourceName> environment_sources(const json::Item& container);

// In the order it is given: a name is there once.
class Environment {
 public:
  struct Variable {
    std::string name, value;
  };
  void set(std::string_view name, std::string value);
  void set_if_absent(std::string_view name, std::string value);
  const std::string* find(std::string_view name) const;
  const std::vector<Variable>& variables() const { return variables_; }
  std::vector<std::string> assignments() const;        // "NAME=VALUE"
  std::map<std::string, std::string> by_name() const;  // what subPathExpr asks

 private:
  std::vector<Variable> variables_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

struct EnvironmentFacts {
  const DownwardFacts& downward;
  std::map<SourceName, json::Tree> sources = {};  // those that exist
  Environment services = {};                      // the weakest
};

struct ResolvedEnvironment {
  Environment variables;
  std::vector<std::string> skipped;  // what Events say (InvalidEnvironmentVariableNames)
};
Result<ResolvedEnvironment> resolve_environment(const json::Item& pod, const json::Item& container,
                                                const EnvironmentFacts& facts);

// `more`: asked for what `environment` has not.
std::string expand(std::string_view text, const Environment& environment, const Environment& more = {});

}  // namespace podo::pod
