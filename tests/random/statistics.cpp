#include "statistics.hpp"

#include <sstream>
#include <stdexcept>

namespace {

// Reads a text from its beginning to its end, part by part.
class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  // Goes behind the next `part`, unless `before` comes first; false when there is none.
  bool Skip(const std::string& part, const std::string& before = "") {
    const size_t found = text_.find(part, place_);
    if (found == std::string::npos) return false;
    if (!before.empty() && text_.find(before, place_) < found) return false;
    place_ = found + part.size();
    return true;
  }

  std::string Until(char end) {
    const size_t found = text_.find(end, place_);
    if (found == std::string::npos) Fail(std::string("no ") + end);
    const std::string part = text_.substr(place_, found - place_);
    place_ = found;
    return part;
  }

  long Number(const std::string& name) {
    if (!Skip("\"" + name + "\":")) Fail("no " + name);
    return std::stol(text_.substr(place_, 20));
  }

  [[noreturn]] void Fail(const std::string& why) const {
    throw std::runtime_error(why + " in the statistics behind " + std::to_string(place_) + ": " +
                             text_);
  }

 private:
  const std::string& text_;
  size_t place_ = 0;
};

}  // namespace

// Quotes inside of texts are escaped, so what is looked for stands in no text.
CallCounts CountsOfJson(const std::string& json) {
  const std::string script_start = "{\"id\":";
  CallCounts counts;
  Reader reader(json);
  if (!reader.Skip("{\"time\":") || !reader.Skip(",\"scripts\":[")) reader.Fail("no scripts");
  while (reader.Skip(script_start)) {
    const int id = std::stoi(reader.Until(','));
    if (!reader.Skip("\"calls\":[", script_start)) reader.Fail("no calls");
    while (reader.Skip("{\"name\":\"", script_start)) {
      const std::string name = reader.Until('"');
      const long calls = reader.Number("calls");
      if (reader.Number("timeouts") != 0) reader.Fail("a timeout");
      counts[{id, name}] = calls + reader.Number("skipped");
    }
  }
  return counts;
}

CallCounts CountsOfMetrics(const std::string& text) {
  CallCounts counts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) continue;
    Reader reader(line);
    if (!reader.Skip("vh_python_")) reader.Fail("no metric");
    const std::string metric = reader.Until('{');
    if (!reader.Skip("{id=\"")) reader.Fail("no id");
    const int id = std::stoi(reader.Until('"'));
    if (metric == "memory_bytes") continue;
    if (!reader.Skip("\",script=\"subject.py\",call=\"")) reader.Fail("no call");
    const std::string name = reader.Until('"');
    if (!reader.Skip("} ")) reader.Fail("no value");
    if (metric != "calls_total" && metric != "skipped_total") continue;
    counts[{id, name}] += std::stol(line.substr(line.rfind(' ')));
  }
  return counts;
}

std::string Difference(const CallCounts& expected, const CallCounts& found) {
  CallCounts all = expected;
  all.insert(found.begin(), found.end());
  const auto in = [](const CallCounts& counts, const CallCounts::key_type& key) {
    const auto place = counts.find(key);
    return place == counts.end() ? std::string("no row") : std::to_string(place->second);
  };
  for (const auto& [key, count] : all) {
    if (in(expected, key) == in(found, key)) continue;
    return key.second + " of script " + std::to_string(key.first) + ": " + in(found, key) +
           " instead of " + in(expected, key);
  }
  return "";
}
