// A stage between two of its steps: the config its image would have, and the layers of its tree. A value.
#pragma once

#include <string>
#include <vector>

#include "base/core/clock.h"
#include "container/builder/variables.h"
#include "container/image/images.h"

namespace podo::builder {

struct State {
  oci::ImageConfig config = {};             // its diff_ids are those of the layers
  std::vector<std::string> chain_ids = {};  // of the layers, from the lowest
  Scope scope = {};                         // the ARGs declared so far
  bool command_set = false;                 // a CMD was in this stage
  // The key of each layer's step, for caches that travel with the image; "" for the base's.
  std::vector<std::string> keys = {};
  // The key of the last step that could change a file. The next one's key has it: what follows a step that
  // was changed is made again, as people expect, even when the step gave the same files.
  std::string past = {};
  std::size_t base_layers = 0;  // those that came with FROM of no stage
  std::string image_id = {};    // of the image it began with, while nothing was changed

  std::string top() const { return chain_ids.empty() ? std::string() : chain_ids.back(); }
  void add_layer(const image::Images::KeptLayer& layer, std::string key);
  void add_history(Wall at, std::string created_by, bool empty_layer);
  std::optional<std::string> find(std::string_view name) const { return scope.find(name, config.env); }
  // "sha256:...": the id of an image with this config.
  std::string id() const;
};

}  // namespace podo::builder
