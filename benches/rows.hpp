// The rows of the table: what is measured and which goal it has.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host.hpp"
#include "measure.hpp"

// What a goal compares.
enum class Kind {
  kRatio,    // ours / floor, at most
  kSpeedup,  // floor / ours, at least
  kTime,     // ours, at most so many nanoseconds
};

struct Goal {
  Kind kind;
  double limit;
};

enum class Unit { kTime, kMemory };

struct Row {
  const char* name;
  Goal goal;
  Unit unit;
  // Short work whose instructions `make bench-instr` counts; empty for the rows where time or
  // memory itself is measured.
  std::function<Sides(Host&, bool with_floor)> prepare;
  // Measures the row, where comparing the two sides of `prepare` is not the way.
  std::function<Figures(Host&, const Effort&, bool with_floor)> measure;
  // Why this Python cannot do it, or empty.
  const char* missing = "";
  // How many short calls one is worth, where instructions are counted.
  long weight = 1;
};

std::vector<Row> AllRows();

// The groups of rows, by file.
std::vector<Row> CallRows();
std::vector<Row> BlockRows();
std::vector<Row> ContainerRows();
std::vector<Row> ThreadRows();
std::vector<Row> LifeRows();
std::vector<Row> BackendRows();

// What the memory row's own processes print: bytes with eight scripts, or eight interpreters.
long MemoryWithScripts(const std::string& library);
long MemoryWithInterpreters();
