#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"

namespace podo::apiserver {

Task<void> create_object(Request& request) {
  const WriteOptions options = co_await read_write_options(request, "CreateOptions");
  json::Tree object = co_await read_object(request, wanted_of(request), options.validation);
  co_await check_place(request, object.root());
  std::string made = co_await save_new(request, std::move(object), options);
  co_await answer_object(request, 201, std::move(made));
}

}  // namespace podo::apiserver
