// A hub for one test: a callback table of the chosen generation that records and answers calls,
// the ownership habits of that generation, a scripts folder, and the library's log.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "blocks.hpp"
#include "log_capture.hpp"
#include "tables.hpp"

enum class Generation {
  kClassic,
  kBidirectional,
  kPython3,
  kUnknown,  // A table that fits no generation: every slot is set.
};
std::ostream& operator<<(std::ostream& out, Generation generation);

inline constexpr Generation kGenerations[] = {Generation::kClassic, Generation::kBidirectional,
                                              Generation::kPython3};

// What real hubs give to w_LogLevel when nobody says otherwise.
inline constexpr int kDefaultLogLevel = 1;

// What a callback answers to its arguments; may return `args` itself or NULL.
using Answer = std::function<w_Targs*(w_Targs* args)>;

// The number of a hook. Throws std::out_of_range for an unknown name.
int HookNumber(const std::string& name);

// From w_Begin to w_End. One at a time.
class FakeHub {
 public:
  explicit FakeHub(Generation generation = Generation::kPython3);
  ~FakeHub();
  FakeHub(const FakeHub&) = delete;
  FakeHub& operator=(const FakeHub&) = delete;

  // Writes a script into the scripts folder and loads it. Returns its id, or -1.
  int Load(const std::string& source, const std::string& name = "script.py");
  // The same with evaluate.py before the source, so that Evaluate works.
  int LoadEvaluating(const std::string& source = "", const std::string& name = "script.py");
  // Reserves an id and loads a file. Returns the id, or -1.
  int LoadFile(const std::string& path);

  // ASCII repr of a Python expression's value in a script, or its error as "Type: message".
  std::string Evaluate(int script, const std::string& expression);
  // Calls a function; tells its result as Describe does.
  std::string Call(int script, const char* function, w_Targs* arguments = nullptr);
  // Calls a hook and releases the result in the way of this generation; tells it like Call.
  std::string Hook(int script, int hook, w_Targs* arguments);
  void ReleaseHookResult(w_Targs* result) const;

  // Slot of a callback in this generation's table, -1 if it has none. The callbacks of the next two
  // must have one.
  int SlotOf(const std::string& callback) const;
  // What a callback answers from now on; without this it is `l` 1.
  void AnswerTo(const std::string& callback, Answer answer);
  // Takes a callback out of the table.
  void Withdraw(const std::string& callback);
  // Callback calls since the last time, one line each: script id, callback, block as Describe
  // tells it. The library's own questions for the encoding are not among them.
  std::string TakeCalls();
  std::string TakeLog() { return log_.Take(); }

  // What GetConfig("config", "hub_encoding") answers.
  void SetEncoding(const std::string& encoding) { encoding_ = encoding; }
  int encoding_questions() const { return encoding_questions_; }

  Generation generation() const { return generation_; }
  const std::filesystem::path& config_folder() const { return config_folder_; }
  std::filesystem::path WriteScript(const std::string& source, const std::string& name);

  // Called by the table's functions.
  w_Targs* Receive(int slot, int script, w_Targs* args);

 private:
  void FillTable();

  Generation generation_;
  LogCapture log_;
  std::filesystem::path config_folder_;
  std::array<w_Tcallback, W_MAX_CALLBACKS> table_ = {};
  std::array<std::string, W_MAX_CALLBACKS> names_;
  std::array<Answer, W_MAX_CALLBACKS> answers_;
  std::string calls_;
  std::string encoding_;
  int encoding_questions_ = 0;
};

// The source of evaluate.py.
std::string EvaluateSource();

// Sets an environment variable for one scope.
class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const char* value);
  ~ScopedEnvironment();
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  const char* name_;
  // What it was before.
  std::optional<std::string> before_;
};
