// Loads a script with the installed library, calls it and is called by it. The first argument is a
// folder to write the script to; with a second, `named`, the program names the library's file.
#include <cstdio>
#include <fstream>

#include "vh_python.hpp"

int main(int count, char** arguments) {
  const std::string script = std::string(arguments[1]) + "/script.py";
  std::ofstream(script) << "import vh\n"
                           "def greet(name):\n"
                           "    return vh.CallDynamicFunction('greeting', name) + '!'\n";
  try {
    vh::HostOptions options;
    if (count > 2) options.library = LIBRARY_FILE;
    vh::Host host(options);
    const int id = host.load(script).value();
    host.expose(id, "greeting", [](const std::string& name) { return "hello " + name; }).value();
    if (vh::json_text(vh::parse_json("[1]")) != "[1]") return 1;
    std::printf("%s\n", host.call<std::string>(id, "greet", "world").value().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
