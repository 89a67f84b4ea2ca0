// The host of a measurement: a hub of the `python3` generation with the library under test and, for
// comparison, the floor.
#pragma once

#include <array>
#include <string>

#include "floor.h"
#include "library.hpp"

// From w_Begin to w_End. One in a process.
class Host {
 public:
  explicit Host(std::string file);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const Library& lib() const { return library_; }
  // The library's file.
  const std::string& file() const { return file_; }
  // Sets the hub's encoding and says so to a script, as a hub does after a change.
  void SetEncoding(const char* encoding, int script);
  // The table's GetUserClass, for the floor.
  w_Tcallback get_user_class() const;

 private:
  const std::string file_;
  const Library library_;
  std::array<w_Tcallback, W_MAX_CALLBACKS> table_ = {};
};

// A script of benches/scripts, loaded in a runtime until this is gone.
class Script {
 public:
  Script(Host& host, const std::string& name, const std::string& runtime = "sub");
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  int id() const { return id_; }

 private:
  Host& host_;
  int id_;
};

// Path of a script of benches/scripts.
std::string PathOf(const std::string& script);

// The floor beside the library, loaded at the first call.
const floor_api& Floor();

// A script at the floor, until this is gone.
class FloorScript {
 public:
  FloorScript(const Host& host, const std::string& name);
  ~FloorScript();
  FloorScript(const FloorScript&) = delete;
  FloorScript& operator=(const FloorScript&) = delete;

  floor_function* Find(const char* function) const { return Floor().find(script_, function); }

 private:
  floor_script* script_;
};
