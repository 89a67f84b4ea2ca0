// Plays one scene in a hub of one generation with one library, and writes the hub's transcript of
// it: every call between hub and library. No sockets and one thread, so two runs do the same.
//
//   generations_host LIBRARY GENERATION SCENE SCRIPTS_FOLDER CONFIG_FOLDER TRANSCRIPT
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "hub.h"
#include "scenes.h"

namespace {

hub::Generation GenerationOf(const std::string& name) {
  if (name == "classic") return hub::Generation::kClassic;
  if (name == "bidirectional") return hub::Generation::kBidirectional;
  if (name == "python3") return hub::Generation::kPython3;
  throw std::runtime_error("'" + name + "' is no generation");
}

void Play(char** arguments) {
  const scenes::Scene& scene = scenes::Find(arguments[2]);
  hub::Habits habits;
  if (scene.without_habit && !hub::DoWithout(&habits, scene.without_habit)) {
    throw std::runtime_error(std::string("there is no habit ") + scene.without_habit);
  }
  hub::Hub hub(arguments[4], ":memory:");
  hub::PythonPlugin plugin(
      &hub, hub::PythonPlugin::Settings{arguments[0], arguments[3], GenerationOf(arguments[1]),
                                        arguments[5], 0, habits});
  scene.prepare(&hub);
  plugin.Start();
  scene.play(&hub);
  plugin.Stop(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: %s LIBRARY GENERATION SCENE SCRIPTS_FOLDER CONFIG_FOLDER TRANSCRIPT\n",
                 argv[0]);
    return 2;
  }
  try {
    Play(argv + 1);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
