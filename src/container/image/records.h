// What Images keeps in the store, as JSON, all of it written relaxed:
//
//   image/blob/DIGEST            {"size":N,"boot":B}             a blob that is complete
//   image/layer/CHAIN-ID         {"diffId":D,"parent":C,"blob":D,"bytes":N,"boot":B}   a layer that is
//                                unpacked; the chain below it, and its blob, as far as they are known
//   image/config/IMAGE-ID        {"manifest":D,"parent":I,"tagged":NS}
//   image/reference/REFERENCE    {"image":I}                     a tag, or name@digest
//   image/snapshot/CONTAINER     {"image":I,"chain":[...],"copy":true,"scratch":true,"stubs":true}
//
// Bytes are in the page cache when their record is written, not on the disk: nothing waits for a disk on the
// way to a running container. The record therefore names the boot of the machine it was written in. A little
// later Images flushes the file system and writes the records again without a boot: they are settled. After a
// power cut the records of an earlier boot that never settled are the doubtful ones: such blobs are digested
// again, such layers unpacked again from them (recover.cpp). After a mere crash of the daemon the boot is the
// same, and the page cache has everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::image {

namespace keys {
inline constexpr std::string_view all = "image/", blob = "image/blob/", layer = "image/layer/",
                                  config = "image/config/", reference = "image/reference/",
                                  snapshot = "image/snapshot/";
}

struct BlobRecord {
  std::uint64_t size = 0;
  std::string boot;  // "": settled
};
struct LayerRecord {
  std::string diff_id;
  std::uint64_t bytes = 0;
  std::string boot;
  std::string parent = {}, blob = {};  // "": none, or written by an earlier version
};
struct ConfigRecord {
  std::string manifest_digest, parent_id;
  std::int64_t tagged_ns = 0;
};
struct SnapshotRecord {
  std::string image_id;
  std::vector<std::string> chain_ids;  // from the lowest
  bool copy = false, scratch = false;
  bool build = false;  // of an image in the making: not in the store, gone with the daemon
  bool stubs = false;  // a layer of its own lies between
};

std::string encode(const BlobRecord& record);
std::string encode(const LayerRecord& record);
std::string encode(const ConfigRecord& record);
std::string encode(const SnapshotRecord& record);
std::string encode_reference(std::string_view image_id);
Result<BlobRecord> decode_blob(std::string_view text);
Result<LayerRecord> decode_layer(std::string_view text);
Result<ConfigRecord> decode_config(std::string_view text);
Result<SnapshotRecord> decode_snapshot(std::string_view text);
Result<std::string> decode_reference(std::string_view text);  // the image's id

}  // namespace podo::image
