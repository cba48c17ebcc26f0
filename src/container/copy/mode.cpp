#include "container/copy/mode.h"

#include <charconv>

namespace podo::builder {
namespace {

constexpr mode_t set_uid = 04000, set_gid = 02000, sticky = 01000, all_classes = 0777;

mode_t class_of(char letter) {
  switch (letter) {
    case 'u': return 0700;
    case 'g': return 0070;
    case 'o': return 0007;
    default: return all_classes;
  }
}

// Those three bits for all classes.
mode_t spread(mode_t three) { return three << 6 | three << 3 | three; }

Failure wrong(std::string_view spec) { return invalid("invalid chmod parameter: '{}'", spec); }

}  // namespace

Result<ModeChange> ModeChange::parse(std::string_view spec) {
  ModeChange change;
  if (spec.empty()) return change;
  if (spec[0] >= '0' && spec[0] <= '9') {
    const auto [end, error] = std::from_chars(spec.data(), spec.data() + spec.size(), change.octal_, 8);
    if (error != std::errc{} || end != spec.data() + spec.size() || change.octal_ > 07777)
      return invalid("invalid chmod parameter: '{}'. it should be octal string and between 0 and 07777",
                     spec);
    change.is_octal_ = true;
    return change;
  }
  for (std::string_view left = spec;;) {
    const std::size_t comma = std::min(left.find(','), left.size());
    if (!parse_change(left.substr(0, comma), change.steps_)) return wrong(spec);
    if (comma == left.size()) return change;
    left.remove_prefix(comma + 1);
  }
}

Result<> ModeChange::parse_change(std::string_view change, std::vector<Step>& steps) {
  std::size_t at = 0;
  mode_t who = 0;
  for (; at < change.size() && std::string_view("ugoa").contains(change[at]); ++at)
    who |= class_of(change[at]);
  if (who == 0) who = all_classes;
  if (at == change.size()) return wrong(change);
  while (at < change.size()) {
    Step step{.action = change[at], .who = who, .bits = 0};
    if (!std::string_view("+-=").contains(step.action)) return wrong(change);
    for (++at; at < change.size() && !std::string_view("+-=").contains(change[at]); ++at) {
      switch (change[at]) {
        case 'r': step.bits |= spread(4); break;
        case 'w': step.bits |= spread(2); break;
        case 'x': step.bits |= spread(1); break;
        case 'X': step.x_if_any = true; break;
        case 's': step.bits |= set_uid | set_gid; break;
        case 't': step.bits |= sticky; break;
        case 'u':
        case 'g':
        case 'o': step.copied = change[at]; break;
        default: return wrong(change);
      }
    }
    steps.push_back(step);
  }
  return {};
}

mode_t ModeChange::apply_step(const Step& step, mode_t mode, bool is_folder) {
  mode_t bits = step.bits;
  if (step.x_if_any && (is_folder || (mode & spread(1)) != 0)) bits |= spread(1);
  if (step.copied != 0) {
    const mode_t from = step.copied == 'u' ? mode >> 6 : step.copied == 'g' ? mode >> 3 : mode;
    bits |= spread(from & 7);
  }
  // Set-id bits go with their class, the sticky bit with everybody.
  mode_t affected = step.who & all_classes;
  if ((step.who & 0700) != 0) affected |= set_uid;
  if ((step.who & 0070) != 0) affected |= set_gid;
  if ((step.who & 0007) != 0 || step.who == all_classes) affected |= sticky;
  bits &= affected;
  switch (step.action) {
    case '+': return mode | bits;
    case '-': return mode & ~bits;
    default:  // a folder keeps its set-id bits, as with chmod(1), unless they are named
      return (mode & ~(is_folder ? affected & ~(set_uid | set_gid) : affected)) | bits;
  }
}

mode_t ModeChange::apply(mode_t mode, bool is_folder) const {
  if (is_octal_) return octal_;
  for (const Step& step : steps_) mode = apply_step(step, mode & 07777, is_folder);
  return mode & 07777;
}

}  // namespace podo::builder
