// The commands that load and unload scripts: !pyload, !pyunload, !pyreload, !pylist, !pyfiles,
// !pylog.
#include "commands.h"
#include "hub.h"
#include "text.h"

namespace hub {

namespace {

// The plugin, or null with the answer already given.
PythonPlugin* Scripts(Hub& hub, const Request& request) {
  if (!hub.scripts()) Answer(hub, request, "This hub runs without Python scripts.");
  return hub.scripts();
}

std::string Describe(const Script& script) {
  std::string text = "[ " + std::to_string(script.id) + " ] " + script.file_name;
  if (!script.title.empty()) text += " -- " + script.title + ' ' + script.version;
  if (!script.stub_for.empty()) text += " (a stub: the script itself cannot run)";
  return text;
}

// What loading came to. A stub in place of a script is no success.
std::string Outcome(const char* done, const Script& script) {
  if (script.stub_for.empty()) return std::string(done) + ' ' + Describe(script);
  return "Could not load " + script.file_name + ": " + script.stub_for +
         "\r\nA stub stands in for it as [ " + std::to_string(script.id) +
         " ] until you load it again.";
}

// Does `work` once no script runs: a script may have typed this command itself.
void WhenIdle(Hub& hub, const Request& request,
              const std::function<void(PythonPlugin&, const std::string&)>& work) {
  PythonPlugin* scripts = Scripts(hub, request);
  if (!scripts) return;
  const std::string which = Trim(request.arguments);
  scripts->WhenIdle([scripts, which, work] { work(*scripts, which); });
}

void Load(Hub& hub, const Request& request) {
  WhenIdle(hub, request, [&hub, request](PythonPlugin& scripts, const std::string& which) {
    std::string why = "the hub's log tells why.";
    const std::string path = scripts.FindFile(which, &why);
    const Script* script = path.empty() ? nullptr : scripts.Load(path);
    Answer(hub, request,
           script ? Outcome("Loaded", *script) : "Could not load '" + which + "': " + why);
  });
}

void Unload(Hub& hub, const Request& request) {
  WhenIdle(hub, request, [&hub, request](PythonPlugin& scripts, const std::string& which) {
    const Script* script = scripts.Find(which);
    const std::string described = script ? Describe(*script) : "";
    const bool done = script && scripts.Unload(script->id);
    Answer(hub, request, done ? "Unloaded " + described : "There is no script '" + which + "'.");
  });
}

void Reload(Hub& hub, const Request& request) {
  WhenIdle(hub, request, [&hub, request](PythonPlugin& scripts, const std::string& which) {
    const Script* old = scripts.Find(which);
    if (!old) {
      Answer(hub, request, "There is no script '" + which + "'.");
      return;
    }
    const Script* script = scripts.Reload(old->id);
    Answer(hub, request,
           script
               ? Outcome("Reloaded", *script)
               : "Unloaded '" + which + "', but could not load it again: the hub's log tells why.");
  });
}

void List(Hub& hub, const Request& request) {
  PythonPlugin* scripts = Scripts(hub, request);
  if (!scripts) return;
  std::string text = "Loaded scripts: " + std::to_string(scripts->scripts().size());
  for (const auto& script : scripts->scripts()) text += "\r\n" + Describe(*script);
  Answer(hub, request, text);
}

void Files(Hub& hub, const Request& request) {
  PythonPlugin* scripts = Scripts(hub, request);
  if (!scripts) return;
  std::string text = "Files in " + scripts->scripts_dir() + ':';
  for (const std::string& file : scripts->Files()) {
    text += "\r\n" + file + (scripts->Find(file) ? " (loaded)" : "");
  }
  Answer(hub, request, text);
}

void LogLevel(Hub& hub, const Request& request) {
  PythonPlugin* scripts = Scripts(hub, request);
  if (!scripts) return;
  const auto level = ParseNumber(Trim(request.arguments));
  if (!level || *level < 0 || *level > 6) {
    Answer(hub, request, "Use: !pylog LEVEL, from 0 (errors only) to 6 (everything).");
    return;
  }
  scripts->SetLogLevel(static_cast<int>(*level));
  Answer(hub, request, "The scripts' log level is now " + std::to_string(*level) + '.');
}

}  // namespace

const CommandEntry kPythonCommands[] = {
    {"pyload", kAdmin, Load, "FILE: loads a script"},
    {"pyunload", kAdmin, Unload, "ID|FILE: unloads a script"},
    {"pyreload", kAdmin, Reload, "ID|FILE: unloads a script and loads it again"},
    {"pylist", kAdmin, List, ": the loaded scripts"},
    {"pyfiles", kAdmin, Files, ": the files in the scripts' folder"},
    {"pylog", kAdmin, LogLevel, "LEVEL: how much the scripts' log tells, 0 to 6"},
    {nullptr, 0, nullptr, nullptr},
};

}  // namespace hub
