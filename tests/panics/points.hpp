// The points of a library that was built with `inject-panics`, each of which can be told to panic.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Their names, in the order of their numbers.
std::vector<std::string> PointNames();

// The numbers of all points of this name: code that is copied brings its point along. Ends the
// program when there is none.
std::vector<std::size_t> FindPoints(const std::string& name);

// From now on the point panics, so many times.
void ArmPoint(std::size_t point, unsigned times);

// How often these have panicked.
unsigned Struck(const std::vector<std::size_t>& points);
