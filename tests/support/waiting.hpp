// Waiting for what happens soon, at some time.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

// Runs `step` until it answers true; false when it takes too long.
inline bool Eventually(const std::function<bool()>& step) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(60);
  while (Clock::now() < end) {
    if (step()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}
