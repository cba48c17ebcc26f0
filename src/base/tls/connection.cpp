// One connection: OpenSSL works on two memories; this file carries bytes between them and the stream below.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/receive_buffer.h"
#include "base/tls/context.h"

namespace podo::tls {

using io::Task;

namespace {

constexpr std::size_t piece = 64 << 10;                 // of what is encrypted before it is sent
constexpr std::size_t whole_piece = piece + (2 << 10);  // with its records' heads and tags
constexpr std::size_t whole_record = (16 << 10) + 512;  // RFC 8446, 5.2

bool is_address(const std::string& name) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

std::string common_name_of(const X509* certificate) {
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

// The words that people know from the engines of the field.
std::string why_not_verified(long outcome) {
  switch (outcome) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "x509: certificate signed by unknown authority";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "x509: certificate is for another name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return "x509: certificate has expired or is not yet valid";
    default: return text("x509: {}", X509_verify_cert_error_string(outcome));
  }
}

}  // namespace

struct Session final : Connection {
  Session(std::unique_ptr<io::Stream> below, io::Loop& loop) : stream(std::move(below)), background(loop) {}
  static Result<std::unique_ptr<Session>> make(const Context& context, std::unique_ptr<io::Stream> below,
                                               io::Loop& loop);
  Result<void> expect_name(const std::string& name);
  Task<void> shake_hands(std::string peer);
  Failure handshake_failure(const std::string& peer);

  Task<std::size_t> read(std::span<std::byte> into) override;
  Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override;
  std::string peer_name() const override;
  std::string protocol() const override;
  std::shared_ptr<const crypto::CertificateFacts> peer_certificate() const override;
  std::string peer_certificate_problem() const override;

  bool is_believed() const { return context->verify && SSL_get_verify_result(ssl.get()) == X509_V_OK; }
  bool has_input() const;
  std::size_t decrypt(std::span<std::byte> into);
  Task<bool> receive();
  Task<void> flush();
  Task<void> say_farewell();

  // Takes its turn at sending, and gives it back.
  struct Sending {
    explicit Sending(Session& of) : session(of) { session.sending = true; }
    Sending(const Sending&) = delete;
    ~Sending() {
      session.sending = false;
      session.sent.notify_all();
    }
    Session& session;
  };

  std::unique_ptr<io::Stream> stream;
  std::shared_ptr<const Context::State> context;
  Wire wire;
  Ssl ssl;
  std::string first_bytes;  // the peer's, to tell what it speaks if it is not TLS
  std::string on_its_way;
  io::ReceiveBuffer received{whole_record};
  io::Condition sent = io::Condition("TLS bytes to be sent");
  bool sending = false, broken = false;
  io::TaskGroup background;  // dies first: its strands use the others
};

Result<std::unique_ptr<Session>> Session::make(const Context& context, std::unique_ptr<io::Stream> below,
                                               io::Loop& loop) {
  auto session = std::make_unique<Session>(std::move(below), loop);
  session->context = context.state_;
  session->ssl.reset(SSL_new(context.state_->ssl.get()));
  ENSURE(session->ssl != nullptr);
  BIO* wire = new_wire(context.state_->wire.get(), session->wire);
  SSL_set_bio(session->ssl.get(), wire, wire);
  return session;
}

// --- between the memories and the stream ------------------------------------------------------------------

// OpenSSL has taken all there was, and wants more. False: the stream has ended.
Task<bool> Session::receive() {
  const std::size_t count = co_await stream->read(received.space());
  wire.incoming = received.filled(count);
  if (first_bytes.size() < 5)
    first_bytes.append(reinterpret_cast<const char*>(wire.incoming.data()), std::min<std::size_t>(count, 5));
  co_return count > 0;
}

// Sends what OpenSSL has to say. Reading may make it speak too, so there can be two who want to send; the one
// that is at it sends everything.
Task<void> Session::flush() {
  while (sending) co_await sent.wait();
  Sending turn(*this);
  for (;;) {
    if (broken) co_await unavailable("the TLS connection broke earlier");
    if (wire.outgoing.empty()) co_return;
    on_its_way = std::exchange(wire.outgoing, {});
    broken = true;  // unless all of it was sent: a record that was cut off ends the connection
    co_await stream->write(io::bytes_of(on_its_way));
    on_its_way = {};
    broken = false;
  }
}

// --- the handshake ----------------------------------------------------------------------------------------

Result<void> Session::expect_name(const std::string& name) {
  if (is_address(name)) {
    if (context->verify && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str()) != 1)
      return invalid("{} is no address", name);
    return {};
  }
  if (SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1) return invalid("{} is no host name", name);
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (context->verify && SSL_set1_host(ssl.get(), name.c_str()) != 1)
    return invalid("{} is no host name", name);
  return {};
}

