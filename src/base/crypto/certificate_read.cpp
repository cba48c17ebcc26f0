// What stands in a certificate or in a request for one.
#include <openssl/pem.h>
#include <time.h>

#include <limits>

#include "base/core/ip_address.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_names.h"

namespace podo::crypto {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::string hexadecimal(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[c & 15];
  }
  return out;
}

std::string_view bytes_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string utf8_of(const ASN1_STRING* value) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, value);
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

void read_name(const X509_NAME* name, Subject& subject) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int field = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (field == NID_commonName) subject.common_name = utf8_of(X509_NAME_ENTRY_get_data(entry));
    if (field == NID_organizationName)
      subject.organizations.push_back(utf8_of(X509_NAME_ENTRY_get_data(entry)));
  }
}

// False: there are others than hosts among them.
bool read_hosts(const GENERAL_NAMES* names, Subject& subject) {
  bool only_hosts = true;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type));
    if (type == GEN_DNS) {
      subject.hosts.emplace_back(bytes_of(value));
    } else if (const IpAddress address = IpAddress::from_bytes(type == GEN_IPADD ? bytes_of(value) : "")) {
      subject.hosts.push_back(address.to_text());
    } else {
      only_hosts = false;
    }
  }
  return only_hosts;
}

void read_usage(const EXTENDED_KEY_USAGE* usage, Subject& subject) {
  for (int i = 0; i < sk_ASN1_OBJECT_num(usage); ++i) {
    const int purpose = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));
    if (purpose == NID_server_auth) subject.server = true;
    if (purpose == NID_client_auth) subject.client = true;
  }
}

std::string text_of(const X509_NAME* name) {
  MemoryBio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return take_text(out.get());
}

std::string serial_of(const X509* certificate) {
  std::string serial = hexadecimal(bytes_of(X509_get0_serialNumber(certificate)));
  if (serial.size() > 1 && serial.front() == '0') serial.erase(0, 1);
  return serial;
}

std::string fingerprint_of(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  return hexadecimal({reinterpret_cast<const char*>(digest), size});
}

Result<CertificateFacts> facts_of(Certificate certificate) {
  if (certificate == nullptr) return invalid("the certificate cannot be read: {}", take_openssl_error());
  X509* of = certificate.get();
  CertificateFacts facts;
  read_name(X509_get_subject_name(of), facts.subject);
  GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(of, NID_subject_alt_name, nullptr, nullptr)));
  if (names != nullptr) read_hosts(names.get(), facts.subject);
  ExtendedUsage usage(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(of, NID_ext_key_usage, nullptr, nullptr)));
  if (usage != nullptr) read_usage(usage.get(), facts.subject);
  facts.issuer = text_of(X509_get_issuer_name(of));
  facts.serial = serial_of(of);
  facts.fingerprint = fingerprint_of(of);
  facts.not_before = wall_of(X509_get0_notBefore(of));
  facts.not_after = wall_of(X509_get0_notAfter(of));
  facts.authority = X509_check_ca(of) == 1;
  return facts;
}

}  // namespace

Wall wall_of(const ASN1_TIME* time) {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {0};
  const std::int64_t second = ::timegm(&parts);
  return {second > last / 1'000'000'000 ? last : second * 1'000'000'000};
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  set_up_openssl();
  return facts_of(Certificate(PEM_read_bio_X509(reader_of(pem).get(), nullptr, nullptr, nullptr)));
}

Result<CertificateFacts> read_certificate_der(std::string_view der) {
  set_up_openssl();
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return facts_of(Certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size()))));
}

Result<CertificateRequest> read_request(std::string_view pem) {
  set_up_openssl();
  Request request(PEM_read_bio_X509_REQ(reader_of(pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return invalid("the certificate request cannot be read: {}", take_openssl_error());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1)
    return invalid("the certificate request is not signed with its key: {}", take_openssl_error());
  CertificateRequest read;
  read.public_key = public_key_pem(key);
  read_name(X509_REQ_get_subject_name(request.get()), read.subject);
  Extensions extensions(X509_REQ_get_extensions(request.get()));
  if (extensions == nullptr) return read;
  GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (names != nullptr) read.other_names = !read_hosts(names.get(), read.subject);
  ExtendedUsage usage(static_cast<EXTENDED_KEY_USAGE*>(
      X509V3_get_d2i(extensions.get(), NID_ext_key_usage, nullptr, nullptr)));
  if (usage != nullptr) read_usage(usage.get(), read.subject);
  return read;
}

}  // namespace podo::crypto
