// Rows of calls: events of the hub, functions by name, and scripts asking the hub.
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "rows.hpp"

namespace {

constexpr int kChat = 3;
constexpr int kMyInfo = 8;
constexpr int kTimer = 37;

constexpr const char* kNick = "some_user";
constexpr const char* kLine = "hello everybody, how are you doing today?";
constexpr const char* kCyrillicUtf8 = "привет всем, как у вас дела сегодня вечером?";
constexpr const char* kCyrillicCp1251 =
    "\xEF\xF0\xE8\xE2\xE5\xF2 \xE2\xF1\xE5\xEC, \xEA\xE0\xEA \xF3 \xE2\xE0\xF1 \xE4\xE5\xEB\xE0 "
    "\xF1\xE5\xE3\xEE\xE4\xED\xFF \xE2\xE5\xF7\xE5\xF0\xEE\xEC?";
const char* const kChatTexts[] = {kNick, kLine};
const char* const kMyInfoTexts[] = {kNick, "likes films",      "<++ V:0.868,M:A,H:1/0/0,S:5>",
                                    "100", "user@example.org", "123456789012"};

// One script's part of an event. Returns whether the event passes on.
bool Ask(const Library& lib, int script, int hook, w_Targs* parameters) {
  if (!lib.w_HasHook(script, hook)) return false;
  w_Targs* result = lib.w_CallHook(script, hook, parameters);
  long verdict = 0;
  const bool read = lib.w_unpack(result, "l", &verdict);
  lib.w_free_args(result);
  return read && verdict == 1;
}

// The round trip of an event through all scripts, as the hub's plugin does it.
template <typename... Arguments>
Work Event(const Library& lib, std::vector<int> scripts, int hook, const char* format,
           Arguments... arguments) {
  return [=](long times) {
    long passed = 0;
    for (long i = 0; i < times; ++i) {
      w_Targs* parameters = lib.w_pack(format, arguments...);
      for (int script : scripts) passed += Ask(lib, script, hook, parameters);
      std::free(parameters);
    }
    if (passed != times * static_cast<long>(scripts.size())) {
      throw std::runtime_error("an event did not come back");
    }
  };
}

template <typename... Arguments>
Work Function(const Library& lib, int script, const char* name, const char* format,
              Arguments... arguments) {
  return [=](long times) {
    for (long i = 0; i < times; ++i) {
      w_Targs* parameters = lib.w_pack(format, arguments...);
      w_Targs* result = lib.w_CallFunction(script, name, parameters);
      std::free(parameters);
      if (!result) throw std::runtime_error("a function did not answer");
      lib.w_free_args(result);
    }
  };
}

// The scripts of one row, kept by its work.
struct Scripts {
  std::vector<std::unique_ptr<Script>> ours;
  std::unique_ptr<FloorScript> floor;

  Scripts(Host& host, int count, bool with_floor) {
    while (count-- > 0) ours.push_back(std::make_unique<Script>(host, "calls.py"));
    if (with_floor) floor = std::make_unique<FloorScript>(host, "calls.py");
  }

