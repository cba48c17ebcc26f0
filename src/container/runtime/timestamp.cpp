#include "container/runtime/timestamp.h"

#include <stdio.h>
#include <time.h>

namespace podo::runtime {

std::string rfc3339(Wall at) {
  const time_t seconds = at.ns / 1'000'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char words[48];
  const int length = ::snprintf(words, sizeof words, "%04d-%02d-%02dT%02d:%02d:%02d.%09lldZ",
                                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                parts.tm_min, parts.tm_sec, static_cast<long long>(at.ns % 1'000'000'000));
  return std::string(words, static_cast<std::size_t>(length));
}

}  // namespace podo::runtime
