// A hub of one thread for tests/field/run.py: it does what the lines on standard input say.
//
// usage: field_host LIBRARY
//
// A line is a command and its words, with tabs between them. It is answered by a line of JSON on
// standard output: `ok`, and what the command tells, or `error`. What the library and scripts
// write to standard output goes to standard error. The end of the input ends the program.
//
//   begin CONFIG-FOLDER      w_Begin                 python: the version that the library brings
//   load PATH                w_ReserveID, w_Load     id
//   unload ID                w_Unload
//   call ID FUNCTION TEXT... w_CallFunction          result as Describe tells it; text, if it is
//   one hook ID NAME VALUE...    w_CallHook              result calls                    what came
//   to the hub since the last time, one a line end                      w_End
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "blocks.hpp"
#include "tables.hpp"

namespace {

using Words = std::vector<std::string>;

std::string calls;

// The hub's side of every callback: it is noted, and answered with success, or for what is asked as
// a text, with the default or nothing.
template <int Slot>
w_Targs* Callback(int script, w_Targs* args) {
  const std::string name = Lib().w_CallName(Slot);
  const std::string block = Describe(args);
  const bool is_encoding = block.rfind("sss \"config\" \"hub_encoding\" ", 0) == 0;
  if (name != "GetConfig" || !is_encoding) {
    calls += std::to_string(script) + " " + name + " " + block + "\n";
  }
  if (name == "GetConfig") return TextResult(is_encoding ? "" : args->args[2].s);
  if (name == "Topic") return TextResult("The topic");
  if (name == "GetNickList" || name == "GetOpList" || name == "GetBotList") {
    return JsonResult("[]");
  }
  return IntResult(1);
}

template <int... Slots>
std::array<w_Tcallback, W_MAX_CALLBACKS> AllCallbacks(std::integer_sequence<int, Slots...>) {
  return {&Callback<Slots>...};
}

// As the newest hubs fill it: the library tells them by what is missing.
std::array<w_Tcallback, W_MAX_CALLBACKS> Table() {
  const auto all = AllCallbacks(std::make_integer_sequence<int, W_MAX_CALLBACKS>{});
  std::array<w_Tcallback, W_MAX_CALLBACKS> table = {};
  for (const SlotRow& row : kSlots) {
    const bool is_empty = std::string(row.name).rfind("SQL", 0) == 0 && row.name[3];
    if (!is_empty) table[row.python3] = all[row.python3];
  }
  return table;
}

std::string JsonText(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') {
      json += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      json += escaped;
    } else {
      json += c;
    }
  }
  return json + "\"";
}

std::string Ok(const std::string& members = "") { return "{\"ok\": true" + members + "}"; }

std::string Member(const char* name, const std::string& text) {
  return std::string(", \"") + name + "\": " + JsonText(text);
}

// A command that failed in the library, with what the library says of it.
std::string Failed() {
  char* json = nullptr;
  const bool is_known = Lib().w_LastError(&json) == 1;
  const std::string error = is_known ? json : "{\"code\": \"unknown\", \"message\": \"not said\"}";
  std::free(json);
  return "{\"ok\": false, \"error\": " + error + "}";
}

std::string Begin(const std::string& folder) {
  // The library reads it live, so it stays.
  static std::array<w_Tcallback, W_MAX_CALLBACKS> table = Table();
  if (Lib().w_Begin(table.data()) != 1) return Failed();
  if (chdir(folder.c_str()) != 0) throw std::runtime_error("there is no folder " + folder);
  auto* version = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "Py_GetVersion"));
  if (!version) throw std::runtime_error("Python is not there after w_Begin");
  return Ok(Member("python", version()));
}

std::string Load(const std::string& path) {
  // The hub's folder is the current one since `begin`.
  char folder[4096];
  if (!getcwd(folder, sizeof folder)) throw std::runtime_error("the hub's folder is gone");
  const int id = Lib().w_ReserveID();
  const Block arguments =
      Pack("lssssls", long{id}, path.c_str(), "HubBot", "OpChat", folder, 1700000000L, "config");
  if (Lib().w_Load(arguments.get()) != id) return Failed();
  return Ok(", \"id\": " + std::to_string(id));
}

