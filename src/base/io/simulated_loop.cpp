#include "base/io/simulated_loop.h"

namespace podo::io {

bool SimulatedLoop::take_events(std::optional<Monotonic> until) {
  open_letters();
  if (!until) return false;
  if (*until > clock_.now_) clock_.now_ = *until;
  return true;
}

Strand& SimulatedLoop::choose(List<Strand, ReadyQueue>& ready) {
  constexpr std::uint64_t candidates_max = 8;  // bounded, so that a long queue costs no walk
  std::uint64_t candidates = 0;
  for (Strand* s = ready.front(); s != nullptr && candidates < candidates_max; s = ready.after(*s))
    ++candidates;
  Strand* chosen = ready.front();
  if (candidates > 1)
    for (std::uint64_t skip = random_.below(candidates); skip > 0; --skip) chosen = ready.after(*chosen);
  for (std::uint64_t word : {chosen->number(), static_cast<std::uint64_t>(clock_.now_.ns)})
    digest_ = (digest_ ^ word) * 1'099'511'628'211u;
  ++turns_;
  return *chosen;
}

}  // namespace podo::io
