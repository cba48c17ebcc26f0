// ImagePulls: images of containers are had. Looked for here, pulled by policy; who wants an image that is
// being pulled waits for that pull, if he has the same credentials. What failed is not tried again for 10 s,
// then 20 s, ... 5 minutes, for each pod and image.
//
// Events and reasons are the kubelet's. Lives on one loop; pulls go on when who asked has gone.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "cluster/client/events.h"
#include "cluster/pod/image_policy.h"
#include "cluster/pod/observation.h"

namespace podo::node {

using io::Task;

struct PullsGround {
  io::Loop& loop;
  Clock& clock;
  std::function<Result<image::ImagePtr>(std::string_view reference)> find;  // in the image store
  std::function<Task<image::ImagePtr>(oci::Reference, image::Credentials)> pull;
};

struct ImageWish {
  std::string pod_uid, image;  // as the pod has it
  pod::PullPolicy policy = pod::PullPolicy::if_not_present;
};

class ImagePulls {
 public:
  using Say = std::function<void(const client::Said&)>;
  using Found = std::expected<image::ImagePtr, pod::Waiting>;

  explicit ImagePulls(PullsGround ground) : ground_(std::move(ground)), pulling_(ground_.loop) {}

  // The image as it is here. Null: it is to be pulled.
  Found look(const ImageWish& wish, const Say& say);
  // `credentials`: tried one after the other; none: as anybody.
  Task<Found> pull(ImageWish wish, std::vector<image::Credentials> credentials, Say say);

  static constexpr Duration wait_first = seconds(10), wait_max = seconds(300);

 private:
  struct Flight {
    io::Condition ended{"a pull of an image"};
    std::optional<Result<image::ImagePtr>> outcome;
    Duration took;
  };
  struct Failure {
    Duration wait;
    Monotonic at;
    std::string message;
  };
  Result<image::ImagePtr> find(std::string_view image) const;
  std::shared_ptr<Flight> board(const oci::Reference& image, std::vector<image::Credentials> credentials);
  Task<void> fly(std::shared_ptr<Flight> flight, std::string key, oci::Reference image,
                 std::vector<image::Credentials> credentials);
  Task<image::ImagePtr> try_each(oci::Reference image, std::vector<image::Credentials> credentials);
  Found failed(const ImageWish& wish, const Error& error, const Say& say);
  void remember_failure(const std::string& key, std::string message);

  PullsGround ground_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;  // by reference and credentials
  std::map<std::string, Failure> failures_;                 // by pod and image
  io::TaskGroup pulling_;
};

// As Go writes a time.Duration of whole milliseconds: "1.234s", "15ms", "1m2.5s", "0s".
std::string shown(Duration duration);

}  // namespace podo::node
