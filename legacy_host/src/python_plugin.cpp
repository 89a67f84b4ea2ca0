// The hub's Python plugin: loads scripts through the wrapper library, sends them every event and
// obeys what they answer.
#include "python_plugin.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "host_functions.h"
#include "hub.h"
#include "log.h"
#include "text.h"

namespace hub {

namespace {
PythonPlugin* g_active_plugin = nullptr;
constexpr const char* kConfigName = "config";
}  // namespace

PythonPlugin* ActivePlugin() { return g_active_plugin; }

thread_local int PythonPlugin::depth_ = 0;

class PythonPlugin::Inside {
 public:
  Inside() { ++depth_; }
  ~Inside() { --depth_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

Script::Script(int id, std::string path)
    : id(id),
      path(std::move(path)),
      file_name(std::filesystem::path(this->path).filename().string()) {}

void Verdict::Apply(size_t first, std::initializer_list<std::string*> targets) const {
  if (!changed) return;
  for (std::string* target : targets) *target = texts[first++];
}

PythonPlugin::PythonPlugin(Hub* hub, const Settings& settings)
    : hub_(*hub),
      settings_(settings),
      library_(settings.library_file, settings.generation),
      transcript_(settings.transcript_file),
      table_(MakeCallbackTable(settings.generation)) {}

PythonPlugin::~PythonPlugin() {
  if (started_) Stop(0);
}

void PythonPlugin::Start() {
  if (g_active_plugin) throw LibraryError("only one Python plugin can run in a process");
  thread_ = std::this_thread::get_id();
  library_.log_level(settings_.log_level);
  g_active_plugin = this;
  if (!library_.begin(table_.functions)) {
    g_active_plugin = nullptr;
    throw LibraryError("w_Begin of " + settings_.library_file + " failed: its log tells why");
  }
  started_ = true;
  CheckTable();
  hub_.AttachScripts(this);
  for (const std::string& file : Files()) Load(file);
}

// A library that takes this hub for another generation would call the wrong functions.
void PythonPlugin::CheckTable() const {
  for (int slot = 0; slot < W_MAX_CALLBACKS; ++slot) {
    const char* ours = table_.names[slot];
    if (!ours) continue;
    const char* theirs = library_.call_name(slot);
    if (theirs && std::string(theirs) == ours) continue;
    LogError("callback " + std::to_string(slot) + " is " + ours + " here, but " +
             (theirs ? theirs : "nothing") +
             " for the library: the two do not agree on the hub's " +
             "generation (is VH_PYTHON_GENERATION set?)");
    return;
  }
}

void PythonPlugin::Stop(int code) {
  Fire(nullptr, W_OnUnLoad, static_cast<long>(code));
  while (!scripts_.empty()) Unload(scripts_.back()->id);
  library_.end();
  hub_.AttachScripts(nullptr);
  postponed_.clear();
  script_commands_.clear();
  g_active_plugin = nullptr;
  started_ = false;
}

// --- Scripts ---

std::vector<std::string> PythonPlugin::Files() const {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(settings_.scripts_dir, error)) {
    if (entry.path().extension() == ".py") files.push_back(entry.path().filename().string());
  }
  if (error) LogError("cannot read " + settings_.scripts_dir + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

Script* PythonPlugin::Find(int id) const {
  for (const auto& script : scripts_) {
    if (script->id == id) return script.get();
  }
  return nullptr;
}

Script* PythonPlugin::Find(const std::string& id_or_path_or_file_name) const {
  const auto id = ParseNumber(id_or_path_or_file_name);
  if (id) return *id >= 0 && *id <= INT_MAX ? Find(static_cast<int>(*id)) : nullptr;
  for (const auto& script : scripts_) {
    if (script->path == id_or_path_or_file_name || script->file_name == id_or_path_or_file_name) {
      return script.get();
    }
  }
  return nullptr;
}

w_Targs* PythonPlugin::PackLoad(int id, const std::string& path, const std::string (&texts)[4],
                                long start) {
  // The id goes as a plain int, the way hubs pass it: the library takes its low 32 bits.
  return library_.pack("lssssls", id, Lend(path), Lend(texts[0]), Lend(texts[1]), Lend(texts[2]),
                       start, Lend(texts[3]));
}

std::string PythonPlugin::FindFile(const std::string& name, std::string* why) const {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::canonical(settings_.scripts_dir, error);
  const fs::path asked = fs::path(settings_.scripts_dir) / name;  // a whole path stays what it is
  const fs::path file = error ? fs::path() : fs::canonical(asked, error);
  if (error) {
    *why = error.message();
    return "";
  }
  const fs::path inside = file.lexically_relative(folder);
  const bool goes_up = std::find(asked.begin(), asked.end(), "..") != asked.end();
  if (goes_up || inside.empty() || *inside.begin() == "..") {
    *why = "it does not lie below " + settings_.scripts_dir;
  } else if (!fs::is_regular_file(file, error) || file.extension() != ".py") {
    *why = "it is no file whose name ends in .py";
  } else {
    return (fs::path(settings_.scripts_dir) / inside).string();
  }
  return "";
}

Script* PythonPlugin::Load(const std::string& file) {
  const bool is_path = file.find('/') != std::string::npos;
  const std::string path = is_path ? file : settings_.scripts_dir + '/' + file;
  if (file.empty() || Find(path)) {
    LogError(file.empty() ? "there is no file to load" : path + " is loaded already");
    return nullptr;
  }
  const int id = library_.reserve_id();
  if (id < 0) {
    LogError("no script id is left for " + path);
    return nullptr;
  }
  // Known before it runs: the script's own code calls back with this id while it loads.
  scripts_.push_back(std::make_unique<Script>(id, path));
  OfferFunctions(id);
  const std::string texts[4] = {hub_.security_nick(), hub_.op_chat_nick(), hub_.config_dir(),
                                kConfigName};
  w_Targs* block = PackLoad(id, path, texts, hub_.start_time());
  int loaded;
  {
    Inside inside;
    loaded = library_.load(block);
  }
  library_.ReleaseParameters(block);
  if (loaded == id) {
    Script* script = Find(id);
    // An id and an error: the library loaded a stub. Older libraries know neither.
    char* failure = nullptr;
    if (library_.last_error && library_.last_error(&failure)) {
      const auto why = library_.failure();
      script->stub_for = (why.type.empty() ? "" : why.type + ": ") + why.message;
    }
    std::free(failure);
    Log(0, (script->stub_for.empty() ? "loaded script " : "loaded a stub as script ") +
               std::to_string(id) + ": " + path);
    return script;
  }
  LogError("could not load " + path);
  Forget(id);
  return nullptr;
}

bool PythonPlugin::Unload(int id) {
  if (!Find(id)) return false;
  int unloaded;
  {
    Inside inside;
    unloaded = library_.unload(id);
  }
  if (!unloaded) LogError("w_Unload does not know script " + std::to_string(id));
  Forget(id);
  Log(0, "unloaded script " + std::to_string(id));
  return unloaded != 0;
}

void PythonPlugin::Forget(int id) {
  hub_.RemoveRobotsOf(id);
  scripts_.erase(std::remove_if(scripts_.begin(), scripts_.end(),
                                [id](const auto& script) { return script->id == id; }),
                 scripts_.end());
}

Script* PythonPlugin::Reload(int id) {
  const Script* script = Find(id);
  if (!script) return nullptr;
  const std::string path = script->path;
  Unload(id);
  return Load(path);
}

void PythonPlugin::WhenIdle(std::function<void()> work) {
  if (InsideCall()) {
    postponed_.push_back(std::move(work));
  } else {
    work();
  }
}

bool PythonPlugin::RunPostponed() {
  if (InsideCall() || postponed_.empty()) return false;
  for (const auto& work : std::exchange(postponed_, {})) work();
  return true;
}

void PythonPlugin::OfferFunctions(int id) {
  if (!library_.register_function) return;
  for (const HostFunction* function = kHostFunctions; function->name; ++function) {
    if (!library_.register_function(id, function->name, function->run)) {
      LogError(std::string("the library refused the function ") + function->name);
    }
  }
}

// --- Events ---

Verdict PythonPlugin::Dispatch(Session* about, int hook, const std::vector<std::string*>& texts,
                               const std::function<w_Targs*()>& pack) {
  Verdict verdict;
  Inside inside;
  w_Targs* block = nullptr;
  // The list stays as it is meanwhile: what loads or unloads scripts waits (see WhenIdle).
  for (size_t i = 0; i < scripts_.size() && verdict.pass; ++i) {
    const int id = scripts_[i]->id;
    if (!library_.has_hook(id, hook)) continue;
    if (!block) block = pack();
    w_Targs* result = library_.call_hook(id, hook, block);
    // The timer comes by the clock, not by what happens: it would make every record different.
    if (transcript_.enabled() && hook != W_OnTimer) {
      transcript_.Write("hook", id, library_.hook_name(hook), FormatBlock(block),
                        FormatBlock(result));
    }
    if (!result) continue;
    scripts_[i]->answers[static_cast<size_t>(hook)].fetch_add(1, std::memory_order_relaxed);
    const bool was_changed = std::exchange(verdict.changed, false);
    verdict.pass = Obey(about, hook, result, texts, &verdict);
    library_.ReleaseHookResult(result);
    if (verdict.changed) {
      library_.ReleaseParameters(block);
      block = nullptr;
    }
    verdict.changed = verdict.changed || was_changed;
  }
  if (block) library_.ReleaseParameters(block);
  if (verdict.changed) {
    for (const std::string* text : texts) verdict.texts.push_back(*text);
  }
  return verdict;
}

bool PythonPlugin::Obey(Session* about, int hook, w_Targs* result,
                        const std::vector<std::string*>& texts, Verdict* verdict) {
  long number = 1;
  char* text = nullptr;
  if (library_.unpack(result, "l", &number)) return number != 0;
  if (library_.unpack(result, "sl", &text, &number)) {
    if (text && about) about->Send(Terminated(text));
    return number != 0;
  }
  verdict->changed = Replace(hook, result, texts);
  if (!verdict->changed) {
    LogError(std::string("a script answered ") + library_.hook_name(hook) + " with " +
             FormatBlock(result) + ", which means nothing here");
  }
  return true;
}

bool PythonPlugin::Replace(int hook, w_Targs* result, const std::vector<std::string*>& texts) {
  std::vector<char*> parts(5, nullptr);
  size_t first = 0, count = 0;
  const Habits& habits = settings_.habits;
  if (hook == W_OnParsedMsgChat) {
    // Older hubs read only the text, from a result whose nick is NULL.
    if (library_.generation() != Generation::kPython3 && library_.unpack(result, "s", &parts[1])) {
      count = 2;
    } else if (library_.unpack(result, "ss", &parts[0], &parts[1])) {
      count = 2;
    } else if (library_.unpack(result, "s", &parts[1])) {
      count = 2;
    }
  } else if (hook == W_OnParsedMsgMyINFO || hook == W_OnFirstMyINFO) {
    first = 1;  // the nick cannot be replaced
    if (library_.unpack(result, "sssss", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4])) {
      count = 5;
      if (habits.my_info) parts = {nullptr, nullptr, nullptr, parts[3], nullptr};
    }
  }
  if (hook == W_OnParsedMsgChat && habits.chat && parts[0] && parts[1]) {
    const ChatLine line = ReplacedInPlace({*texts[0], *texts[1]}, {parts[0], parts[1]});
    *texts[0] = line.nick;
    *texts[1] = line.text;
    return true;
  }
  for (size_t i = 0; i < count; ++i) {
    if (parts[i]) *texts[first + i] = parts[i];
  }
  return count > 0;
}

void PythonPlugin::OnTimer(double now) {
  for (const auto& command : std::exchange(script_commands_, {})) command();
  Fire(nullptr, W_OnTimer, now);
}

void PythonPlugin::ScriptCommand(const Script& from, const std::string& command,
                                 const std::string& data, bool instant) {
  const std::string path = from.path;
  const auto tell = [this, command, data, path] {
    Fire(nullptr, W_OnScriptCommand, command, data, std::string("python"), path);
  };
  if (instant) {
    tell();
  } else {
    script_commands_.push_back(tell);
  }
}

// --- Functions ---

w_Targs* PythonPlugin::CallPythonFunction(int id, const char* name, w_Targs* arguments) {
  if (library_.generation() == Generation::kClassic) {
    LogError("a classic hub cannot call functions of scripts by name");
    return nullptr;
  }
  w_Targs* result;
  {
    Inside inside;
    result = library_.call_function(id, name, arguments);
  }
  if (transcript_.enabled()) {
    transcript_.Write("function", id, name ? name : "NULL", FormatBlock(arguments),
                      FormatBlock(result));
  }
  hub_.Settle();
  return result;
}

w_Targs* PythonPlugin::CallPythonFunction(const std::string& path_or_file_name, const char* name,
                                          w_Targs* arguments) {
  const Script* script = Find(path_or_file_name);
  if (!script) {
    LogError("there is no script '" + path_or_file_name + "' to call a function of");
    return nullptr;
  }
  return CallPythonFunction(script->id, name, arguments);
}

}  // namespace hub
