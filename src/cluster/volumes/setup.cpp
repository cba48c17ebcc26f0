#include "cluster/volumes/setup.h"

#include "cluster/volumes/payload_folder.h"

namespace podo::volumes {
namespace {

Result<> perform_one(const Setup& setup, Wall now) {
  const Writable writable = setup.place.read_only ? Writable::no : Writable::yes;
  switch (setup.kind) {
    case Setup::Kind::host_path: return check_host_path(setup.place.path, setup.type, setup.made_mode);
    case Setup::Kind::bind: return make_bind_folder(setup.folder, setup.source, writable);
    case Setup::Kind::disk: TRY(make_disk_folder(setup.folder)); break;
    case Setup::Kind::memory: TRY(make_memory_folder(setup.folder, setup.bytes_max)); break;
    case Setup::Kind::image: break;
  }
  if (setup.payload) TRY(write_payload(setup.folder.path, *setup.payload, setup.folder.group, now));
  return {};
}

}  // namespace

Result<> perform(const Setup& setup, Wall now) {
  Result<> done = perform_one(setup, now);
  if (!done) return Failure(setup_failed(setup.title, std::move(done).error()));
  return {};
}

Result<> perform_all(const std::vector<Setup>& setups, Wall now) {
  for (const Setup& setup : setups) TRY(perform(setup, now));
  return {};
}

Error setup_failed(std::string_view title, Error&& error) {
  return std::move(error).within(text("MountVolume.SetUp failed for volume \"{}\" ", title));
}

}  // namespace podo::volumes
