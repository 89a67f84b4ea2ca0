// The contract with the hub as a small model: what is in use, and what each call must answer.
#pragma once

#include <map>
#include <string>

#include "random_block.hpp"
#include "tables.hpp"

// The functions a host registers; what they do is in operations.cpp.
enum class Registered { kNumber, kArguments, kNothing, kMalformed };

// What tuples and lists become, and which numbers the callbacks have.
enum class Table { kClassic, kPython3, kOther };

// What an id is used for.
struct Id {
  bool is_loaded = false;
  std::map<std::string, Registered> functions;
};

// What the log must say of a call.
enum class Logged {
  kNothing,
  kOneLine,
  kEither,  // What a script does again and again is told once.
};

// What a call must answer, as text; a block as Describe tells it.
struct Expected {
  std::string answer;
  Logged logged = Logged::kNothing;
};

struct Contract {
  bool has_begun = false;
  // Of the last w_Begin.
  Table table = Table::kOther;
  Encoding encoding = Encoding::kUtf8;
  int log_level = 0;
  // The ids in use.
  std::map<int, Id> ids;

  bool is_native() const { return table != Table::kPython3; }
  int LowestFreeId() const;
  bool IsLoaded(int id) const;
  // Names as w_CallName and w_HookName tell them; NULL for none.
  const char* CallName(int slot) const;
  static const char* HookName(int hook);
  static bool HasHook(int hook);
  // Of a script that is loaded.
  Expected CallHook(int hook, const RandomBlock& parameters) const;
  Expected CallFunction(const std::string& name, const RandomBlock& parameters) const;
};

// The generation a table tells by its empty slots.
Table Recognise(const w_Tcallback* table);
// Whether w_unpack must read a block of the format `own`, all of whose types are right.
bool CanUnpack(const std::string& own, const std::string& format, bool first_is_null);
