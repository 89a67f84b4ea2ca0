#include "contract.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace {

constexpr const char* kNull = "(null)";
constexpr const char* kPassOn = "l 1";

// So many kinds of errors of a hook or function are told apart.
constexpr long kKinds = 16;

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
// Those that raise an exception, and those that return what cannot be passed on.
constexpr const char* kRaising[] = {"fail", "leave", "interrupt", "recurse"};
constexpr const char* kUnusable[] = {"an_object", "too_big", "nul", "not_finite"};
constexpr const char* kOthers[] = {"describe", "echo", "seven", "dynamic"};

template <typename Names>
bool IsOneOf(const Names& names, const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool IsFunction(const std::string& name) {
  const auto is_named = [&](const Function& function) { return function.name == name; };
  return IsOneOf(kRaising, name) || IsOneOf(kUnusable, name) || IsOneOf(kOthers, name) ||
         std::any_of(std::begin(kFunctions), std::end(kFunctions), is_named);
}

// An exception is told in full when it comes first.
Expected Raised(Callee& callee, const char* answer) {
  const bool is_told = std::exchange(callee.is_told, true);
  const Logged logged = callee.refusals >= kKinds ? Logged::kEither
                        : is_told                 ? Logged::kNothing
                                                  : Logged::kOneLine;
  return {answer, logged, "python"};
}

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

void Contract::Load(int id) {
  Id& use = ids.at(id);
  use.is_loaded = true;
  use.callees["(top level)"].calls = 1;
}

void Contract::Free(int id) {
  const auto found = ids.find(id);
  if (found == ids.end()) return;
  for (auto& [name, function] : found->second.functions) function.MayGo();
  ids.erase(found);
}

void Contract::FreeAll() {
  while (!ids.empty()) Free(ids.begin()->first);
}

void Contract::Register(int id, const std::string& name, const HostFunction& function) {
  auto& functions = ids.at(id).functions;
  const auto [place, is_new] = functions.emplace(name, function);
  if (is_new) return;
  place->second.MayGo();
  place->second = function;
}

bool Contract::Unregister(int id, const std::string& name) {
  const auto use = ids.find(id);
  if (use == ids.end()) return false;
  const auto found = use->second.functions.find(name);
  if (found == use->second.functions.end()) return false;
  found->second.MayGo();
  use->second.functions.erase(found);
  return true;
}

long Contract::CountOwners() const {
  long owners = 0;
  for (const auto& [id, use] : ids) {
    for (const auto& [name, function] : use.functions) owners += function.is_given_back;
  }
  return owners;
}

CallCounts Contract::Counts() const {
  CallCounts counts;
  for (const auto& [id, use] : ids) {
    for (const auto& [name, callee] : use.callees) counts[{id, name}] = callee.calls;
  }
  return counts;
}

Expected Contract::CallHook(int id, int hook, const RandomBlock& parameters) {
  if (!HasHook(hook)) return {kNull};
  if (!parameters.is_readable()) return {kPassOn, Logged::kOneLine, "invalid"};
  Callee& callee = Count(id, HookName(hook));
  ++callee.calls;
  if (parameters.has_bad_json()) {
    ++callee.refusals;
    return {kPassOn, Logged::kEither, "invalid"};
  }
  if (hook == W_OnUserLogout || hook == W_OnParsedMsgAny) {
    return Raised(callee, kPassOn);
  }
  switch (hook) {
    case W_OnUserLogin:
      return {"sl \"" + parameters.ForHook() + "\" 0"};
    case W_OnUserCommand:
      return {"l 0"};
    case W_OnParsedMsgChat:
      return {"ss NULL \"replaced\""};
    case W_OnParsedMsgMyINFO:
      return {"sssss \"a\" NULL \"c\" \"d\" \"e\""};
    case W_OnHubCommand:
    case W_OnNewConn:
      // What they return is no answer, which is told once.
      return {kPassOn, std::exchange(callee.is_told, true) ? Logged::kNothing : Logged::kOneLine};
    default:
      return {kPassOn};
  }
}

Expected Contract::CallFunction(int id, const std::string& name, const RandomBlock& parameters) {
  if (parameters.get() && !parameters.is_readable()) return {kNull, Logged::kOneLine, "invalid"};
  if (!IsFunction(name)) return {kNull, Logged::kOneLine, "not_found"};
  Callee& callee = Count(id, name);
  ++callee.calls;
  if (parameters.has_bad_json() || IsOneOf(kUnusable, name)) {
    ++callee.refusals;
    return {kNull, Logged::kOneLine, "invalid"};
  }
  const std::vector<Value>& values = parameters.values();
  if (name == "describe") return {"s \"" + parameters.ForFunction() + "\""};
  if (name == "echo" && !values.empty()) return {values.front().echoed};
  if (name == "seven" && values.empty()) return {"l 7"};
  for (const Function& function : kFunctions) {
    if (name == function.name) return {is_native() ? function.native : function.json};
  }
  return Raised(callee, kNull);
}

Expected Contract::CallDynamic(int id, const std::string& name, long number) {
  ++Count(id, "dynamic").calls;
  const auto& functions = ids.at(id).functions;
  const auto found = functions.find(name);
  if (found == functions.end()) return {"s \"NameError\""};
  const HostFunction& function = found->second;
  // An exception of the host is told, but for those that become one of Python.
  const bool is_told = function.what == Registered::kThrowing && !function.data;
  return {"s \"" + function.Answer(id, number) + "\"",
          is_told ? Logged::kOneLine : Logged::kNothing};
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
