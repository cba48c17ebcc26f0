#include <algorithm>
#include <charconv>

#include "base/format/json_writer.h"
#include "model/kube/print_cells.h"
#include "model/kube/selectors.h"
#include "model/schema/instant.h"

namespace podo::kube {

std::string human_duration(std::int64_t seconds) {
  constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour, year = 365 * day;
  const auto two = [](std::int64_t large, std::string_view unit, std::int64_t small, std::string_view rest) {
    return small == 0 ? podo::text("{}{}", large, unit) : podo::text("{}{}{}{}", large, unit, small, rest);
  };
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * minute) return podo::text("{}s", seconds);
  if (seconds < 10 * minute) return two(seconds / minute, "m", seconds % minute, "s");
  if (seconds < 3 * hour) return podo::text("{}m", seconds / minute);
  if (seconds < 8 * hour) return two(seconds / hour, "h", seconds % hour / minute, "m");
  if (seconds < 2 * day) return podo::text("{}h", seconds / hour);
  if (seconds < 8 * day) return two(seconds / day, "d", seconds % day / hour, "h");
  if (seconds < 2 * year) return podo::text("{}d", seconds / day);
  if (seconds < 8 * year) return two(seconds / year, "y", seconds % year / day, "d");
  return podo::text("{}y", seconds / year);
}

std::string age_of(std::string_view time, Wall now) {
  const auto at = schema::parse_instant(time, schema::Precision::seconds);
  if (!at || at->is_zero()) return "<unknown>";
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t ns = now.ns - at->seconds * second - at->nanos;
  return human_duration(ns / second);
}

namespace cells {

void put(std::string& out, std::string_view text) { json::append_quoted_html(out, text); }

void put(std::string& out, std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

std::string join(const Item* list, std::string_view path, std::string_view separator) {
  std::string out;
  for (const Item& item : children(list)) {
    if (&item != list->first()) out += separator;
    out += path.empty() ? item.string_or("") : text_at(item, path);
  }
  return out;
}

const Item* condition(const Item& object, std::string_view type, std::string_view list) {
  for (const Item& condition : children_at(object, list)) {
    if (text_at(condition, "type") == type) return &condition;
  }
  return nullptr;
}

bool has_condition(const Item& object, std::string_view type) {
  const Item* found = condition(object, type);
  return found != nullptr && text_at(*found, "status") == "True";
}

namespace {

std::string_view non_empty(std::string_view text, std::string_view otherwise) {
  return text.empty() ? otherwise : text;
}

void put_text_or(std::string& out, const Row& row, std::string_view path, std::string_view otherwise) {
  put(out, non_empty(text_at(row.object, path), otherwise));
}

void put_number_or(std::string& out, const Row& row, std::string_view path, std::string_view otherwise) {
  const Item* found = find_at(row.object, path);
  if (found == nullptr) return put(out, otherwise);
  put(out, found->as_int64().value_or(0));
}

}  // namespace

PODO_CELL(text) { put(out, text_at(row.object, path)); }
PODO_CELL(text_or_none) { put_text_or(out, row, path, "<none>"); }
PODO_CELL(text_or_unset) { put_text_or(out, row, path, "<unset>"); }
PODO_CELL(text_or_unknown) { put_text_or(out, row, path, "<unknown>"); }

PODO_CELL(value_or_na) {
  const Item* found = find_at(row.object, path);
  if (found == nullptr) return put(out, "N/A");
  put(out, found->is(json::Kind::number) ? found->number() : found->string_or(""));
}

PODO_CELL(number) { put(out, number_at(row.object, path)); }
PODO_CELL(number_or_none) { put_number_or(out, row, path, "<none>"); }

PODO_CELL(number_text_or_unset) {
  const Item* found = find_at(row.object, path);
  put(out, found && found->is(json::Kind::number) ? found->number() : "<unset>");
}

PODO_CELL(flag) { out += is_true_at(row.object, path) ? "true" : "false"; }
PODO_CELL(flag_or_true) {
  out += !find_at(row.object, path) || is_true_at(row.object, path) ? "true" : "false";
}

PODO_CELL(flag_text) {
  if (!find_at(row.object, path)) return put(out, "<unset>");
  put(out, is_true_at(row.object, path) ? "True" : "False");
}

PODO_CELL(count) { put(out, static_cast<std::int64_t>(size_at(row.object, path))); }
PODO_CELL(joined) { put(out, join(find_at(row.object, path), "", ",")); }
PODO_CELL(joined_or_none) { put(out, non_empty(join(find_at(row.object, path), "", ","), "<none>")); }
PODO_CELL(age) { put(out, age_of(text_at(row.object, path), row.now)); }

PODO_CELL(age_or_none) {
  const std::string_view time = text_at(row.object, path);
  put(out, time.empty() ? "<none>" : age_of(time, row.now));
}

PODO_CELL(created) { put(out, text_at(row.object, "metadata.creationTimestamp")), static_cast<void>(path); }

PODO_CELL(labels) {
  std::vector<std::string> pairs;
  for (const Item& label : children_at(row.object, path)) {
    pairs.push_back(podo::text("{}={}", label.key(), label.string_or("")));
  }
  std::ranges::sort(pairs);
  std::string all;
  for (const std::string& pair : pairs) all += (all.empty() ? "" : ",") + pair;
  put(out, non_empty(all, "<none>"));
}

PODO_CELL(selector) {
  const Item* found = find_at(row.object, path);
  if (found == nullptr) return put(out, "<none>");
  const auto selector = LabelSelector::of(found);
  put(out, selector ? selector->text() : "<error>");
}

PODO_CELL(container_names) { put(out, join(find_at(row.object, path), "name", ",")); }
PODO_CELL(container_images) { put(out, join(find_at(row.object, path), "image", ",")); }

PODO_CELL(kind_and_name) {
  const Item* reference = find_at(row.object, path);
  if (reference == nullptr) return put(out, "/");
  put(out, podo::text("{}/{}", text_at(*reference, "kind"), text_at(*reference, "name")));
}

PODO_CELL(phase) {
  put(out, find_at(row.object, "metadata.deletionTimestamp") ? "Terminating" : text_at(row.object, path));
}

PODO_CELL(ready_of) {
  const std::int64_t ready = number_at(row.object, "status.readyReplicas");
  put(out, podo::text("{}/{}", ready, number_at(row.object, path)));
}

}  // namespace cells
}  // namespace podo::kube
