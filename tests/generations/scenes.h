// The scenes: what happens in the hub while a transcript is written. Each has a folder of scripts.
#pragma once

#include <string>

#include "hub.h"

namespace scenes {

struct Scene {
  const char* name;
  void (*prepare)(hub::Hub*);  // before scripts load
  void (*play)(hub::Hub*);
  // A habit that the hub does without, or null.
  const char* without_habit = nullptr;
};

// Throws std::runtime_error for an unknown name.
const Scene& Find(const std::string& name);

}  // namespace scenes
