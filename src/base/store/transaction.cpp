#include "base/store/transaction.h"

#include <algorithm>

#include "base/core/text.h"

namespace podo::store {

Range Range::key(std::string_view key) {
  Range range{std::string(key), std::string(key)};
  range.to.push_back('\0');  // the smallest key above it
  return range;
}

Range Range::prefix(std::string_view prefix) {
  Range range{std::string(prefix), std::string(prefix)};
  while (!range.to.empty() && range.to.back() == '\xff')
    range.to.pop_back();  // nothing of this length is above
  if (!range.to.empty()) range.to.back() = static_cast<char>(range.to.back() + 1);
  return range;
}

Condition absent(std::string key) { return {.key = std::move(key), .number = 0}; }
Condition present(std::string key) {
  return {.key = std::move(key), .relation = Condition::Relation::greater, .number = 0};
}
Condition unchanged_since(std::string key, Revision modified) {
  return {.key = std::move(key), .number = modified};
}

Operation put(std::string key, std::string value, LeaseId lease) {
  return {.kind = Operation::Kind::put,
          .range = {std::move(key), {}},
          .value = std::move(value),
          .lease = lease,
          .limit = 0};
}
Operation erase(Range range) { return {.kind = Operation::Kind::erase, .range = std::move(range)}; }
Operation read(Range range, std::size_t limit) {
  return {.kind = Operation::Kind::read, .range = std::move(range), .value = {}, .lease = 0, .limit = limit};
}

namespace {

Result<void> check_key(std::string_view key, const Limits& limits) {
  if (key.empty()) return invalid("a key is empty");
  if (key.size() > limits.key_bytes)
    return invalid("a key has {} bytes, {} are allowed", key.size(), limits.key_bytes);
  return {};
}

Result<void> check_operation(const Operation& operation, const Limits& limits) {
  if (operation.kind != Operation::Kind::put) return {};
  TRY(check_key(operation.range.from, limits));
  if (operation.value.size() > limits.value_bytes)
    return invalid("the value of {} has {} bytes, {} are allowed", operation.range.from,
                   operation.value.size(), limits.value_bytes);
  return {};
}

// No key is written twice: puts differ from one another, and no erased range holds one.
Result<void> check_written_once(const std::vector<Operation>& operations) {
  std::vector<std::string_view> keys;
  for (const Operation& operation : operations)
    if (operation.kind == Operation::Kind::put) keys.push_back(operation.range.from);
  std::sort(keys.begin(), keys.end());
  auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) return invalid("{} is written twice in one transaction", *twice);
  for (const Operation& operation : operations) {
    if (operation.kind != Operation::Kind::erase) continue;
    auto key = std::lower_bound(keys.begin(), keys.end(), std::string_view(operation.range.from));
    if (key != keys.end() && operation.range.contains(*key))
      return invalid("{} is put and erased in one transaction", *key);
  }
  return {};
}

std::size_t bytes_of(const std::vector<Operation>& operations) {
  std::size_t bytes = 0;
  for (const Operation& operation : operations)
    bytes += operation.range.from.size() + operation.range.to.size() + operation.value.size();
  return bytes;
}

}  // namespace

Result<void> check(const Transaction& transaction, const Limits& limits) {
  std::size_t bytes = bytes_of(transaction.then) + bytes_of(transaction.otherwise);
  std::size_t most =
      std::max({transaction.then.size(), transaction.otherwise.size(), transaction.conditions.size()});
  if (most > limits.operations)
    return invalid("a transaction has {} operations, {} are allowed", most, limits.operations);
  for (const Condition& condition : transaction.conditions) {
    TRY(check_key(condition.key, limits));
    bytes += condition.key.size() + condition.value.size();
  }
  for (const auto* operations : {&transaction.then, &transaction.otherwise}) {
    for (const Operation& operation : *operations) TRY(check_operation(operation, limits));
    TRY(check_written_once(*operations));
  }
  if (bytes > limits.transaction_bytes)
    return invalid("a transaction has {} bytes, {} are allowed", bytes, limits.transaction_bytes);
  return {};
}

}  // namespace podo::store
