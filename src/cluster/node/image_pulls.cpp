#include "cluster/node/image_pulls.h"

#include <algorithm>

#include "cluster/pod/downward.h"

namespace podo::node {
namespace {

using pod::quoted;

constexpr Duration show_error = seconds(1);  // until the back-off is shown instead

ImagePulls::Found waits(std::string reason, std::string message, Monotonic again_at,
                        const ImagePulls::Say& say) {
  say({.reason = "Failed", .message = "Error: " + reason, .warning = true});
  return std::unexpected(pod::Waiting{std::move(reason), std::move(message), again_at});
}

std::string key_of(const ImageWish& wish) { return wish.pod_uid + "_" + wish.image; }

std::string flight_key(const oci::Reference& image, const std::vector<image::Credentials>& credentials) {
  std::string key = image.to_text();
  for (const image::Credentials& each : credentials)
    for (const std::string* part : {&each.user, &each.password, &each.identity_token, &each.registry_token})
      key.append(1, '\0').append(*part);
  return key;
}

}  // namespace

std::string shown(Duration duration) {
  std::int64_t ms = duration.ns / 1'000'000;
  if (ms == 0) return "0s";
  if (ms < 1000) return text("{}ms", ms);
  std::string out;
  const std::int64_t minutes = ms / 60'000;
  if (minutes >= 60) out = text("{}h", minutes / 60);
  if (minutes > 0) out += text("{}m", minutes % 60);
  ms %= 60'000;
  out += text("{}", ms / 1000);
  if (ms % 1000 != 0) {
    std::string fraction = text("{}", ms % 1000 + 1000).substr(1);  // three digits
    while (fraction.ends_with('0')) fraction.pop_back();
    out.append(".").append(fraction);
  }
  return out += 's';
}

// Names are looked for whole: "beef" is no id of an image here.
Result<image::ImagePtr> ImagePulls::find(std::string_view image) const {
  if (image.starts_with("sha256:")) return ground_.find(image);
  return ground_.find(TRY(pod::parse_image(image)).to_text());
}

ImagePulls::Found ImagePulls::look(const ImageWish& wish, const Say& say) {
  const bool by_id = wish.image.starts_with("sha256:");
  if (const auto name = pod::parse_image(wish.image); !by_id && !name) {
    const std::string message =
        text("Failed to apply default image tag {}: {}", quoted(wish.image), name.error().message());
    say({.reason = "InspectFailed", .message = message, .warning = true});
    return waits("InvalidImageName", message, ground_.clock.now() + wait_first, say);
  }
  auto image = find(wish.image);
  if (image && (by_id || wish.policy != pod::PullPolicy::always)) {
    say({.reason = "Pulled",
         .message = text("Container image {} already present on machine and can be accessed by the pod",
                         quoted(wish.image))});
    return *std::move(image);
  }
  if (wish.policy == pod::PullPolicy::never) {
    const std::string message =
        text("Container image {} is not present with pull policy of Never", quoted(wish.image));
    say({.reason = "ErrImageNeverPull", .message = message, .warning = true});
    return waits("ErrImageNeverPull", message, ground_.clock.now() + wait_first, say);
  }
  const auto failure = failures_.find(key_of(wish));
  if (failure == failures_.end() || ground_.clock.now() >= failure->second.at + failure->second.wait)
    return image::ImagePtr();
  const std::string message = text("Back-off pulling image {}", quoted(wish.image));
  say({.reason = "BackOff", .message = message});
  return waits("ImagePullBackOff", text("{}: ErrImagePull: {}", message, failure->second.message),
               failure->second.at + failure->second.wait, say);
}

Task<ImagePulls::Found> ImagePulls::pull(ImageWish wish, std::vector<image::Credentials> credentials,
                                         Say say) {
  const Monotonic begun = ground_.clock.now();
  say({.reason = "Pulling", .message = text("Pulling image {}", quoted(wish.image))});
  const auto flight = board(co_await pod::parse_image(wish.image), std::move(credentials));
  while (!flight->outcome) co_await flight->ended.wait();
  if (!*flight->outcome) co_return failed(wish, flight->outcome->error(), say);
  image::ImagePtr image = **flight->outcome;
  failures_.erase(key_of(wish));
  say({.reason = "Pulled",
       .message = text("Successfully pulled image {} in {} ({} including waiting). Image size: {} bytes.",
                       quoted(wish.image), shown(flight->took), shown(ground_.clock.now() - begun),
                       image->size_bytes)});
  co_return std::move(image);
}

std::shared_ptr<ImagePulls::Flight> ImagePulls::board(const oci::Reference& image,
                                                      std::vector<image::Credentials> credentials) {
  std::string key = flight_key(image, credentials);
  std::shared_ptr<Flight>& flight = flights_[key];
  if (flight) return flight;
  flight = std::make_shared<Flight>();
  std::shared_ptr<Flight> boarded = flight;
  pulling_.spawn(fly(boarded, std::move(key), image, std::move(credentials)), "pull " + image.to_text());
  return boarded;
}

Task<void> ImagePulls::fly(std::shared_ptr<Flight> flight, std::string key, oci::Reference image,
                           std::vector<image::Credentials> credentials) {
  const Monotonic begun = ground_.clock.now();
  auto outcome = co_await try_each(std::move(image), std::move(credentials)).result();
  flight->took = ground_.clock.now() - begun;
  flight->outcome.emplace(std::move(outcome));
  flights_.erase(key);
  flight->ended.notify_all();
}

Task<image::ImagePtr> ImagePulls::try_each(oci::Reference image,
                                           std::vector<image::Credentials> credentials) {
  if (credentials.empty()) credentials.emplace_back();
  for (std::size_t i = 0; i + 1 < credentials.size(); ++i) {
    auto pulled = co_await ground_.pull(image, credentials[i]).result();
    if (pulled) co_return *std::move(pulled);
  }
  co_return co_await ground_.pull(image, credentials.back());
}

ImagePulls::Found ImagePulls::failed(const ImageWish& wish, const Error& error, const Say& say) {
  const std::string message =
      text("failed to pull and unpack image {}: {}", quoted(wish.image), error.message());
  remember_failure(key_of(wish), message);
  say({.reason = "Failed",
       .message = text("Failed to pull image {}: {}", quoted(wish.image), message),
       .warning = true});
  return waits("ErrImagePull", message, ground_.clock.now() + show_error, say);
}

void ImagePulls::remember_failure(const std::string& key, std::string message) {
  const Monotonic now = ground_.clock.now();
  std::erase_if(failures_, [&](const auto& each) { return now - each.second.at > wait_max * 2; });
  const auto [failure, first] = failures_.try_emplace(key);
  failure->second.wait = first ? wait_first : std::min(failure->second.wait * 2, wait_max);
  failure->second.at = now;
  failure->second.message = std::move(message);
}

}  // namespace podo::node
