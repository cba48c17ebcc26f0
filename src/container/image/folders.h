// Where things lie below DATA/images. Names only.
//
//   oci-layout index.json blobs/sha256/HEX   content, as an OCI image layout
//   partial/ALGORITHM-HEX                    blobs that are on their way
//   layers/HEX/fs                            unpacked layers, HEX of the chain id
//   snapshots/CONTAINER/{fs,work,stubs}      what containers changed; as copies, their whole trees; places to
//                                            mount on (stubs.h)
//   work/N                                   layers and archives that are being unpacked; emptied on opening
//   trash/N                                  what is being removed; emptied on opening
#pragma once

#include <string>
#include <string_view>

namespace podo::image {

struct Folders {
  std::string root;

  std::string blobs() const { return root + "/blobs"; }
  std::string blob(std::string_view digest) const {
    std::string path = blobs() + "/";
    path += digest;
    path[path.size() - digest.size() + digest.find(':')] = '/';
    return path;
  }
  std::string partial(std::string_view digest) const {
    std::string name(digest);
    name[name.find(':')] = '-';
    return root + "/partial/" + name;
  }
  std::string layers() const { return root + "/layers"; }
  std::string layer(std::string_view chain_id) const {
    return layers() + "/" + std::string(chain_id.substr(chain_id.find(':') + 1));
  }
  std::string layer_tree(std::string_view chain_id) const { return layer(chain_id) + "/fs"; }
  std::string snapshot(std::string_view container_id) const {
    return root + "/snapshots/" + std::string(container_id);
  }
  std::string work() const { return root + "/work"; }
  std::string trash() const { return root + "/trash"; }
};

// "sha256:a1b2..." -> the first twelve digits, as people see it.
inline std::string short_id(std::string_view digest) {
  return std::string(digest.substr(digest.find(':') + 1, 12));  // without a colon: from the start
}

}  // namespace podo::image
