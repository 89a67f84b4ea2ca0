// Rows of a script's life: loading and unloading it, and the memory it takes.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

#include "rows.hpp"

namespace {

constexpr int kScripts = 8;

Sides LoadUnload(Host& host, bool with_floor) {
  const auto ours = [&host](long times) {
    while (times-- > 0) Script(host, "hundred.py");
  };
  const auto floor = [](long times) { Floor().load(PathOf("hundred.py").c_str(), times); };
  return {ours, with_floor ? Work(floor) : nullptr};
}

Figures MeasureLoadUnload(Host& host, const Effort& effort, bool with_floor) {
  Effort longer = effort;
  longer.row *= 4;
  longer.slice *= 2;
  return Compare(LoadUnload(host, with_floor), longer);
}

// Resident memory of this process.
long ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long size = 0, resident = 0;
  if (!file || std::fscanf(file, "%ld %ld", &size, &resident) != 2) {
    throw std::runtime_error("/proc/self/statm cannot be read");
  }
  std::fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

// The figure a process of this program prints when it is started with these arguments.
double AskProcess(const std::string& arguments) {
  const std::string command = "/proc/" + std::to_string(getpid()) + "/exe " + arguments;
  std::FILE* pipe = popen(command.c_str(), "r");
  double figure = 0;
  char line[256];
  while (pipe && std::fgets(line, sizeof line, pipe)) std::sscanf(line, "FIGURE %lf", &figure);
  if (!pipe || pclose(pipe) != 0 || figure == 0) throw std::runtime_error(command + " failed");
  return figure;
}

Figures MeasureMemory(Host& host, const Effort&, bool with_floor) {
  Figures figures{AskProcess("--memory scripts --library '" + host.file() + "'"), std::nullopt};
  if (with_floor) figures.floor = AskProcess("--memory interpreters");
  return figures;
}

}  // namespace

long MemoryWithScripts(const std::string& library) {
  Host host(library);
  std::vector<std::unique_ptr<Script>> scripts;
  for (int i = 0; i < kScripts; ++i) scripts.push_back(std::make_unique<Script>(host, "empty.py"));
  return ResidentBytes();
}

long MemoryWithInterpreters() {
  Floor().keep_interpreters(kScripts);
  return ResidentBytes();
}

std::vector<Row> LifeRows() {
  return {
      {"load + unload of 100 lines, sub",
       {Kind::kRatio, 1.2},
       Unit::kTime,
       nullptr,
       MeasureLoadUnload},
      {"memory with 8 empty scripts", {Kind::kRatio, 1.15}, Unit::kMemory, nullptr, MeasureMemory},
  };
}
