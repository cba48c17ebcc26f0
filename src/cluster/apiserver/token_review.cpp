// Whose token is this (TokenReview), and who am I (SelfSubjectReview)?

#include "cluster/api_request/body.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;

void write_list(Item& into, const std::vector<std::string>& list) {
  into.set_array();
  for (const std::string& text : list) into.append().set_string(text);
}

void write_user(Item& into, const access::User& user) {
  into.set_object();
  into.member("username").set_string(user.name);
  if (!user.uid.empty()) into.member("uid").set_string(user.uid);
  if (!user.groups.empty()) write_list(into.member("groups"), user.groups);
  for (const auto& [key, values] : user.extra) write_list(into.member("extra").member(key), values);
}

Task<void> answer(Request& request, const Item& object) {
  const schema::Struct& type = *request.resource->type;
  std::string json = schema::canonical(object, type);
  co_await answer_other(request, 201, std::move(json), type);
}

}  // namespace

Task<void> review_token(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  json::Tree object = co_await read_object(call, wanted_of(call), options.validation);
  const std::string token(kube::text_at(object.root(), "spec.token"));
  if (token.empty())
    co_await call.refuse(kube::bad_request("token is required for TokenReview in authentication"));
  std::vector<std::string> audiences;
  for (const Item& audience : kube::children_at(object.root(), "spec.audiences"))
    audiences.emplace_back(audience.string_or(""));
  auto reviewed = co_await call.parts.ground.access.review_token(token, std::move(audiences)).result();
  if (!reviewed && reviewed.error().kind() != ErrorKind::unauthenticated)
    co_await Failure(std::move(reviewed).error());
  Item& status = object.root().member("status");
  status.set_object();
  if (reviewed) {
    status.member("authenticated").set_boolean(true);
    write_user(status.member("user"), reviewed->user);
    write_list(status.member("audiences"), reviewed->audiences);
  } else {
    status.member("error").set_string(reviewed.error().message());
  }
  co_await answer(call, object.root());
}

Task<void> review_self(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  json::Tree object = co_await read_object(call, wanted_of(call), options.validation);
  Item& status = object.root().member("status");
  status.set_object();
  write_user(status.member("userInfo"), call.user);
  co_await answer(call, object.root());
}

}  // namespace podo::apiserver
