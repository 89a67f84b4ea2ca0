// The hub's SQLite file: one connection, plain statements with bound texts.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct sqlite3;

namespace hub {

using Cell = std::optional<std::string>;

struct Rows {
  int columns = 0;
  std::vector<std::vector<Cell>> rows;
};

struct DatabaseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Database {
 public:
  // Opens or creates the file (":memory:" keeps nothing) and makes the hub's tables.
  explicit Database(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one statement and returns at most `limit` rows. Throws DatabaseError.
  Rows Run(const std::string& sql, const std::vector<std::string>& values = {}, long limit = -1);

  // Rows the last INSERT, UPDATE or DELETE touched.
  int Changes() const;

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace hub
