// Which cluster IPs and node ports are taken: bitmaps, rebuilt from the Services at start. A Reservation
// holds what one write takes and lets go of, and the IPAddress objects that belong to it and go into the
// same transaction:
//
//   Reservation reserved = addresses.reserve(service, old, errors);
//   ... create(key, json, reserved.alongside()) ...
//   reserved.keep();                                  // else all is as it was before
//
// The lower part of each range is left to those who choose for themselves, as upstream has it. Lives on the
// API's loop.
#pragma once

#include <vector>

#include "base/core/ip_address.h"
#include "base/core/random.h"
#include "cluster/objects/objects.h"
#include "model/kube/field_errors.h"

namespace podo::apiserver {

// Numbers 0 .. size-1, some of them taken.
class NumberPool {
 public:
  explicit NumberPool(std::uint32_t size) : taken_(size), reserved_band_(band_of(size)) {}
  std::uint32_t size() const { return static_cast<std::uint32_t>(taken_.size()); }
  bool take(std::uint32_t number);  // false: it is taken
  std::optional<std::uint32_t> take_any(Random& random);
  void release(std::uint32_t number);
  std::uint32_t count() const { return count_; }

 private:
  static std::uint32_t band_of(std::uint32_t size);
  std::vector<bool> taken_;
  std::uint32_t reserved_band_, count_ = 0;
};

class ServiceAddresses;

class Reservation {
 public:
  Reservation() = default;  // of nothing
  explicit Reservation(ServiceAddresses& of) : of_(&of) {}
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation();
  void keep();
  objects::Alongside alongside() const { return alongside_; }

 private:
  friend class ServiceAddresses;
  ServiceAddresses* of_ = nullptr;
  std::vector<std::string> ips_taken_, ips_freed_;
  std::vector<std::uint32_t> ports_taken_, ports_freed_;
  objects::Alongside alongside_;
};

class ServiceAddresses {
 public:
  // `ranges`: one, or one of each family; the first is that of Services which ask for none.
  // `address_resource`: ipaddresses of networking.k8s.io. Of a range 2^20 addresses are used at most.
  ServiceAddresses(const std::vector<IpPrefix>& ranges, std::uint16_t port_first, std::uint16_t port_last,
                   Random& random, const schema::Resource& address_resource);

  void learn(const json::Item& service);  // it has what it has
  // Fills in what `service` needs and has not. `old`: null, or how it was. With errors nothing is taken.
  Reservation reserve(json::Item& service, const json::Item* old, kube::Errors& errors, Wall now);
  Reservation free(const json::Item& service);
  IpAddress first_address() const { return ranges_.front().prefix.first().plus(1); }  // of "kubernetes"

 private:
  friend class Reservation;
  struct Step;
  struct Range {
    explicit Range(IpPrefix of);
    std::optional<std::uint32_t> number_of(const IpAddress& address) const;
    IpPrefix prefix;
    NumberPool addresses;
  };
  Range* range_of(std::string_view family);
  void change(std::string_view address, bool taken);
  void reserve_addresses(Step& step);
  std::string reserve_address(Step& step, std::string_view family, const std::string& wanted);
  void record(Step& step, const std::string& address);
  void reserve_ports(Step& step);
  void reserve_health_port(Step& step);
  std::optional<std::uint32_t> reserve_port(Step& step, const kube::FieldPath& path, std::int64_t wanted);
  void free_what_is_gone(Step& step);

  std::vector<Range> ranges_;
  std::uint16_t port_first_, port_last_;
  Random& random_;
  const schema::Resource& address_resource_;
  NumberPool ports_;
};

}  // namespace podo::apiserver
