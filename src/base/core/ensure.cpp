#include "base/core/ensure.h"

#include <unistd.h>

#include <cstdlib>

#include "base/core/text.h"

namespace podo {

void stop_broken(const char* condition, const char* file, int line) {
  const std::string words = text("podo: broken promise at {}:{}: {}\n", file, line, condition);
  (void)!::write(STDERR_FILENO, words.data(), words.size());
  std::abort();
}

}  // namespace podo
