#include "workload.h"

#include <algorithm>

#include "pods.h"

namespace podo::bench {

namespace {

constexpr std::size_t pool_bytes = 16 << 20;
constexpr std::size_t load_group = 1000;

std::string padded(std::size_t number) {
  std::string digits = text("{}", number);
  return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

}  // namespace

Workload::Workload(Shape shape) : shape_(std::move(shape)), pool_(pool_bytes, '\0') {
  SeededRandom random(1);
  if (shape_.values == Shape::Values::random) random.fill(std::as_writable_bytes(std::span(pool_)));
  else
    for (pool_.clear(); pool_.size() < pool_bytes;) pool_ += pod_text(random, shape_.value_bytes);
  keys_.reserve(shape_.keys);
  // As Kubernetes names: few namespaces, many names in each, and neighbours were not made one after another.
  for (std::size_t i = 0; i < shape_.keys; ++i)
    keys_.push_back(text("{}namespace-{}/name-{}", shape_.prefix, i % 10, padded(i)));
}

std::string_view Workload::value(std::uint64_t number) const {
  const std::size_t starts = pool_.size() / shape_.value_bytes;
  const std::size_t start = (number * 0x9e3779b97f4a7c15 >> 20) % starts;
  return std::string_view(pool_).substr(start * shape_.value_bytes, shape_.value_bytes);
}

Result<void> Workload::load(Engine& engine) const {
  std::vector<Put> puts;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    puts.push_back(put(i, i));
    if (puts.size() < load_group && i + 1 < keys_.size()) continue;
    TRY(engine.commit(puts));
    puts.clear();
  }
  return {};
}

}  // namespace podo::bench
