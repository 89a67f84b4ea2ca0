// vh_bench: measures a library against the floor and prints one table.
//
// usage: vh_bench [--row TEXT] [--quick] [--other FILE] [--library FILE] [--list]
//
// With --count TIMES nothing is timed: the work of each row of short calls is done so many times,
// then again as often and twice as often in the function vh_bench_counted, for instructions.py.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "rows.hpp"

namespace {

struct Options {
  std::string library = VH_LIBRARY_FILE;
  std::string other;
  std::string row;
  std::string memory;
  bool quick = false;
  bool list = false;
  // Only our figures, one line each: how --other asks a process of its own.
  bool figures = false;
  long count = 0;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto value = [&] {
      if (++i == argc) throw std::runtime_error(name + " needs a value");
      return std::string(argv[i]);
    };
    if (name == "--library") {
      options.library = value();
    } else if (name == "--other") {
      options.other = value();
    } else if (name == "--row") {
      options.row = value();
    } else if (name == "--memory") {
      options.memory = value();
    } else if (name == "--count") {
      options.count = std::stol(value());
    } else if (name == "--quick") {
      options.quick = true;
    } else if (name == "--list") {
      options.list = true;
    } else if (name == "--figures") {
      options.figures = true;
    } else {
      throw std::runtime_error(
          "usage: vh_bench [--row TEXT] [--quick] [--other FILE] [--library FILE] [--list]");
    }
  }
  return options;
}

std::string Number(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f %s" : "%.1f %s", value, unit);
  return text;
}

std::string Show(double value, Unit unit) {
  if (unit == Unit::kMemory) return Number(value / (1 << 20), "MB");
  if (value < 1e3) return Number(value, "ns");
  if (value < 1e6) return Number(value / 1e3, "us");
  return Number(value / 1e6, "ms");
}

// What the goal looks at.
double Judged(const Row& row, const Figures& figures) {
  switch (row.goal.kind) {
    case Kind::kRatio:
      return figures.ours / figures.floor.value();
    case Kind::kSpeedup:
      return figures.floor.value() / figures.ours;
    default:
      return figures.ours;
  }
}

bool IsMet(const Row& row, const Figures& figures) {
  const double judged = Judged(row, figures);
  return row.goal.kind == Kind::kSpeedup ? judged >= row.goal.limit : judged <= row.goal.limit;
}

std::string ShowGoal(const Row& row) {
  switch (row.goal.kind) {
    case Kind::kRatio:
      return "<= " + Number(row.goal.limit, "x");
    case Kind::kSpeedup:
      return ">= " + Number(row.goal.limit, "x");
    default:
      return "<= " + Show(row.goal.limit, row.unit);
  }
}

std::string FirstLineWith(const char* path, const char* start) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(start, 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

Figures Measure(const Row& row, Host& host, const Effort& effort, bool with_floor) {
  if (row.measure) return row.measure(host, effort, with_floor);
  return Compare(row.prepare(host, with_floor), effort);
}

// The other library's figure of a row, measured in a process of its own because it may bring
// another Python; NaN when it cannot do it.
double FigureOfOther(const Options& options, const Row& row) {
  std::string command = "/proc/" + std::to_string(getpid()) + "/exe --figures --library '" +
                        options.other + "' --row '" + row.name + "'";
  if (options.quick) command += " --quick";
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  double figure = std::nan("");
  char line[4096];
  while (pipe && std::fgets(line, sizeof line, pipe)) std::sscanf(line, "FIGURE %lf", &figure);
  if (pipe) pclose(pipe);
  return figure;
}

void PrintLine(const std::string (&cells)[7], bool with_other) {
  std::printf("| %-32s | %9s | %9s | %7s | %10s | %-17s |", cells[0].c_str(), cells[1].c_str(),
              cells[2].c_str(), cells[3].c_str(), cells[4].c_str(), cells[5].c_str());
  if (with_other) std::printf(" %9s |", cells[6].c_str());
  std::printf("\n");
  std::fflush(stdout);
}

void PrintHead(bool with_other) {
  std::printf("%s; CPython %s; compiler %s\n\n",
              FirstLineWith("/proc/cpuinfo", "model name").c_str(), Floor().python, VH_COMPILER);
  PrintLine({"row", "ours", "floor", "ratio", "goal", "", "other"}, with_other);
  std::printf("| --- | --: | --: | --: | --: | --- |%s\n", with_other ? " --: |" : "");
}

// Returns whether the goal is met.
bool PrintRow(const Row& row, Host& host, const Effort& effort, const Options& options) {
  const bool with_other = !options.other.empty();
  if (*row.missing) {
    PrintLine({row.name, "-", "-", "-", ShowGoal(row), row.missing, "-"}, with_other);
    return true;
  }
  const Figures figures = Measure(row, host, effort, true);
  const bool met = IsMet(row, figures);
  const double other = with_other ? FigureOfOther(options, row) : 0;
  PrintLine(
      {row.name, Show(figures.ours, row.unit), figures.floor ? Show(*figures.floor, row.unit) : "-",
       row.goal.kind == Kind::kTime ? "-" : Number(Judged(row, figures), "x"), ShowGoal(row),
       met ? "met" : "missed", std::isnan(other) ? "-" : Show(other, row.unit)},
      with_other);
  return met;
}

}  // namespace

// The instructions inside this function are counted; each return ends a part of callgrind's dump.
extern "C" __attribute__((noinline)) void vh_bench_counted(const Work& work, long times) {
  work(times);
}

namespace {

void Count(const Row& row, Host& host, long times) {
  if (!row.prepare) return;
  times /= row.weight;
  const Sides sides = row.prepare(host, false);
  sides.ours(times);
  std::printf("COUNT %ld %s\n", times, row.name);
  std::fflush(stdout);
  vh_bench_counted(sides.ours, times);
  vh_bench_counted(sides.ours, 2 * times);
}

int Run(const Options& options) {
  if (options.memory == "interpreters") {
    std::printf("FIGURE %ld\n", MemoryWithInterpreters());
    return 0;
  }
  if (options.memory == "scripts") {
    std::printf("FIGURE %ld\n", MemoryWithScripts(options.library));
    return 0;
  }
  Effort effort;
  if (options.quick) effort = {std::chrono::milliseconds(200), std::chrono::milliseconds(2), 1};
  const std::vector<Row> rows = AllRows();
  if (options.list) {
    for (const Row& row : rows) std::printf("%s\n", row.name);
    return 0;
  }
  Host host(options.library);
  if (!options.figures && options.count == 0) PrintHead(!options.other.empty());
  int missed = 0;
  for (const Row& row : rows) {
    if (std::string(row.name).find(options.row) == std::string::npos) continue;
    if (options.count > 0) {
      Count(row, host, options.count);
    } else if (options.figures) {
      std::printf("FIGURE %.3f\n", Measure(row, host, effort, false).ours);
    } else {
      missed += !PrintRow(row, host, effort, options);
    }
  }
  if (missed > 0) std::printf("\n%d goals are missed\n", missed);
  return 0;
}

}  // namespace

std::vector<Row> AllRows() {
  std::vector<Row> all;
  for (const auto& rows :
       {CallRows(), BlockRows(), ContainerRows(), ThreadRows(), LifeRows(), BackendRows()}) {
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

int main(int argc, char** argv) {
  try {
    return Run(Parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "vh_bench: %s\n", error.what());
    return 2;
  }
}
