// The hub's Python plugin: loads scripts through the wrapper library, sends them every event and
// obeys what they answer.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "callbacks.h"
#include "habits.h"
#include "transcript.h"
#include "user.h"
#include "wrapper_library.h"

namespace hub {

class Hub;

struct Script {
  Script(int id, std::string path);

  int id;
  std::string path;
  std::string file_name;
  std::string stub_for;        // why it cannot run, when a stub stands in for it
  std::string title, version;  // what the script says of itself by name_and_version
  // How often each of its hooks answered; atomic, because tests send events from several threads.
  std::array<std::atomic<unsigned long>, W_MAX_HOOKS> answers{};
};

// What the scripts decided about an event.
struct Verdict {
  bool pass = true;
  bool changed = false;
  std::vector<std::string> texts;  // when changed: the event's texts as scripts left them

  // Stores the texts from `first` on, when a script changed any.
  void Apply(size_t first, std::initializer_list<std::string*> targets) const;
};

class PythonPlugin {
 public:
  struct Settings {
    std::string library_file;
    std::string scripts_dir;
    Generation generation = Generation::kPython3;
    std::string transcript_file;
    int log_level = 1;
    Habits habits = {};
  };

  // Opens the library. Throws LibraryError, or std::runtime_error for the transcript.
  PythonPlugin(Hub* hub, const Settings& settings);
  // Ends the library too, when Stop was not called.
  ~PythonPlugin();
  PythonPlugin(const PythonPlugin&) = delete;
  PythonPlugin& operator=(const PythonPlugin&) = delete;

  // Begins the library and loads every *.py of the folder in name order. Throws LibraryError.
  void Start();
  // Sends OnUnLoad to every script, unloads them and ends the library.
  void Stop(int code);

  // --- Scripts ---
  const std::vector<std::unique_ptr<Script>>& scripts() const { return scripts_; }
  const Habits& habits() const { return settings_.habits; }
  const std::string& scripts_dir() const { return settings_.scripts_dir; }
  std::vector<std::string> Files() const;
  Script* Find(int id) const;
  Script* Find(const std::string& id_or_path_or_file_name) const;
  // The path of a file in the scripts' folder or below it, by its name there or its whole path, for
  // Load. Empty, with the reason, for everything else: links out, `..`, what is no Python file.
  std::string FindFile(const std::string& name, std::string* why) const;
  // A file name is looked for in the scripts' folder. Null when it does not load or is loaded.
  Script* Load(const std::string& file);
  bool Unload(int id);
  Script* Reload(int id);
  // Does `work` now, or once no script is being called. Unloading needs that.
  void WhenIdle(std::function<void()> work);
  bool RunPostponed();
  // Whether this thread is inside a call into a script.
  bool InsideCall() const { return depth_ > 0; }
  void SetLogLevel(int level) { library_.log_level(level); }

  // --- Events ---
  // Tells the scripts that have the hook, in load order, until one blocks the event. A replaced
  // text is what later scripts see.
  template <typename... Arguments>
  Verdict Fire(Session* about, int hook, Arguments... arguments) {
    std::vector<std::string*> texts;
    texts.reserve(sizeof...(arguments));
    (CollectText(&texts, &arguments), ...);
    static constexpr char kFormat[] = {Letter<Arguments>()..., '\0'};
    const auto pack = [&] { return library_.pack(kFormat, Lend(arguments)...); };
    return Dispatch(about, hook, texts, std::ref(pack));
  }
  // Queued script commands, then the timer event.
  void OnTimer(double now);
  // Tells all scripts, at once or at the next timer.
  void ScriptCommand(const Script& from, const std::string& command, const std::string& data,
                     bool instant);

  // --- Functions ---
  // Calls any function of a script. Null on any failure; release the result with ReleaseResult.
  w_Targs* CallPythonFunction(int id, const char* name, w_Targs* arguments);
  w_Targs* CallPythonFunction(const std::string& path_or_file_name, const char* name,
                              w_Targs* arguments);
  void ReleaseResult(w_Targs* result) { library_.ReleaseFunctionResult(result); }

  // --- For the callbacks ---
  Hub& hub() { return hub_; }
  const WrapperLibrary& library() const { return library_; }
  Transcript& transcript() { return transcript_; }
  bool OnOwnThread() const { return std::this_thread::get_id() == thread_; }

 private:
  class Inside;  // counts the depth of calls into scripts

  template <typename Argument>
  static constexpr char Letter();
  static void CollectText(std::vector<std::string*>* texts, std::string* text) {
    texts->push_back(text);
  }
  template <typename Number>
  static void CollectText(std::vector<std::string*>*, Number*) {}
  char* Lend(const std::string& text) const { return library_.Lend(text); }
  static long Lend(long number) { return number; }
  static double Lend(double number) { return number; }

  Verdict Dispatch(Session* about, int hook, const std::vector<std::string*>& texts,
                   const std::function<w_Targs*()>& pack);
  // Obeys one script's result; true when the event goes on to the next script.
  bool Obey(Session* about, int hook, w_Targs* result, const std::vector<std::string*>& texts,
            Verdict* verdict);
  bool Replace(int hook, w_Targs* result, const std::vector<std::string*>& texts);
  void CheckTable() const;
  // Drops what the hub keeps of a script that is gone.
  void Forget(int id);
  void OfferFunctions(int id);
  w_Targs* PackLoad(int id, const std::string& path, const std::string (&texts)[4], long start);

  Hub& hub_;
  Settings settings_;
  WrapperLibrary library_;
  Transcript transcript_;
  std::thread::id thread_;
  CallbackTable table_;
  bool started_ = false;
  // A thread's own: tests send events from several, each for a hub of its own.
  static thread_local int depth_;
  std::vector<std::unique_ptr<Script>> scripts_;
  std::vector<std::function<void()>> postponed_;
  std::vector<std::function<void()>> script_commands_;
};

template <>
constexpr char PythonPlugin::Letter<std::string>() {
  return 's';
}
template <>
constexpr char PythonPlugin::Letter<long>() {
  return 'l';
}
template <>
constexpr char PythonPlugin::Letter<double>() {
  return 'd';
}

// The plugin whose scripts run now. C callbacks get nothing but a script's id to find it by.
PythonPlugin* ActivePlugin();

}  // namespace hub