  int first() const { return ours.front()->id(); }
  std::vector<int> ids() const {
    std::vector<int> ids;
    for (const auto& script : ours) ids.push_back(script->id());
    return ids;
  }
};

// Work that keeps its scripts loaded.
Work Keep(std::shared_ptr<Scripts> scripts, Work work) {
  return [scripts = std::move(scripts), work = std::move(work)](long times) { work(times); };
}

// The floor's work with one function; empty without a floor.
template <typename Call>
Work AtFloor(const std::shared_ptr<Scripts>& scripts, const char* name, Call call) {
  if (!scripts->floor) return nullptr;
  floor_function* function = scripts->floor->Find(name);
  return Keep(scripts, [function, call](long times) { call(function, times); });
}

Sides Chat(Host& host, bool with_floor) {
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  const auto call = [](floor_function* function, long times) {
    Floor().call_texts(function, kChatTexts, 2, times);
  };
  return {Keep(scripts, Event(host.lib(), scripts->ids(), kChat, "ss", kNick, kLine)),
          AtFloor(scripts, "OnParsedMsgChat", call)};
}

Sides Timer(Host& host, bool with_floor) {
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  const auto call = [](floor_function* function, long times) {
    Floor().call_float(function, 1700000000.5, times);
  };
  return {Keep(scripts, Event(host.lib(), scripts->ids(), kTimer, "d", 1700000000.5)),
          AtFloor(scripts, "OnTimer", call)};
}

Sides MyInfo(Host& host, bool with_floor) {
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  const auto* t = kMyInfoTexts;
  const auto call = [](floor_function* function, long times) {
    Floor().call_texts(function, kMyInfoTexts, 6, times);
  };
  return {Keep(scripts, Event(host.lib(), scripts->ids(), kMyInfo, "ssssss", t[0], t[1], t[2], t[3],
                              t[4], t[5])),
          AtFloor(scripts, "OnParsedMsgMyINFO", call)};
}

Sides Noop(Host& host, bool with_floor) {
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  return {Keep(scripts, Function(host.lib(), scripts->first(), "noop", "")),
          AtFloor(scripts, "noop", Floor().call_nothing)};
}

Sides Add(Host& host, bool with_floor) {
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  const auto call = [](floor_function* function, long times) {
    Floor().call_ints(function, 20000, 22000, times);
  };
  return {Keep(scripts, Function(host.lib(), scripts->first(), "add", "ll", 20000L, 22000L)),
          AtFloor(scripts, "add", call)};
}

Sides Echo(Host& host, bool with_floor) {
  static const std::string text(1024, 'x');
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  const auto call = [](floor_function* function, long times) {
    Floor().call_text(function, text.c_str(), times);
  };
  return {Keep(scripts, Function(host.lib(), scripts->first(), "echo", "s", text.c_str())),
          AtFloor(scripts, "echo", call)};
}

// The scripts' function asks ten times each turn.
Sides GetUserClass(Host& host, bool with_floor) {
  auto scripts = std::make_shared<Scripts>(host, 1, with_floor);
  const Library& lib = host.lib();
  const int script = scripts->first();
  const auto ours = [lib, script](long times) {
    w_Targs* parameters = lib.w_pack("l", times / 10 + 1);
    lib.w_free_args(lib.w_CallFunction(script, "ask", parameters));
    std::free(parameters);
  };
  const auto call = [](floor_function* function, long times) {
    Floor().call_int(function, times / 10 + 1, 1);
  };
  return {Keep(scripts, ours), AtFloor(scripts, "ask", call)};
}

Sides EightScripts(Host& host, bool) {
  auto scripts = std::make_shared<Scripts>(host, 8, false);
  const auto event = [&](std::vector<int> ids) {
    return Keep(scripts, Event(host.lib(), std::move(ids), kChat, "ss", kNick, kLine));
  };
  return {event(scripts->ids()), event({scripts->first()})};
}

// The same line in both encodings; the hub changes between them.
Sides Cyrillic(Host& host, bool) {
  auto scripts = std::make_shared<Scripts>(host, 1, false);
  const auto in = [&](const char* encoding, const char* line) {
    const int script = scripts->first();
    Work event = Event(host.lib(), {script}, kChat, "ss", kNick, line);
    return Keep(scripts, [&host, encoding, script, event](long times) {
      host.SetEncoding(encoding, script);
      event(times);
      host.SetEncoding("", script);
    });
  };
  return {in("CP1251", kCyrillicCp1251), in("UTF-8", kCyrillicUtf8)};
}

}  // namespace

std::vector<Row> CallRows() {
  const Goal close = {Kind::kRatio, 1.5};
  return {
      {"event OnParsedMsgChat(ss)", close, Unit::kTime, Chat, nullptr},
      {"event OnTimer(d)", close, Unit::kTime, Timer, nullptr},
      {"event OnParsedMsgMyINFO(ssssss)", close, Unit::kTime, MyInfo, nullptr},
      {"w_CallFunction noop()", close, Unit::kTime, Noop, nullptr},
      {"w_CallFunction add(ll)", close, Unit::kTime, Add, nullptr},
      {"w_CallFunction echo(1 KiB)", close, Unit::kTime, Echo, nullptr},
      {"vh.GetUserClass(nick)", {Kind::kRatio, 1.6}, Unit::kTime, GetUserClass, nullptr},
      {"event in 8 scripts / in one", {Kind::kRatio, 8.3}, Unit::kTime, EightScripts, nullptr},
      {"event CP1251 / UTF-8, Cyrillic", close, Unit::kTime, Cyrillic, nullptr},
  };
}
