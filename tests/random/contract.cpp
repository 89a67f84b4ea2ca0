#include "contract.hpp"

#include <algorithm>
#include <cstring>

namespace {

constexpr const char* kNull = "(null)";
constexpr const char* kPassOn = "l 1";

// Functions of subject.py that answer the same to any arguments; their native and their JSON form.
struct Function {
  const char* name;
  const char* native;
  const char* json;
};

constexpr Function kFunctions[] = {
    {"nothing", "l 0", "l 0"},
    {"half", "d 0.5", "d 0.5"},
    {"pair", "tab s \"x\", l 1", "D [\"x\",1]"},
    {"mapping", "D {\"a\":[1,null]}", "D {\"a\":[1,null]}"},
};

bool IsLetter(char letter) { return letter && std::strchr("lsdpLDO", letter); }

}  // namespace

int Contract::LowestFreeId() const {
  int id = 0;
  while (ids.count(id)) ++id;
  return id;
}

bool Contract::IsLoaded(int id) const {
  const auto found = ids.find(id);
  return found != ids.end() && found->second.is_loaded;
}

const char* Contract::CallName(int slot) const {
  const auto is_in_slot = [&](const SlotRow& row) {
    return (table == Table::kClassic ? row.classic : row.python3) == slot;
  };
  const SlotRow* row = std::find_if(std::begin(kSlots), std::end(kSlots), is_in_slot);
  return slot < 0 || row == std::end(kSlots) ? nullptr : row->name;
}

const char* Contract::HookName(int hook) {
  return hook < 0 || hook >= kHookCount ? nullptr : kHooks[hook].name;
}

bool Contract::HasHook(int hook) {
  switch (hook) {
    case W_OnUserLogin:
    case W_OnUserLogout:
    case W_OnParsedMsgAny:
    case W_OnUserInList:
    case W_OnUserCommand:
    case W_OnHubCommand:
    case W_OnNewConn:
    case W_OnParsedMsgChat:
    case W_OnParsedMsgMyINFO:
    case W_OnTimer:
      return true;
    default:
      return false;
  }
}

Expected Contract::CallHook(int hook, const RandomBlock& parameters) const {
  if (!HasHook(hook)) return {kNull};
  if (!parameters.is_readable() || parameters.has_bad_json()) return {kPassOn, Logged::kOneLine};
  switch (hook) {
    case W_OnUserLogin:
      return {"sl \"" + parameters.ForHook() + "\" 0"};
    case W_OnUserLogout:
    case W_OnParsedMsgAny:
      return {kPassOn, Logged::kOneLine};
    case W_OnUserCommand:
      return {"l 0"};
    case W_OnParsedMsgChat:
      return {"ss NULL \"replaced\""};
    case W_OnParsedMsgMyINFO:
      return {"sssss \"a\" NULL \"c\" \"d\" \"e\""};
    case W_OnHubCommand:
    case W_OnNewConn:
      return {kPassOn, Logged::kEither};
    default:
      return {kPassOn};
  }
}

Expected Contract::CallFunction(const std::string& name, const RandomBlock& parameters) const {
  if (parameters.get() && (!parameters.is_readable() || parameters.has_bad_json()))
    return {kNull, Logged::kOneLine};
  const std::vector<Value>& values = parameters.values();
  if (name == "describe") return {"s \"" + parameters.ForFunction() + "\""};
  if (name == "echo" && !values.empty()) return {values.front().echoed};
  if (name == "seven" && values.empty()) return {"l 7"};
  for (const Function& function : kFunctions) {
    if (name == function.name) return {is_native() ? function.native : function.json};
  }
  return {kNull, Logged::kOneLine};
}

Table Recognise(const w_Tcallback* table) {
  if (!table[42] && !table[43] && !table[44] && table[45]) return Table::kClassic;
  if (table[42] && !table[43] && !table[44] && !table[45] && table[46]) return Table::kPython3;
  return Table::kOther;
}

bool CanUnpack(const std::string& own, const std::string& format, bool first_is_null) {
  const size_t bar = format.find('|');
  std::string letters = format;
  if (bar != std::string::npos) letters.erase(bar, 1);
  if (!std::all_of(letters.begin(), letters.end(), IsLetter)) return false;
  if (letters == "s" && own == "ss" && first_is_null) return true;
  const size_t required = bar == std::string::npos ? letters.size() : bar;
  return own.size() >= required && letters.compare(0, own.size(), own) == 0;
}
