// The functions the host registers for its scripts: plain ones, and those with data of their own,
// which must come back exactly once and not before they may.
#pragma once

#include <string>

#include "dice.hpp"
#include "library.hpp"

// What such a function does.
enum class Registered { kNumber, kArguments, kNothing, kMalformed, kThrowing };

// Data of one function.
struct FunctionData;

// A function as the model knows it.
struct HostFunction {
  Registered what = Registered::kNumber;
  // Those with data may have a format.
  FunctionData* data = nullptr;
  bool has_format = false;
  std::string format;
  // Whether the library gives the data back.
  bool is_given_back = false;

  // From now on the data may be given back.
  void MayGo() const;
  // What subject.py says of a call with one number.
  std::string Answer(int id, long number) const;
  // For w_RegisterFunction.
  w_Tcallback callback() const;
};

// A function with data and perhaps a format, which has letters that are none one time in three.
HostFunction RandomOwner(Dice& dice);
// For w_RegisterFunctionEx.
w_Tfunction OwnerFunction();
w_Trelease OwnerRelease();

// How much data is out that the library must give back.
long DataOut();
// How often data came back too early, or was used by the wrong script; since the last call.
long TakeMisuses();
