// Whatever is taken as an object of a built-in kind, from JSON or from protobuf, has one canonical form
// that every other form leads back to.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "model/kube/schema.h"
#include "model/schema/convert.h"

namespace podo::kube {
namespace {

void check(json::Item& object, const schema::Struct& type) {
  const std::string once = schema::canonical(object, type);
  auto again = json::Tree::parse(once);
  ENSURE(again && schema::shape(again->root(), type));
  ENSURE(schema::canonical(again->root(), type) == once);
  if (type.no_proto) return;
  std::string bytes;
  schema::append_message(bytes, again->root(), type);
  json::Tree read;
  ENSURE(schema::read_message(bytes, type, read.root()));
  std::string twice;
  schema::append_message(twice, read.root(), type);
  ENSURE(bytes == twice);
  schema::apply_defaults(again->root(), type);
  ENSURE(schema::shape(again->root(), type));
}

}  // namespace
}  // namespace podo::kube

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  static const schema::Schema& known = *new schema::Schema(kube::parse_schema());
  constexpr std::string_view names[] = {"core.v1.Pod",
                                        "apps.v1.Deployment",
                                        "meta.v1.ManagedFieldsEntry",
                                        "apiextensions.v1.CustomResourceDefinition",
                                        "coordination.v1.Lease",
                                        "core.v1.Secret",
                                        "autoscaling.v2.HorizontalPodAutoscaler",
                                        "core.v1.Service"};
  if (size < 2) return 0;
  const schema::Struct& type = *known.find_type(names[data[0] % std::size(names)]);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  if (data[1] % 2 == 0) {
    std::vector<std::string> duplicates;
    auto tree = json::Tree::parse(std::string(bytes), {}, duplicates);
    std::vector<schema::Finding> findings;
    if (tree && schema::shape(tree->root(), type, {&findings})) kube::check(tree->root(), type);
  } else {
    json::Tree tree;
    if (schema::read_message(bytes, type, tree.root())) kube::check(tree.root(), type);
  }
  return 0;
}
