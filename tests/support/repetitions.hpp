// How often tests repeat what is to be tried often.
#pragma once

#include <cstdlib>

// What VH_REPETITIONS says, else so many times.
inline int Repetitions(int usual) {
  const char* chosen = std::getenv("VH_REPETITIONS");
  return chosen ? std::atoi(chosen) : usual;
}
