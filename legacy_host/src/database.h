// The hub's SQLite file: one connection, plain statements with bound texts.
#pragma once

#include <chrono>
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
// Another program holds the file: later it will do.
struct DatabaseBusy : DatabaseError {
  using DatabaseError::DatabaseError;
};

class Database {
 public:
  // Opens or creates the file (":memory:" keeps nothing), for its owner alone, and makes the hub's
  // tables.
  explicit Database(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one statement and returns at most `limit` rows. Throws DatabaseError. Waits for other
  // programs for a moment only, and not at all soon after it waited in vain: the hub has one
  // thread.
  Rows Run(const std::string& sql, const std::vector<std::string>& values = {}, long limit = -1);

  // Rows the last INSERT, UPDATE or DELETE touched.
  int Changes() const;

 private:
  // Settles how long the next statement waits for other programs.
  void ChoosePatience();

  sqlite3* handle_ = nullptr;
  int patience_;
  std::chrono::steady_clock::time_point waited_in_vain_;
};

}  // namespace hub
