// The hub's side of the `vh` module: one C function for each slot of the callback table, which
// unpacks a block, calls the slot's handler and packs what it returns.
#include "callbacks.h"

#include <exception>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>

#include "callback_handlers.h"
#include "log.h"

namespace hub {

namespace {

using namespace callbacks;

// --- From a C call to a handler and back ---

template <typename Parameter>
struct Slot;

template <>
struct Slot<long> {
  static constexpr char kLetter = 'l';
  using Raw = long;
  static bool IsThere(long) { return true; }
};

template <>
struct Slot<const char*> {
  static constexpr char kLetter = 's';
  using Raw = char*;
  static bool IsThere(const char*) { return true; }
};

template <>
struct Slot<std::string> {
  static constexpr char kLetter = 's';
  using Raw = char*;
  static bool IsThere(const char* text) { return text != nullptr; }
};

w_Targs* Pack(const WrapperLibrary& library, bool value) {
  return library.pack("l", static_cast<long>(value));
}
w_Targs* Pack(const WrapperLibrary& library, long value) { return library.pack("l", value); }
w_Targs* Pack(const WrapperLibrary& library, double value) { return library.pack("d", value); }
w_Targs* Pack(const WrapperLibrary& library, const MaybeText& value) {
  return value ? library.pack("s", Copy(*value)) : nullptr;
}
w_Targs* Pack(const WrapperLibrary&, w_Targs* block) { return block; }

w_Targs* RefuseBlock(const Caller& caller, const w_Targs* block, const char* format) {
  LogError("script " + caller.script.file_name + " called with " + FormatBlock(block) +
           " what takes " + format);
  return nullptr;
}

template <typename Result, typename... Parameters>
w_Targs* Unpack(Result (*handler)(Caller&, Parameters...), Caller& caller, w_Targs* block) {
  static constexpr char kFormat[] = {Slot<Parameters>::kLetter..., '\0'};
  std::tuple<typename Slot<Parameters>::Raw...> raw{};
  // The full format, as every hub unpacks it: a block of another format fails.
  const auto unpack = [&](auto&... slots) {
    return caller.library().unpack(block, kFormat, &slots...) != 0;
  };
  const auto complete = [](auto&... slots) { return (Slot<Parameters>::IsThere(slots) && ...); };
  if (!std::apply(unpack, raw) || !std::apply(complete, raw)) {
    return RefuseBlock(caller, block, kFormat);
  }
  return std::apply(
      [&](auto&... slots) { return Pack(caller.library(), handler(caller, slots...)); }, raw);
}

template <auto kHandler>
w_Targs* Run(Caller& caller, w_Targs* block) {
  return Unpack(kHandler, caller, block);
}

// See Habits::ints. These are the variables of real hubs, as they lie on the stack.
struct NumberBelowTexts {
  alignas(long) int above;
  int number;
  char* first;
  char* second;
};

template <bool (*kHandler)(Caller&, std::string, long)>
w_Targs* RunTextAndInt(Caller& caller, w_Targs* block) {
  if (!caller.habits().ints) return Run<kHandler>(caller, block);
  NumberBelowTexts got{};
  if (!caller.library().unpack(block, "sl", &got.first, &got.number) || !got.first) {
    return RefuseBlock(caller, block, "sl");
  }
  return Pack(caller.library(), kHandler(caller, got.first, got.number));
}

template <bool (*kHandler)(Caller&, std::string, std::string, long)>
w_Targs* RunTextsAndInt(Caller& caller, w_Targs* block) {
  if (!caller.habits().ints) return Run<kHandler>(caller, block);
  NumberBelowTexts got{};
  if (!caller.library().unpack(block, "ssl", &got.first, &got.second, &got.number) || !got.first ||
      !got.second) {
    return RefuseBlock(caller, block, "ssl");
  }
  return Pack(caller.library(), kHandler(caller, got.first, got.second, got.number));
}

struct Row {
  int slot;  // as the python3 hubs number it
  const char* name;
  w_Targs* (*run)(Caller&, w_Targs*);
};

constexpr Row kRows[] = {
    {W_SendToOpChat, "SendToOpChat", Run<SendToOpChat>},
    {W_SendToActive, "SendToActive", Run<SendToActive>},
    {W_SendToPassive, "SendToPassive", Run<SendToPassive>},
    {W_SendToActiveClass, "SendToActiveClass", Run<SendToActiveClass>},
    {W_SendToPassiveClass, "SendToPassiveClass", Run<SendToPassiveClass>},
    {W_SendDataToUser, "SendDataToUser", Run<SendDataToUser>},
    {W_SendDataToAll, "SendDataToAll", Run<SendDataToAll>},
    {W_SendPMToAll, "SendPMToAll", Run<SendPMToAll>},
    {W_CloseConnection, "CloseConnection", Run<CloseConnection>},
    {W_GetMyINFO, "GetMyINFO", Run<GetMyINFO>},
    {W_SetMyINFO, "SetMyINFO", Run<SetMyINFO>},
    {W_GetUserClass, "GetUserClass", Run<GetUserClass>},
    {W_GetUserHost, "GetUserHost", Run<GetUserHost>},
    {W_GetUserIP, "GetUserIP", Run<GetUserIP>},
    {W_SetUserIP, "SetUserIP", Run<SetUserIP>},
    {W_SetMyINFOFlag, "SetMyINFOFlag", RunTextAndInt<SetMyINFOFlag>},
    {W_UnsetMyINFOFlag, "UnsetMyINFOFlag", RunTextAndInt<UnsetMyINFOFlag>},
    {W_GetUserHubURL, "GetUserHubURL", Run<GetUserHubURL>},
    {W_GetUserExtJSON, "GetUserExtJSON", Run<GetUserExtJSON>},
    {W_GetUserCC, "GetUserCC", Run<GetUserCC>},
    {W_GetIPCC, "GetIPCC", Run<GetIPCC>},
    {W_GetIPCN, "GetIPCN", Run<GetIPCN>},
    {W_GetIPCity, "GetIPCity", Run<GetIPCity>},
    {W_GetIPASN, "GetIPASN", Run<GetIPASN>},
    {W_GetGeoIP, "GetGeoIP", Run<GetGeoIP>},
    {W_GetNickList, "GetNickList", Run<GetNickList>},
    {W_GetOpList, "GetOpList", Run<GetOpList>},
    {W_GetBotList, "GetBotList", Run<GetBotList>},
    {W_AddRegUser, "AddRegUser", Run<AddRegUser>},
    {W_DelRegUser, "DelRegUser", Run<DelRegUser>},
    {W_SetRegClass, "SetRegClass", Run<SetRegClass>},
    {W_Ban, "Ban", Run<AddBan>},
    {W_KickUser, "KickUser", Run<KickUser>},
    {W_DelNickTempBan, "DelNickTempBan", Run<DelNickTempBan>},
    {W_DelIPTempBan, "DelIPTempBan", Run<DelIPTempBan>},
    {W_ParseCommand, "ParseCommand", RunTextsAndInt<ParseCommand>},
    {W_ScriptCommand, "ScriptCommand", Run<ScriptCommand>},
    {W_SetConfig, "SetConfig", Run<SetConfig>},
    {W_GetConfig, "GetConfig", Run<GetConfig>},
    {W_IsRobotNickBad, "IsRobotNickBad", Run<IsRobotNickBad>},
    {W_AddRobot, "AddRobot", Run<AddRobot>},
    {W_DelRobot, "DelRobot", Run<DelRobot>},
    {W_SQL, "SQL", Run<Sql>},
    {W_GetServFreq, "GetServFreq", Run<GetServFreq>},
    {W_GetUsersCount, "GetUsersCount", Run<GetUsersCount>},
    {W_GetTotalShareSize, "GetTotalShareSize", Run<GetTotalShareSize>},
    {W_UserRestrictions, "UserRestrictions", Run<UserRestrictions>},
    {W_Topic, "Topic", Run<Topic>},
    {W_mc, "mc", Run<MainChat>},
    {W_usermc, "usermc", Run<UserMainChat>},
    {W_classmc, "classmc", Run<ClassMainChat>},
    {W_pm, "pm", Run<PrivateMessageTo>},
    {W_name_and_version, "name_and_version", Run<NameAndVersion>},
    {W_StopHub, "StopHub", Run<StopHub>},
};

// No exception may reach the library, whose frames are not C++.
w_Targs* Guarded(const Row& row, Caller& caller, w_Targs* block) noexcept {
  try {
    return row.run(caller, block);
  } catch (const std::exception& error) {
    LogError(std::string(row.name) + " for " + caller.script.file_name + ": " + error.what());
    return nullptr;
  }
}

w_Targs* Enter(const Row& row, int id, w_Targs* block) {
  PythonPlugin* plugin = ActivePlugin();
  if (!plugin || !plugin->OnOwnThread()) {
    LogError(std::string(row.name) + " was called " +
             (plugin ? "on a thread that is not the hub's" : "while no plugin runs"));
    return nullptr;
  }
  Script* script = plugin->Find(id);
  if (!script) {
    LogError(std::string(row.name) + " was called with script id " + std::to_string(id) +
             ", which no script has: the library passed on a wrong number");
    return nullptr;
  }
  // Written down first: the result may be the argument block itself, and texts may be taken over.
  Transcript& transcript = plugin->transcript();
  const std::string arguments = transcript.enabled() ? FormatBlock(block) : "";
  Caller caller{*plugin, plugin->hub(), *script};
  w_Targs* result = Guarded(row, caller, block);
  if (transcript.enabled()) {
    // How often the loop turns is a matter of time, and would make every record different.
    transcript.Write("callback", id, row.name, arguments,
                     FormatBlock(result, row.slot == W_GetServFreq));
  }
  return result;
}

template <size_t kIndex>
w_Targs* Callback(int id, w_Targs* block) {
  return Enter(kRows[kIndex], id, block);
}

template <size_t... kIndex>
CallbackTable MakeTable(Generation generation, std::index_sequence<kIndex...>) {
  const w_Tcallback functions[] = {Callback<kIndex>...};
  CallbackTable table;
  for (size_t i = 0; i < sizeof...(kIndex); ++i) {
    int slot = kRows[i].slot;
    if (generation != Generation::kPython3) {
      // Hubs without GetIPCity keep everything after it one slot lower.
      if (slot == W_GetIPCity) continue;
      if (slot > W_GetIPCity) --slot;
    }
    table.functions[slot] = functions[i];
    table.names[slot] = kRows[i].name;
  }
  return table;
}

}  // namespace

CallbackTable MakeCallbackTable(Generation generation) {
  return MakeTable(generation, std::make_index_sequence<std::size(kRows)>());
}

}  // namespace hub
