// Pods from templates, and what tells templates apart.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

// A pod of `owner`, named by the API server after "NAME-": labels, annotations, finalizers and spec of the
// template.
json::Tree pod_of(const json::Item& template_item, Kind owner_kind, const Facts& owner);

// Ten characters of the alphabet that names are made of. Stable over restarts and versions of this program;
// `collisions` gives another one.
std::string template_hash(const json::Item& template_item, std::int64_t collisions = 0);
std::string safe_text(std::uint64_t number);  // in that alphabet: no vowels, nothing that looks alike

// Whether two templates are the same but for the label pod-template-hash.
bool same_template(const json::Item& a, const json::Item& b);

// A number, or a percentage of `total` that is rounded up or down; 0 when it is neither.
enum class Round : bool { down, up };
std::int64_t resolve(const json::Item* number_or_percent, std::int64_t total, Round round);

inline constexpr std::string_view template_hash_label = "pod-template-hash";
inline constexpr std::string_view revision_hash_label = "controller-revision-hash";

}  // namespace podo::controllers