Failure Session::handshake_failure(const std::string& peer) {
  long outcome = SSL_get_verify_result(ssl.get());
  std::string error = take_openssl_error();
  if (context->verify && outcome != X509_V_OK)
    return denied("tls: failed to verify certificate of {}: {}", peer, why_not_verified(outcome));
  if (first_bytes.starts_with("HTTP/")) return corrupt("server gave HTTP response to HTTPS client");
  return corrupt("TLS handshake with {}: {}", peer, error);
}

Task<void> Session::shake_hands(std::string peer) {
  for (;;) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(ssl.get());
    if (outcome != 1 && SSL_get_error(ssl.get(), outcome) != SSL_ERROR_WANT_READ) {
      Failure failure = handshake_failure(peer);
      (void)co_await flush().result();  // the alert tells the peer why
      co_await std::move(failure);
    }
    co_await flush();
    if (outcome == 1) co_return;
    if (!co_await receive()) co_await corrupt("TLS handshake with {}: the connection was closed", peer);
  }
}

// --- bytes ------------------------------------------------------------------------------------------------

// Asking OpenSSL for what it cannot have costs as much as a record.
bool Session::has_input() const {
  return !wire.incoming.empty() || SSL_has_pending(ssl.get()) == 1 || SSL_get_shutdown(ssl.get()) != 0;
}

std::size_t Session::decrypt(std::span<std::byte> into) {
  std::size_t filled = 0, count = 0;
  while (filled < into.size() && has_input() &&
         SSL_read_ex(ssl.get(), into.data() + filled, into.size() - filled, &count) == 1)
    filled += count;
  return filled;
}

Task<std::size_t> Session::read(std::span<std::byte> into) {
  if (into.empty()) co_return 0;
  co_await io::checkpoint();
  for (;;) {
    if (has_input()) {
      ERR_clear_error();
      if (std::size_t count = decrypt(into)) co_return count;
      int problem = SSL_get_error(ssl.get(), 0);
      if (problem == SSL_ERROR_ZERO_RETURN) co_return 0;
      if (problem != SSL_ERROR_WANT_READ && problem != SSL_ERROR_NONE) {
        std::string why = take_openssl_error();
        (void)co_await flush().result();
        co_return corrupt("TLS: {}", why);
      }
    }
    if (!wire.outgoing.empty()) co_await flush();  // an answer to a change of keys
    if (!co_await receive()) co_return corrupt("the TLS connection was cut off");
  }
}

Task<void> Session::write(std::span<const std::byte> bytes) {
  co_await io::checkpoint();
  wire.outgoing.reserve(wire.outgoing.size() + std::min(bytes.size() + bytes.size() / 64 + 64, whole_piece));
  while (!bytes.empty()) {
    ERR_clear_error();
    std::size_t count = 0;
    if (SSL_write_ex(ssl.get(), bytes.data(), std::min(bytes.size(), piece), &count) != 1)
      co_await unavailable("TLS: {}", take_openssl_error());
    bytes = bytes.subspan(count);
    bool enough = bytes.empty() || wire.outgoing.size() >= piece;
    if (enough) co_await flush();
  }
}

Task<void> Session::say_farewell() {
  (void)co_await flush().result();
  (void)stream->finish();
}

Result<void> Session::finish() {
  if (SSL_get_shutdown(ssl.get()) & SSL_SENT_SHUTDOWN) return {};
  SSL_shutdown(ssl.get());
  ERR_clear_error();
  background.spawn(say_farewell(), "TLS farewell");
  return {};
}

std::string Session::peer_name() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl.get());
  return certificate != nullptr && is_believed() ? common_name_of(certificate) : "";
}

std::shared_ptr<const crypto::CertificateFacts> Session::peer_certificate() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl.get());
  if (certificate == nullptr || !is_believed()) return nullptr;
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return nullptr;
  auto facts =
      crypto::read_certificate_der({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return facts ? std::make_shared<const crypto::CertificateFacts>(*std::move(facts)) : nullptr;
}

std::string Session::peer_certificate_problem() const {
  if (!context->verify || SSL_get0_peer_certificate(ssl.get()) == nullptr || is_believed()) return "";
  return why_not_verified(SSL_get_verify_result(ssl.get()));
}

std::string Session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

// --- doors ------------------------------------------------------------------------------------------------

Task<std::unique_ptr<Connection>> connect(const Context& context, std::unique_ptr<io::Stream> stream,
                                          std::string server_name) {
  std::unique_ptr<Session> session =
      co_await Session::make(context, std::move(stream), co_await io::this_loop());
  co_await session->expect_name(server_name);
  SSL_set_connect_state(session->ssl.get());
  co_await session->shake_hands(server_name);
  co_return std::move(session);
}

Task<std::unique_ptr<Connection>> accept(const Context& context, std::unique_ptr<io::Stream> stream) {
  std::unique_ptr<Session> session =
      co_await Session::make(context, std::move(stream), co_await io::this_loop());
  SSL_set_accept_state(session->ssl.get());
  co_await session->shake_hands("a client");
  co_return std::move(session);
}

}  // namespace podo::tls
