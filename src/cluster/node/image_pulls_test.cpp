#include "cluster/node/image_pulls.h"

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/simulated_loop.h"

namespace podo::node {
namespace {

image::ImagePtr image_of(std::uint64_t bytes) {
  auto image = std::make_shared<image::Image>();
  image->size_bytes = bytes;
  return image;
}

// A registry that takes its time, and a store of what was pulled.
struct World {
  explicit World(io::SimulatedLoop& on) : loop(on) {}

  Task<image::ImagePtr> pull(std::string name, std::string user) {
    pulled.push_back(user.empty() ? name : text("{}@{}", user, name));
    co_await io::sleep(milliseconds(1500));
    if (broken || (!allowed.empty() && user != allowed))
      co_return denied("no access to {} for '{}'", name, user);
    here[name] = image_of(42);
    co_return here[name];
  }

  ImagePulls::Say say() {
    return [this](const client::Said& said) {
      events.push_back(text("{}{}: {}", said.warning ? "!" : "", said.reason, said.message));
    };
  }
  // "ok SIZE", or "REASON: message".
  Task<std::string> have(ImageWish wish, std::vector<image::Credentials> credentials = {}) {
    auto found = pulls.look(wish, say());
    if (found && *found == nullptr)
      found = co_await pulls.pull(std::move(wish), std::move(credentials), say());
    if (found) co_return text("ok {}", (*found)->size_bytes);
    again_at = found.error().again_at;
    co_return text("{}: {}", found.error().reason, found.error().message);
  }
  Task<void> have_both() {
    auto [one, two] =
        co_await io::all(have({.pod_uid = "1", .image = "a:1"}), have({.pod_uid = "2", .image = "a:1"}));
    CHECK_EQ(one, "ok 42");
    CHECK_EQ(two, "ok 42");
  }

  io::SimulatedLoop& loop;
  std::map<std::string, image::ImagePtr, std::less<>> here;
  std::vector<std::string> pulled, events;
  std::string allowed;
  bool broken = false;
  Monotonic again_at;
  ImagePulls pulls{
      {.loop = loop,
       .clock = loop.simulated_clock(),
       .find = [this](std::string_view name) -> Result<image::ImagePtr> {
         const auto found = here.find(name);
         if (found == here.end()) return not_found("No such image: {}", name);
         return found->second;
       },
       .pull = [this](oci::Reference name, image::Credentials as) { return pull(name.to_text(), as.user); }}};
};

void in_world(Task<void> (*property)(World&)) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(seed);
    World world(loop);
    const Result<void> ran = loop.run(io::deadline(property(world), seconds(6000)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

using Policy = pod::PullPolicy;

Task<void> follows_the_policy(World& world) {
  world.here["docker.io/library/busybox:latest"] = image_of(7);
  world.here["sha256:abc"] = image_of(8);
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "busybox"}), "ok 7");
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "sha256:abc", .policy = Policy::always}), "ok 8");
  CHECK_EQ(world.events[0],
           "Pulled: Container image \"busybox\" already present on machine and can be accessed by the pod");
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "busybox", .policy = Policy::always}), "ok 42");
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "nope", .policy = Policy::never}),
           "ErrImageNeverPull: Container image \"nope\" is not present with pull policy of Never");
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "bad name"}),
           "InvalidImageName: Failed to apply default image tag \"bad name\": couldn't parse image reference "
           "\"bad name\": invalid reference format");
  CHECK_EQ(world.pulled.size(), 1);
  CHECK_EQ(world.events.back(), "!Failed: Error: InvalidImageName");
}

Task<void> says_what_it_does(World& world) {
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "a:1"}), "ok 42");
  CHECK(world.events == std::vector<std::string>{
                            "Pulling: Pulling image \"a:1\"",
                            "Pulled: Successfully pulled image \"a:1\" in 1.5s (1.5s including waiting). "
                            "Image size: 42 bytes."});
}

Task<void> shares_a_pull(World& world) {
  co_await world.have_both();
  CHECK_EQ(world.pulled.size(), 1);
  CHECK_EQ(world.events.size(), 4);
}

Task<void> backs_off(World& world) {
  world.broken = true;
  const ImageWish wish{.pod_uid = "1", .image = "a:1"};
  const std::string error =
      "failed to pull and unpack image \"a:1\": no access to docker.io/library/a:1 for ''";
  CHECK_EQ(co_await world.have(wish), "ErrImagePull: " + error);
  CHECK_EQ(world.events[1], "!Failed: Failed to pull image \"a:1\": " + error);
  CHECK_EQ(world.events[2], "!Failed: Error: ErrImagePull");
  const std::string waits = "ImagePullBackOff: Back-off pulling image \"a:1\": ErrImagePull: " + error;
  for (const std::int64_t wait : {10, 20, 40, 80, 160, 300, 300}) {
    const Monotonic failed = world.loop.simulated_clock().now();
    CHECK_EQ(co_await world.have(wish), waits);
    CHECK_EQ((world.again_at - failed).ns, seconds(wait).ns);
    co_await io::sleep(seconds(wait));
    CHECK_EQ(co_await world.have(wish), "ErrImagePull: " + error);
  }
  CHECK_EQ(world.pulled.size(), 8);
  CHECK_EQ(co_await world.have({.pod_uid = "2", .image = "a:1"}), "ErrImagePull: " + error);
  world.here["docker.io/library/a:1"] = image_of(9);  // built or loaded meanwhile
  CHECK_EQ(co_await world.have(wish), "ok 9");
}

Task<void> tries_credentials(World& world) {
  world.allowed = "right";
  const auto as = [](std::string user) { return image::Credentials{.user = std::move(user)}; };
  CHECK_EQ(co_await world.have({.pod_uid = "1", .image = "a:1"}, {as("wrong"), as("right")}), "ok 42");
  CHECK(world.pulled ==
        std::vector<std::string>{"wrong@docker.io/library/a:1", "right@docker.io/library/a:1"});
}

TEST_CASE("an image is had by its policy") { in_world(follows_the_policy); }
TEST_CASE("a pull is told as the kubelet tells it") { in_world(says_what_it_does); }
TEST_CASE("who wants what is being pulled waits for it") { in_world(shares_a_pull); }
TEST_CASE("a pull that failed waits longer each time") { in_world(backs_off); }
TEST_CASE("credentials are tried one after the other") { in_world(tries_credentials); }

TEST_CASE("durations are Go's") {
  CHECK_EQ(shown(milliseconds(0)), "0s");
  CHECK_EQ(shown(microseconds(15'900)), "15ms");
  CHECK_EQ(shown(milliseconds(1234)), "1.234s");
  CHECK_EQ(shown(milliseconds(2050)), "2.05s");
  CHECK_EQ(shown(seconds(60)), "1m0s");
  CHECK_EQ(shown(milliseconds(62'500)), "1m2.5s");
  CHECK_EQ(shown(seconds(3725)), "1h2m5s");
}

}  // namespace
}  // namespace podo::node
