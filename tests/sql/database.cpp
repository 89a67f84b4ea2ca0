// SQLite, and MariaDB where its client library is.
#include "database.hpp"

#include <sqlite3.h>

#include <stdexcept>

#ifdef VH_MARIADB
#include <mysql.h>
#endif

namespace {

class Sqlite : public Database {
 public:
  Sqlite() {
    if (sqlite3_open(":memory:", &handle_) != SQLITE_OK) throw std::runtime_error(Error());
  }
  ~Sqlite() override { sqlite3_close(handle_); }

  Table Run(const std::string& query, long limit) override {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_, query.c_str(), -1, &raw, nullptr) != SQLITE_OK) return {};
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw,
                                                                               &sqlite3_finalize);
    Table table;
    const int columns = sqlite3_column_count(raw);
    table.columns = static_cast<size_t>(columns);
    int step = sqlite3_step(raw);
    for (; step == SQLITE_ROW && limit > 0; --limit, step = sqlite3_step(raw)) {
      for (int column = 0; column < columns; ++column) table.cells.push_back(Cell(raw, column));
    }
    table.succeeded = step == SQLITE_DONE || step == SQLITE_ROW;
    return table;
  }

  std::string Error() const override { return sqlite3_errmsg(handle_); }

 private:
  static std::optional<std::string> Cell(sqlite3_stmt* statement, int column) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) return std::nullopt;
    // A number has no bytes until it is asked for as a text.
    if (!bytes) bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    return std::string(bytes ? bytes : "",
                       static_cast<size_t>(sqlite3_column_bytes(statement, column)));
  }

  sqlite3* handle_ = nullptr;
};

#ifdef VH_MARIADB
class MariaDb : public Database {
 public:
  explicit MariaDb(const std::string& socket) : handle_(mysql_init(nullptr)) {
    if (!mysql_real_connect(handle_, nullptr, "root", nullptr, nullptr, 0, socket.c_str(), 0)) {
      const std::string error = Error();
      mysql_close(handle_);
      throw std::runtime_error("no connection to " + socket + ": " + error);
    }
  }
  ~MariaDb() override { mysql_close(handle_); }

  Table Run(const std::string& query, long limit) override {
    if (mysql_query(handle_, query.c_str()) != 0) return {};
    Table table;
    table.succeeded = true;
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(
        mysql_store_result(handle_), &mysql_free_result);
    if (!result) return table;
    table.columns = mysql_num_fields(result.get());
    for (MYSQL_ROW row; limit > 0 && (row = mysql_fetch_row(result.get())); --limit) {
      const unsigned long* lengths = mysql_fetch_lengths(result.get());
      for (size_t column = 0; column < table.columns; ++column) {
        if (row[column]) {
          table.cells.emplace_back(std::string(row[column], lengths[column]));
        } else {
          table.cells.emplace_back(std::nullopt);
        }
      }
    }
    return table;
  }

  std::string Error() const override { return mysql_error(handle_); }

 private:
  MYSQL* handle_;
};
#endif

}  // namespace

Table OtherDatabase::Run(const std::string& query, long) {
  if (query.rfind("SELECT /*", 0) != 0) return {};
  Table table;
  table.succeeded = true;
  table.columns = 1;
  table.cells.emplace_back("1");
  return table;
}

std::unique_ptr<Database> OpenSqlite() { return std::make_unique<Sqlite>(); }

std::unique_ptr<Database> OpenMariaDb([[maybe_unused]] const std::string& socket) {
#ifdef VH_MARIADB
  return std::make_unique<MariaDb>(socket);
#else
  throw std::runtime_error("this program was built without libmariadb");
#endif
}
