// --chmod: a mode in octal, or changes in the words of chmod(1).
//
//   spec    := octal | change ( ',' change )*
//   change  := [ugoa]* ( ( '+' | '-' | '=' ) ( [rwxXst]* | [ugo] ) )+
//
// Without u, g, o or a, all are meant (no umask: a build has none). X is x for folders, and for files that
// somebody may execute.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::builder {

class ModeChange {
 public:
  static Result<ModeChange> parse(std::string_view spec);  // "": nothing is changed; else invalid
  mode_t apply(mode_t mode, bool is_folder) const;         // of the lower twelve bits

 private:
  struct Step {
    char action;      // '+', '-', '='
    mode_t who;       // 0700, 0070, 0007 or several
    mode_t bits;      // of 0777, all classes, and set-id and sticky bits
    char copied = 0;  // 'u', 'g', 'o': the bits of that class
    bool x_if_any = false;
  };
  static Result<> parse_change(std::string_view change, std::vector<Step>& steps);
  static mode_t apply_step(const Step& step, mode_t mode, bool is_folder);

  std::vector<Step> steps_;
  mode_t octal_ = 0;
  bool is_octal_ = false;
};

}  // namespace podo::builder
