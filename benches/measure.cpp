// Slices and their minimum.
#include "measure.hpp"

#include <algorithm>
#include <limits>

namespace {

double TimeOnce(const Work& work, long times) {
  const double start = NowNs();
  work(times);
  return (NowNs() - start) / static_cast<double>(times);
}

// One side and the best it has done.
class Contestant {
 public:
  Contestant(const Work& work, double slice_ns) : work_(work) {
    // Warm, and long enough to be measured.
    while (TimeOnce(work_, times_) * static_cast<double>(times_) < slice_ns / 2) times_ *= 2;
  }

  void RunSlice() { best_ = std::min(best_, TimeOnce(work_, times_)); }
  double best() const { return best_; }

 private:
  const Work& work_;
  long times_ = 1;
  double best_ = std::numeric_limits<double>::max();
};

}  // namespace

double NowNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

Figures Compare(const Sides& sides, const Effort& effort) {
  const double slice_ns = std::chrono::duration<double, std::nano>(effort.slice).count();
  Contestant ours(sides.ours, slice_ns);
  std::optional<Contestant> floor;
  if (sides.floor) floor.emplace(sides.floor, slice_ns);
  const double end = NowNs() + std::chrono::duration<double, std::nano>(effort.row).count();
  do {
    ours.RunSlice();
    if (floor) floor->RunSlice();
  } while (NowNs() < end);
  Figures figures{ours.best(), std::nullopt};
  if (floor) figures.floor = floor->best();
  return figures;
}
