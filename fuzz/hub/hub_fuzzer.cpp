// A fuzzer of what clients send to the demo hub, which runs the real library and the example
// scripts.
//
// An input is text: each step begins with "\n@" (the first may lack the line break), see
// Clients::Do. VH_LIBRARY names the library, VH_SCRIPTS a folder with the scripts.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "clients.h"
#include "hub.h"
#include "log.h"
#include "python_plugin.h"

namespace {

namespace fs = std::filesystem;

const char* Needed(const char* name) {
  const char* value = std::getenv(name);
  if (value && *value) return value;
  std::fprintf(stderr, "hub_fuzzer: set %s; fuzz/run does\n", name);
  std::exit(2);
}

// The hub and its scripts live as long as the process: loading them takes longer than thousands
// of inputs. What inputs change of it is put back after each, so that each can be run alone.
class World {
 public:
  World()
      : folder_(MakeFolder()), hub_(folder_, ":memory:"), empty_(":memory:"), defaults_(&empty_) {
    for (const auto& entry : fs::directory_iterator(Needed("VH_SCRIPTS"))) {
      if (entry.path().extension() == ".py")
        fs::copy_file(entry.path(), ScriptsDir() / entry.path().filename());
    }
    hub::SetLogLevel(4);
    hub::PythonPlugin::Settings settings;
    settings.library_file = Needed("VH_LIBRARY");
    settings.scripts_dir = ScriptsDir();
    scripts_ = std::make_unique<hub::PythonPlugin>(&hub_, settings);
    scripts_->Start();
    loaded_ = scripts_->scripts().size();
    PutBack();
  }

  void Run(std::string_view input) {
    fuzz::Clients clients(&hub_);
    while (!input.empty()) {
      if (input.substr(0, 1) == "@") input.remove_prefix(1);
      const size_t end = input.find("\n@");
      clients.Do(input.substr(0, end));
      input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    }
    clients.Leave();
    PutBack();
  }

 private:
  static std::string MakeFolder() {
    std::string path = (fs::temp_directory_path() / "vh-hub-fuzz-XXXXXX").string();
    if (!mkdtemp(path.data())) std::abort();
    fs::create_directory(fs::path(path) / "scripts");
    return path;
  }

  fs::path ScriptsDir() const { return fs::path(folder_) / "scripts"; }

  void PutBack() {
    hub::Database& database = hub_.database();
    for (const auto& row : database.Run("SELECT variable FROM config WHERE file = 'config'").rows) {
      const std::string variable = row[0].value_or("");
      hub_.SetConfig("fuzzer", "config", variable, defaults_.Text(variable));
    }
    for (const char* table : {"config", "bans", "registrations"}) {
      database.Run(std::string("DELETE FROM ") + table);
    }
    hub_.registrations().Add({fuzz::Clients::Nick(0), hub::kMaster, fuzz::Clients::kPassword}, "");
    hub_.passwords() = {};
    if (scripts_ && scripts_->scripts().size() != loaded_) {
      for (const std::string& file : scripts_->Files()) {
        if (!scripts_->Find(file)) scripts_->Load(file);
      }
    }
  }

  std::string folder_;
  hub::Hub hub_;
  hub::Database empty_;
  hub::Config defaults_;
  std::unique_ptr<hub::PythonPlugin> scripts_;
  size_t loaded_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  // Never destroyed: at the end of the process Python's threads still run.
  static World* const world = new World;
  world->Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
