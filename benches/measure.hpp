// Measuring: the shortest of many short slices, ours and the floor's in turn.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

// Does what a row measures so many times.
using Work = std::function<void(long times)>;

// The two sides of a row: the library under test and what it is compared with, which may be empty.
struct Sides {
  Work ours;
  Work floor;
};

// A row's figures: nanoseconds or bytes for doing it once.
struct Figures {
  double ours = 0;
  std::optional<double> floor;
};

// How long is measured.
struct Effort {
  std::chrono::milliseconds row{1500};
  std::chrono::milliseconds slice{5};
  int rounds = 3;
};

double NowNs();

// The time of one of `times`, the shortest of all slices of either side. Slices alternate, so that
// a busy moment of the machine meets both.
Figures Compare(const Sides& sides, const Effort& effort);
