// The hub's SQLite file: one connection, plain statements with bound texts.
#include "database.h"

#include <sqlite3.h>

#include <cstring>
#include <filesystem>
#include <memory>

#include "private_files.h"

namespace hub {

namespace {

// Milliseconds that a second program (sqlite3, a script's own connection) may hold the file: at the
// start, while nobody is kept waiting, and later.
constexpr int kPatienceAtStart = 2000;
constexpr int kPatience = 100;
constexpr std::chrono::seconds kNoNewWait{1};

constexpr const char* kTables[] = {
    "CREATE TABLE IF NOT EXISTS config(file TEXT, variable TEXT, value TEXT,"
    " PRIMARY KEY(file, variable))",
    "CREATE TABLE IF NOT EXISTS registrations(nick TEXT PRIMARY KEY COLLATE NOCASE,"
    " class INTEGER, password TEXT, registered_by TEXT, registered_at INTEGER)",
    "CREATE TABLE IF NOT EXISTS bans(id INTEGER PRIMARY KEY, kind INTEGER, nick TEXT, ip TEXT,"
    " share TEXT, reason TEXT, op TEXT, since INTEGER, until INTEGER)",
    // ip_prefix "10.1." matches every address that starts so; the longest match wins.
    "CREATE TABLE IF NOT EXISTS geoip(ip_prefix TEXT PRIMARY KEY, country_code TEXT, country TEXT,"
    " city TEXT, latitude REAL, longitude REAL, asn TEXT, metro_code INTEGER DEFAULT 0,"
    " area_code INTEGER DEFAULT 0, region TEXT, continent TEXT, time_zone TEXT,"
    " postal_code TEXT)",
};

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Cell ReadCell(sqlite3_stmt* statement, int column) {
  const void* bytes = sqlite3_column_blob(statement, column);
  const int type = sqlite3_column_type(statement, column);
  if (type == SQLITE_NULL) return std::nullopt;
  if (type == SQLITE_BLOB) {
    return std::string(static_cast<const char*>(bytes),
                       static_cast<size_t>(sqlite3_column_bytes(statement, column)));
  }
  return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)));
}

}  // namespace

Database::Database(const std::string& path) : patience_(kPatienceAtStart) {
  // SQLite gives its journals the rights of the file; those that are left here may have others.
  const PrivateUmask private_umask;
  if (path != ":memory:") {
    MakePrivateFile(path);
    for (const char* suffix : {"-journal", "-wal", "-shm"}) {
      if (std::filesystem::exists(path + suffix)) MakePrivateFile(path + suffix);
    }
  }
  if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) {
    const std::string reason = sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    throw DatabaseError("cannot open the database " + path + ": " + reason);
  }
  try {
    Run("PRAGMA journal_mode=WAL");
    Run("PRAGMA synchronous=NORMAL");
    for (const char* table : kTables) Run(table);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
  patience_ = kPatience;
}

void Database::ChoosePatience() {
  const bool lately = std::chrono::steady_clock::now() - waited_in_vain_ < kNoNewWait;
  sqlite3_busy_timeout(handle_, lately ? 0 : patience_);
}

Database::~Database() { sqlite3_close(handle_); }

Rows Database::Run(const std::string& sql, const std::vector<std::string>& values, long limit) {
  ChoosePatience();
  const auto fail = [&] {
    const std::string text = std::string(sqlite3_errmsg(handle_)) + " in: " + sql;
    const int code = sqlite3_errcode(handle_) & 0xff;  // without what details it
    if (code != SQLITE_BUSY && code != SQLITE_LOCKED) throw DatabaseError(text);
    waited_in_vain_ = std::chrono::steady_clock::now();
    throw DatabaseBusy(text);
  };
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &raw, &rest) != SQLITE_OK) fail();
  Statement statement(raw, &sqlite3_finalize);
  if (!raw) throw DatabaseError("there is no statement in: " + sql);
  if (std::strspn(rest, " \t\r\n;") != std::strlen(rest)) {
    throw DatabaseError("there is more than one statement in: " + sql);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    sqlite3_bind_text(raw, static_cast<int>(i) + 1, values[i].data(),
                      static_cast<int>(values[i].size()), SQLITE_TRANSIENT);
  }
  Rows result;
  result.columns = sqlite3_column_count(raw);
  for (;;) {
    const int step = sqlite3_step(raw);
    if (step == SQLITE_DONE) return result;
    if (step != SQLITE_ROW) fail();
    if (limit >= 0 && static_cast<long>(result.rows.size()) >= limit) return result;
    std::vector<Cell> row;
    for (int column = 0; column < result.columns; ++column) row.push_back(ReadCell(raw, column));
    result.rows.push_back(std::move(row));
  }
}

int Database::Changes() const { return sqlite3_changes(handle_); }

}  // namespace hub
