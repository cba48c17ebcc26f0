#include "cluster/api_request/continue_token.h"

#include <doctest/doctest.h>

namespace podo::apiserver {

TEST_CASE("a continue token says where a list goes on") {
  const ContinueToken token = *read_continue_token(to_text({.revision = 7, .after = "ns/a"}));
  CHECK_EQ(token.revision, 7);
  CHECK_EQ(token.after, "ns/a");
  CHECK_EQ(read_continue_token(to_text({.revision = 0, .after = "ns/a"}))->revision, 0);
  CHECK_EQ(read_continue_token(to_text({.revision = 7, .after = ""})).error().message(),
           "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
  CHECK_FALSE(read_continue_token("e30").has_value());
}

}  // namespace podo::apiserver
