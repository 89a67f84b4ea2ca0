// The contract with the hub as a small model: what is in use, and what each call must answer.
#pragma once

#include <map>
#include <string>

#include "host_functions.hpp"
#include "random_block.hpp"
#include "statistics.hpp"
#include "tables.hpp"

// What tuples and lists become, and which numbers the callbacks have.
enum class Table { kClassic, kPython3, kOther };

// A hook or function of a script.
struct Callee {
  long calls = 0;
  // What was passed that cannot be; each such fault is a kind of error of its own.
  long refusals = 0;
  // What it does wrong is told once.
  bool is_told = false;
};

// What an id is used for.
struct Id {
  bool is_loaded = false;
  std::map<std::string, HostFunction> functions;
  std::map<std::string, Callee> callees;
};

// What the log must say of a call.
enum class Logged {
  kNothing,
  kOneLine,
  kEither,  // Nobody can tell from here.
};

// What a call must answer, as text; a block as Describe tells it.
struct Expected {
  std::string answer;
  Logged logged = Logged::kNothing;
  std::string error = "";
};

struct Contract {
  bool has_begun = false;
  // Of the last w_Begin.
  Table table = Table::kOther;
  Encoding encoding = Encoding::kUtf8;
  int log_level = 1;
  // Of this thread's last call that can have one, and that call.
  std::string error;
  std::string error_of;
  // The ids in use.
  std::map<int, Id> ids;

  bool is_native() const { return table != Table::kPython3; }
  int LowestFreeId() const;
  bool IsLoaded(int id) const;
  // The script is loaded.
  void Load(int id);
  // The id is free again, if it was in use; all ids are.
  void Free(int id);
  void FreeAll();
  // A function is registered, or taken back; false when there is none.
  void Register(int id, const std::string& name, const HostFunction& function);
  bool Unregister(int id, const std::string& name);
  // How many functions have data that the host gets back.
  long CountOwners() const;
  // How often each hook and function was called.
  CallCounts Counts() const;
  // Names as w_CallName and w_HookName tell them; NULL for none.
  const char* CallName(int slot) const;
  static const char* HookName(int hook);
  static bool HasHook(int hook);
  // Of a script that is loaded.
  Expected CallHook(int id, int hook, const RandomBlock& parameters);
  Expected CallFunction(int id, const std::string& name, const RandomBlock& parameters);
  // Of its function `dynamic`, which calls one the host registered.
  Expected CallDynamic(int id, const std::string& name, long number);

 private:
  Callee& Count(int id, const std::string& name) { return ids.at(id).callees[name]; }
};

// The generation a table tells by its empty slots.
Table Recognise(const w_Tcallback* table);
// Whether w_unpack must read a block of the format `own`, all of whose types are right.
bool CanUnpack(const std::string& own, const std::string& format, bool first_is_null);
