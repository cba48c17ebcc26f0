// One request in the audit log: an Event of audit.k8s.io/v1 a stage.

#include "base/core/timestamp.h"
#include "base/format/json_tree.h"
#include "base/format/json_writer.h"
#include "cluster/audit/audit.h"

namespace podo::apiserver {
namespace {

// "2024-05-01T09:08:07.000000Z"
std::string micro_time(Wall at) { return rfc3339(at).substr(0, 26) + "Z"; }

void write_user(json::Writer& out, std::string_view key, const access::User& user) {
  out.key(key).object().key("username").string(user.name);
  if (!user.uid.empty()) out.key("uid").string(user.uid);
  if (!user.groups.empty()) {
    out.key("groups").array();
    for (const std::string& group : user.groups) out.string(group);
    out.end();
  }
  if (!user.extra.empty()) {
    out.key("extra").object();
    for (const auto& [name, values] : user.extra) {
      out.key(name).array();
      for (const std::string& value : values) out.string(value);
      out.end();
    }
    out.end();
  }
  out.end();
}

void write_some(json::Writer& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out.key(key).string(value);
}

void write_reference(json::Writer& out, const access::Attributes& asked) {
  if (!asked.is_resource) return;
  out.key("objectRef").object();
  write_some(out, "resource", asked.resource);
  write_some(out, "namespace", asked.name_space);
  write_some(out, "name", asked.name);
  write_some(out, "apiGroup", asked.group);
  write_some(out, "apiVersion", asked.version);
  write_some(out, "subresource", asked.subresource);
  out.end();
}

}  // namespace

AuditTrail::AuditTrail(Audit* audit, const access::User& user, AuditedRequest request)
    : audit_(audit), user_(user), request_(std::move(request)) {
  if (audit_ == nullptr) return;
  access::Attributes& asked = request_.asked;
  std::string* word = words_;
  for (std::string_view* view : {&asked.verb, &asked.group, &asked.version, &asked.resource,
                                 &asked.subresource, &asked.name_space, &asked.name})
    *view = *word++ = *view;
  // It is the one who really asks whom the policy is about.
  const access::User& asking = user_.impersonator != nullptr ? *user_.impersonator : user_;
  decision_ = audit_->policy().decide(asking, request_.asked);
  if (decision_.level == AuditLevel::none) return;
  id_ = audit_->make_id();
  received_ = audit_->clock().wall();
  write(AuditStage::request_received);
}

AuditTrail::~AuditTrail() {
  if (decision_.level != AuditLevel::none) write(AuditStage::response_complete);
}

void AuditTrail::request_object(std::string_view json) {
  if (wants_request_object()) request_object_ = without_managed_fields(json);
}

void AuditTrail::response_object(std::string_view json) {
  if (wants_response_object()) response_object_ = without_managed_fields(json);
}

void AuditTrail::authorized(bool allowed, std::string_view reason) {
  if (decision_.level == AuditLevel::none) return;
  decision_text_ = allowed ? "allow" : "forbid";
  decision_reason_ = reason;
}

void AuditTrail::started(int code) {
  code_ = code;
  if (decision_.level != AuditLevel::none) write(AuditStage::response_started);
}

void AuditTrail::answered(int code, std::string_view reason, std::string_view message) {
  code_ = code;
  if (decision_.level == AuditLevel::none) return;
  reason_ = reason;
  message_ = message;
}

void AuditTrail::write(AuditStage stage) {
  if (decision_.omits(stage)) return;
  json::Writer out;
  out.object().key("kind").string("Event").key("apiVersion").string("audit.k8s.io/v1");
  out.key("level").string(name_of(decision_.level)).key("auditID").string(id_);
  out.key("stage").string(name_of(stage)).key("requestURI").string(request_.uri);
  out.key("verb").string(request_.asked.verb);
  write_user(out, "user", user_.impersonator != nullptr ? *user_.impersonator : user_);
  if (user_.impersonator != nullptr) write_user(out, "impersonatedUser", user_);
  if (!request_.source.empty()) out.key("sourceIPs").array().string(request_.source).end();
  write_some(out, "userAgent", request_.user_agent);
  write_reference(out, request_.asked);
  if (code_ != 0) {
    out.key("responseStatus").object().key("metadata").object().end();
    if (!reason_.empty()) out.key("status").string("Failure");
    write_some(out, "message", message_);
    write_some(out, "reason", reason_);
    out.key("code").number(code_).end();
  }
  if (!request_object_.empty()) out.key("requestObject").raw(request_object_);
  if (!response_object_.empty()) out.key("responseObject").raw(response_object_);
  out.key("requestReceivedTimestamp").string(micro_time(received_));
  out.key("stageTimestamp").string(micro_time(audit_->clock().wall()));
  if (!decision_text_.empty()) {
    out.key("annotations").object().key("authorization.k8s.io/decision").string(decision_text_);
    out.key("authorization.k8s.io/reason").string(decision_reason_).end();
  }
  audit_->write(out.end().take() + "\n");
}

// A line of the log is one line, so what was indented is written anew.
std::string AuditTrail::without_managed_fields(std::string_view json) const {
  auto tree = json::Tree::parse(std::string(json));
  if (!tree) return {};
  if (decision_.omit_managed_fields) {
    if (json::Item* metadata = tree->root().find("metadata")) metadata->remove("managedFields");
    if (json::Item* items = tree->root().find("items"))
      for (json::Item* i = items->first(); i != nullptr; i = i->next())
        if (json::Item* metadata = i->find("metadata")) metadata->remove("managedFields");
  }
  return tree->to_text();
}

}  // namespace podo::apiserver
