#include "cluster/api_request/indent.h"

#include <doctest/doctest.h>

namespace podo::apiserver {

TEST_CASE("compact JSON is indented, wherever it is cut") {
  const std::string compact = R"({"a":{},"b":[],"c":[1,{"d":"x\"{,"}],"e":"\\"})";
  const std::string pretty =
      "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    1,\n    {\n      \"d\": \"x\\\"{,\"\n    }\n  ],\n"
      "  \"e\": \"\\\\\"\n}";
  for (std::size_t cut = 0; cut <= compact.size(); ++cut) {
    Indenter indenter;
    std::string out;
    indenter.append(out, std::string_view(compact).substr(0, cut));
    indenter.append(out, std::string_view(compact).substr(cut));
    CHECK_EQ(out, pretty);
  }
}

}  // namespace podo::apiserver