// A block of one text or number for each letter; it points into `values`.
Block BlockOf(const std::string& format, Words& values) {
  if (values.size() != format.size()) {
    throw std::runtime_error("needs " + std::to_string(format.size()) + " values, not " +
                             std::to_string(values.size()));
  }
  Block block(NewBlock(format));
  for (size_t i = 0; i < format.size(); ++i) {
    w_Telement& element = block->args[i];
    if (format[i] == 's') element.s = values[i].data();
    if (format[i] == 'l') element.l = std::stol(values[i]);
    if (format[i] == 'd') element.d = std::stod(values[i]);
  }
  return block;
}

std::string Call(int id, const std::string& function, Words values) {
  const Block arguments = BlockOf(std::string(values.size(), 's'), values);
  const OwningBlock result(Lib().w_CallFunction(id, function.c_str(), arguments.get()));
  if (!result) return Failed();
  std::string members = Member("result", Describe(result.get()));
  char* text = nullptr;
  if (Lib().w_unpack(result.get(), "s", &text) && text) members += Member("text", text);
  return Ok(members);
}

std::string Hook(int id, const std::string& name, Words values) {
  for (int number = 0; number < kHookCount; ++number) {
    if (name != kHooks[number].name) continue;
    const Block arguments = BlockOf(kHooks[number].format, values);
    const OwningBlock result(Lib().w_CallHook(id, number, arguments.get()));
    // Also when the hook raised, and the event was passed on.
    char* error = nullptr;
    const bool has_failed = Lib().w_LastError(&error) == 1;
    std::free(error);
    return has_failed ? Failed() : Ok(Member("result", Describe(result.get())));
  }
  throw std::runtime_error("no hook is called " + name);
}

std::string Do(const Words& words) {
  const auto word = [&](size_t index) -> const std::string& {
    if (index >= words.size()) throw std::runtime_error(words[0] + " lacks a word");
    return words[index];
  };
  const auto id = [&] { return std::stoi(word(1)); };
  const auto rest = [&] { return Words(words.begin() + 3, words.end()); };
  const std::string& command = word(0);
  if (command == "begin") return Begin(word(1));
  if (command == "load") return Load(word(1));
  if (command == "unload") return Lib().w_Unload(id()) == 1 ? Ok() : Failed();
  if (command == "call") return Call(id(), word(2), rest());
  if (command == "hook") return Hook(id(), word(2), rest());
  if (command == "calls") return Ok(Member("calls", std::exchange(calls, "")));
  if (command == "end") return Lib().w_End() == 1 ? Ok() : Failed();
  throw std::runtime_error("no command is called " + command);
}

Words Split(const std::string& line) {
  Words words;
  std::istringstream rest(line);
  for (std::string word; std::getline(rest, word, '\t');) words.push_back(word);
  return words;
}

void Serve(std::FILE* answers) {
  for (std::string line; std::getline(std::cin, line);) {
    std::string answer;
    try {
      const Words words = Split(line);
      if (words.empty()) throw std::runtime_error("an empty line is no command");
      answer = Do(words);
    } catch (const std::exception& error) {
      answer =
          "{\"ok\": false, \"error\": {\"code\": \"host\"" + Member("message", error.what()) + "}}";
    }
    std::fprintf(answers, "%s\n", answer.c_str());
    std::fflush(answers);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: field_host LIBRARY\n", stderr);
    return 2;
  }
  setenv("VH_LIBRARY", argv[1], 1);
  std::FILE* answers = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
  if (!answers || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    std::perror("field_host");
    return 1;
  }
  try {
    Lib();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "field_host: %s\n", error.what());
    return 1;
  }
  Serve(answers);
  return 0;
}
