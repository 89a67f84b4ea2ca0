// Databases of a test hub, which run queries as a hub does: as C strings, on one connection.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct Table {
  bool succeeded = false;
  size_t columns = 0;
  // Row by row.
  std::vector<std::optional<std::string>> cells;
};

class Database {
 public:
  virtual ~Database() = default;
  // At most `limit` rows of what the query gives.
  virtual Table Run(const std::string& query, long limit) = 0;
  // Why the last query failed.
  virtual std::string Error() const = 0;
};

// Knows nothing but `SELECT 1` with a comment in it, as any database does.
class OtherDatabase : public Database {
 public:
  Table Run(const std::string& query, long limit) override;
  std::string Error() const override { return "syntax error"; }
};

std::unique_ptr<Database> OpenSqlite();

// Throws std::runtime_error, also when this program was built without the client library.
std::unique_ptr<Database> OpenMariaDb(const std::string& socket);
