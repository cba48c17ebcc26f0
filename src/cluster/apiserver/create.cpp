#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"

namespace podo::apiserver {

Task<void> create_object(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  json::Tree object = co_await read_object(call, wanted_of(call), options.validation);
  co_await check_place(call, object.root());
  std::string made = co_await save_new(call, std::move(object), options);
  co_await answer_object(call, 201, std::move(made));
}

}  // namespace podo::apiserver
